"""What is kept of a prediction that a collector takes, and under which id."""

import hashlib
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import Data, Input

from bowerbird.collect.compiled import Compiled
from bowerbird.collect.roster import Known
from bowerbird.proto.capture_pb2 import Capture as Payload
from bowerbird.queue import Capture
from bowerbird.services import ModelKey, Prediction
from bowerbird.workflows.draws import digest
from bowerbird.workflows.view import Values, View


@dataclass(
    slots=True
)  # not frozen: one is made of everything that may be taken, and that costs twice as much
class Single:
    """One input of a predict call with what the model said of it."""

    model: ModelKey
    version_id: str
    caller_user_id: str
    request_id: str
    index: int  # the input's place in the call
    input: Input
    result: Data  # as the model gave it
    output: Data  # as the caller got it
    at: float | None = None  # when it was made; None: just now
    known_digest: int | None = None  # of the key, where it is known already

    @classmethod
    def of(cls, prediction: Prediction, index: int, result: Data, digest: int) -> "Single":
        return cls(
            prediction.model,
            prediction.version_id,
            prediction.caller_user_id,
            prediction.request_id,
            index,
            prediction.inputs[index],
            result,
            prediction.outputs[index].data,
            prediction.made_at,
            digest,
        )

    @property
    def key(self) -> str:
        return request_key(self.request_id, self.index)

    @property
    def digest(self) -> int:
        return digest(self.key) if self.known_digest is None else self.known_digest

    def view(self, values: Values | None = None) -> View:
        """The values are those of the result's concepts, where they were read already."""
        view = View(self.result, self.input.data, self.caller_user_id, self.key)
        if self.known_digest is not None:
            view.digest = self.known_digest
        if values is not None:
            view.values = values
        return view

    def id_for(self, collector: Known) -> str:
        return capture_id(collector.name, self.caller_user_id, self.key)


def request_key(request_id: str, index: int) -> str:
    """What an input of a request is known by to coins and to what operators remember."""
    return f"{request_id}:{index}"


def capture_id(collector: str, caller: str, key: str) -> str:
    """The id under which a collector keeps the input of that request key, however often it is sent."""
    return hashlib.blake2b(f"{collector}\n{caller}\n{key}".encode(), digest_size=16).hexdigest()


def captured(one: Compiled, single: Single, at: float, chance: float | None, *, reason: str = "") -> Capture:
    """The capture of a prediction; `chance` is the probability with which it was to be taken, if known."""
    payload = Payload()  # filled like this in half of the time that its constructor takes
    payload.input = single.input.SerializeToString()
    payload.model_user_id, payload.model_app_id, payload.model_id = single.model
    payload.model_version_id = single.version_id
    payload.caller_user_id = single.caller_user_id
    payload.request_id = single.request_id
    payload.input_index = single.index
    payload.revision = one.collector.revision
    payload.reason = reason
    if chance is not None:
        payload.inclusion_probability = chance
    if one.plan is not None:
        payload.coin = one.plan.own.u(single.digest)
    if single.at is not None:
        payload.predicted_at = single.at
    if one.keeps_outputs:
        payload.output = single.output.SerializeToString()
    return Capture(
        capture_id=single.id_for(one.collector),
        collector=one.key,
        taken_at=at,
        payload=payload.SerializeToString(),
    )
