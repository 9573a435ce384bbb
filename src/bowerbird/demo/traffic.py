"""Three callers who ask the model for predictions, over both wires, one by one and in batches."""

import base64
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from clarifai_grpc.grpc.api import resources_pb2 as r
from clarifai_grpc.grpc.api import service_pb2 as s
from google.protobuf.struct_pb2 import Struct

from bowerbird.demo.client import over_grpc, over_http
from bowerbird.demo.digits import Digit
from bowerbird.demo.production import APP, MODEL, OWNER

Batch = Sequence[Digit]
Progress = Callable[[int], None]  # told how many more were sent
PATH = f"/v2/users/{OWNER}/apps/{APP}/models/{MODEL}/outputs"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who uses the model, and how."""

    id: str
    wire: Literal["gRPC", "HTTP"]
    at_once: int  # pictures in a request


CALLERS = (Caller("web-shop", "gRPC", 1), Caller("mobile-app", "HTTP", 1), Caller("night-batch", "gRPC", 16))


@dataclass(frozen=True, slots=True)
class Addresses:
    """HOST:PORT of the wires."""

    http: str
    grpc: str


def send(
    digits: Sequence[Digit],
    tokens: Mapping[str, str],
    addresses: Addresses,
    progress: Progress,
) -> int:
    """Send every digit once, the callers side by side; how many of the predictions were right."""

    def work(n: int) -> int:
        caller = CALLERS[n]
        mine = digits[n :: len(CALLERS)]
        batches = [mine[i : i + caller.at_once] for i in range(0, len(mine), caller.at_once)]
        say = _over_grpc if caller.wire == "gRPC" else _over_http
        return say(caller, tokens[caller.id], addresses, batches, progress)

    with ThreadPoolExecutor(len(CALLERS)) as pool:
        return sum(pool.map(work, range(len(CALLERS))))


def _over_grpc(
    caller: Caller,
    token: str,
    addresses: Addresses,
    batches: Sequence[Batch],
    progress: Progress,
) -> int:
    right = 0
    with over_grpc(addresses.grpc, token) as client:
        for n, batch in enumerate(batches):
            request = s.PostModelOutputsRequest(
                user_app_id=r.UserAppIDSet(user_id=OWNER, app_id=APP),
                model_id=MODEL,
                inputs=[_input(digit) for digit in batch],
            )
            outputs = client.call("PostModelOutputs", request, _request_id(caller, n)).outputs
            right += _right(batch, [output.data.concepts[0].id for output in outputs])
            progress(len(batch))
    return right


def _over_http(
    caller: Caller,
    token: str,
    addresses: Addresses,
    batches: Sequence[Batch],
    progress: Progress,
) -> int:
    right = 0
    with over_http(addresses.http, token) as client:
        for n, batch in enumerate(batches):
            body = {"inputs": [{"data": _json(digit)} for digit in batch]}
            outputs = client.post(PATH, body, _request_id(caller, n))["outputs"]
            right += _right(batch, [output["data"]["concepts"][0]["id"] for output in outputs])
            progress(len(batch))
    return right


def _right(batch: Batch, said: Sequence[str]) -> int:
    return sum(digit.truth == label for digit, label in zip(batch, said, strict=True))


def _request_id(caller: Caller, n: int) -> str:
    """A name of its own for each request: coins are thrown over it, so every run takes the same sample."""
    return f"{caller.id}-{n:04d}"


def _input(digit: Digit) -> r.Input:
    metadata = Struct()
    metadata.update(_facts(digit))
    return r.Input(data=r.Data(image=r.Image(base64=digit.png), metadata=metadata))


def _json(digit: Digit) -> dict[str, object]:
    return {"image": {"base64": base64.b64encode(digit.png).decode()}, "metadata": _facts(digit)}


def _facts(digit: Digit) -> dict[str, str]:
    """What the caller knows of the picture, and the model does not."""
    return {"truth": digit.truth, "change": digit.change or "as written"}
