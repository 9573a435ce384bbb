"""What a model is to those who run it, and the two interfaces: a loaded version, and whoever holds many."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.addresses import Policy
from bowerbird.errors import ApiError, BadFormat
from bowerbird.settings import Settings

Results = list[Data | ApiError]
EVERYWHERE = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Everything a runtime needs to serve one model version."""

    user_id: str
    app_id: str
    model_id: str
    version_id: str
    model_type_id: str
    runtime: str  # "onnx", "open-inference", ...; "" for operators
    artifact: str  # blob key of the uploaded zip, "" if none
    config: Mapping[str, object]  # plain JSON-like values: the parameters of the version
    concepts: tuple[tuple[str, str], ...]  # (id, name) in the order of the model's outputs
    trusted: bool = False  # made by an admin: may name private hosts

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells versions apart."""
        return self.user_id, self.app_id, self.model_id, self.version_id


class Runtime(Protocol):
    """One loaded model version. Its methods are called in threads, never in an event loop."""

    @property
    def max_batch(self) -> int:
        """Most inputs that one call takes."""
        ...

    @property
    def parallel(self) -> int:
        """Calls that may run at once."""
        ...

    def predict(self, inputs: Sequence[Data]) -> Results:
        """One result for each input, in order: its prediction, or what was wrong with it."""
        ...

    def close(self) -> None:
        """Let go of what the version holds. Nothing is predicted afterwards."""
        ...


class Runtimes(Protocol):
    """Runs models, here or in a process of their own."""

    async def predict(self, spec: ModelSpec, inputs: Sequence[Data]) -> Results:
        """One result for each input, in order. Raises nothing: failures are results."""
        ...

    async def close(self) -> None:
        """Let go of every model. Nothing is predicted afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class Environment:
    """What a runtime may use of the process that it is loaded into."""

    settings: Settings
    read_artifact: Callable[[str], bytes]  # the blob of a key; raises NotFound
    policy: Policy  # which other servers it may call, and how

    def policy_for(self, spec: ModelSpec) -> Policy:
        """The policy for one version: an admin's may call private hosts."""
        return replace(self.policy, allow=EVERYWHERE) if spec.trusted else self.policy


def spec_to_bytes(spec: ModelSpec) -> bytes:
    fields = {name: getattr(spec, name) for name in ModelSpec.__slots__}
    return json.dumps({**fields, "config": dict(spec.config)}, separators=(",", ":")).encode()


def spec_from_bytes(data: bytes) -> ModelSpec:
    """The inverse of `spec_to_bytes`; raises BadFormat."""
    try:
        fields = json.loads(data)
        concepts = tuple((str(id_), str(name)) for id_, name in fields.pop("concepts"))
        return ModelSpec(**fields, concepts=concepts)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadFormat("a model's specification could not be read") from error
