"""Clients that do not give up easily: a request without an answer is sent again under its id."""

import asyncio
import io
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
from clarifai_grpc.channel.clarifai_channel import grpc_json_config
from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data, Image, Input, Text, UserAppIDSet
from clarifai_grpc.grpc.api.service_pb2 import MultiOutputResponse, PostModelOutputsRequest
from clarifai_grpc.grpc.api.status.status_code_pb2 import SUCCESS
from PIL import Image as Pictures

from bowerbird.api.rpc import METHODS

ZOO = UserAppIDSet(user_id="alice", app_id="zoo")
WATCHED = "strong"  # the model: answers with the concepts of its input that are above 0.5
METHOD = METHODS["PostModelOutputs"]
PACE_S = 0.06  # between two requests of a client: load, not a wait for anything
BREATH_S = 0.05  # before a request is sent again
CALL_S = 15.0
PATIENCE_S = 30.0
OPTIONS = [
    ("grpc.service_config", grpc_json_config),  # the retries of the official client
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 100),
]

Name = tuple[str, int]  # request id and index of an input


@dataclass
class Ledger:
    """What was sent, and what was answered."""

    sent: dict[Name, bool] = field(default_factory=dict)  # and whether the input says that it is wanted
    acknowledged: set[Name] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)

    async def grows(self, by: int) -> None:
        """Wait until so many more are acknowledged."""
        enough = len(self.acknowledged) + by
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if len(self.acknowledged) >= enough:
                    return
                await asyncio.sleep(BREATH_S)


class Traffic:
    """One client's requests, as its dice have them."""

    def __init__(self, channel: grpc.aio.Channel, token: str, ledger: Ledger, seed: int) -> None:
        self._send = channel.unary_unary(
            METHOD.path,
            request_serializer=METHOD.request.SerializeToString,
            response_deserializer=METHOD.response.FromString,
        )
        self._token = token
        self._ledger = ledger
        self._rng = random.Random(seed)
        self._pictures = [_noise(self._rng, 16), _noise(self._rng, 170)]

    async def flow(self, until: asyncio.Event) -> None:
        """Send requests, and answer for each of them, until told to end."""
        while not until.is_set():
            await self._request(self._rng.randbytes(12).hex())
            await asyncio.sleep(PACE_S)

    async def _request(self, id: str) -> None:
        inputs = [self._input(id, index) for index in range(self._rng.randint(1, 3))]
        tries = self._rng.choice([1, 2, 1000, 1000, 1000, 1000])
        for _ in range(tries):
            if await self._is_answered(id, inputs):
                break
            await asyncio.sleep(BREATH_S)
        else:
            return
        if self._rng.random() < 0.1:  # a client that lost the answer
            await self._is_answered(id, inputs)

    async def _is_answered(self, id: str, inputs: Sequence[Input]) -> bool:
        request = PostModelOutputsRequest(user_app_id=ZOO, model_id=WATCHED, inputs=inputs)
        headers = (("authorization", f"Key {self._token}"), ("x-request-id", id))
        try:
            answer: MultiOutputResponse = await self._send(request, metadata=headers, timeout=CALL_S)
        except grpc.aio.AioRpcError as error:
            self._ledger.refused[error.code().name] += 1
            return False
        if answer.status.code != SUCCESS:
            self._ledger.refused[f"{answer.status.code} {answer.status.details}"] += 1
            return False
        succeeded = [n for n, output in enumerate(answer.outputs) if output.status.code == SUCCESS]
        assert len(succeeded) == len(inputs)
        self._ledger.acknowledged |= {(id, n) for n in succeeded}
        return True

    def _input(self, id: str, index: int) -> Input:
        is_wanted = self._rng.random() < 0.5
        self._ledger.sent[id, index] = is_wanted
        data = Data(concepts=[Concept(id="cat", value=0.9)])
        data.metadata.update({"sent": f"{id}:{index}", "wanted": is_wanted})
        match self._rng.randrange(10):
            case 0:
                data.image.CopyFrom(Image(base64=self._pictures[1]))
            case 1 | 2 | 3:
                data.image.CopyFrom(Image(base64=self._pictures[0]))
            case _:
                data.text.CopyFrom(Text(raw=f"heard in {id}"))
        return Input(data=data)


@asynccontextmanager
async def flowing(address: str, token: str, *, clients: int, seed: int) -> AsyncIterator[Ledger]:
    """Clients at work beside the block; at its end each finishes the request that it is at."""
    ledger, enough = Ledger(), asyncio.Event()
    async with grpc.aio.insecure_channel(address, options=OPTIONS) as channel:
        flows = [Traffic(channel, token, ledger, seed + n).flow(enough) for n in range(clients)]
        tasks = [asyncio.create_task(flow) for flow in flows]
        try:
            yield ledger
            enough.set()
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _noise(rng: random.Random, side: int) -> bytes:
    """A picture that does not compress, of about 3·side² bytes."""
    out = io.BytesIO()
    Pictures.frombytes("RGB", (side, side), rng.randbytes(3 * side * side)).save(out, "PNG")
    return out.getvalue()
