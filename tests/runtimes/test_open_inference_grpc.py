"""Models on other servers over gRPC: what HTTP tests of the protocol say, typed or raw, and what can fail."""

import asyncio
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import grpc
import numpy as np
import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data
from model_zoo import (
    LABELS,
    encoded,
    environment,
    image_data,
    number_data,
    photo,
    spec,
    text_data,
    values_by_id,
)

from bowerbird.addresses import Policy
from bowerbird.errors import ApiError, DeadlineExceeded, ModelInvalid, PredictionFailed, Unreachable
from bowerbird.proto.open_inference_pb2 import (
    ModelInferRequest,
    ModelInferResponse,
    ModelMetadataRequest,
    ModelMetadataResponse,
    ServerReadyRequest,
    ServerReadyResponse,
)
from bowerbird.runtimes import registry
from bowerbird.runtimes.spec import Runtime

Code = grpc.StatusCode
Context = Any  # grpc.aio's servicer context has no public type with a constructor
Infer = Callable[[ModelInferRequest, Context], Awaitable[ModelInferResponse]]
METADATA = ModelMetadataResponse(
    name="m",
    inputs=[ModelMetadataResponse.TensorMetadata(name="x", datatype="FP32", shape=[-1, 2])],
    outputs=[ModelMetadataResponse.TensorMetadata(name="y", datatype="FP32", shape=[-1, 3])],
)


def output(shape: list[int], **contents: Any) -> ModelInferResponse:
    answer = ModelInferResponse()
    tensor = answer.outputs.add(name="y", datatype=contents.pop("datatype", "FP32"), shape=shape)
    for name, values in contents.items():
        getattr(tensor.contents, name).extend(values)
    return answer


async def doubles(request: ModelInferRequest, _: Context) -> ModelInferResponse:
    """Scores that are the sum of the input, twice it, and zero."""
    [tensor] = request.inputs
    raw = b"".join(request.raw_input_contents)
    flat = np.frombuffer(raw, "<f4") if raw else np.array(tensor.contents.fp32_contents)
    rows = flat.reshape(tensor.shape[0], -1).sum(axis=1)
    scores = np.stack([rows, 2 * rows, 0 * rows], axis=1)
    return output(list(scores.shape), fp32_contents=scores.reshape(-1).tolist())


async def raw_doubles(request: ModelInferRequest, context: Context) -> ModelInferResponse:
    answer = await doubles(request, context)
    numbers = np.array(answer.outputs[0].contents.fp32_contents, "<f4")
    answer.outputs[0].ClearField("contents")
    answer.raw_output_contents.append(numbers.tobytes())
    return answer


@dataclass
class ModelServer:
    """A small server of the protocol, in a thread with an event loop of its own."""

    address: str = ""
    infer: Infer = doubles
    metadata: ModelMetadataResponse | Code = field(default_factory=lambda: METADATA)
    is_ready: bool = True
    asked: list[ModelInferRequest] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def handlers(self) -> grpc.GenericRpcHandler:
        async def ready(_: ServerReadyRequest, __: Context) -> ServerReadyResponse:
            return ServerReadyResponse(ready=self.is_ready)

        async def describe(_: ModelMetadataRequest, context: Context) -> ModelMetadataResponse:
            if isinstance(self.metadata, Code):
                await context.abort(self.metadata, "no such model")
            assert isinstance(self.metadata, ModelMetadataResponse)
            return self.metadata

        async def infer(request: ModelInferRequest, context: Context) -> ModelInferResponse:
            self.asked.append(request)
            self.headers.append(dict(context.invocation_metadata()))
            return await self.infer(request, context)

        kinds: list[tuple[str, Any, Any]] = [
            ("ServerReady", ready, ServerReadyRequest),
            ("ModelMetadata", describe, ModelMetadataRequest),
            ("ModelInfer", infer, ModelInferRequest),
        ]
        return grpc.method_handlers_generic_handler(
            "inference.GRPCInferenceService",
            {
                name: grpc.unary_unary_rpc_method_handler(
                    work, kind.FromString, lambda answer: answer.SerializeToString()
                )
                for name, work, kind in kinds
            },
        )


@pytest.fixture
def server() -> Iterator[ModelServer]:
    made = ModelServer()
    loop = asyncio.new_event_loop()
    stop, listening = asyncio.Event(), threading.Event()

    async def serve() -> None:
        served = grpc.aio.server()
        served.add_generic_rpc_handlers((made.handlers(),))
        made.address = f"127.0.0.1:{served.add_insecure_port('127.0.0.1:0')}"
        await served.start()
        listening.set()
        await stop.wait()
        await served.stop(None)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert listening.wait(20)
    yield made
    loop.call_soon_threadsafe(stop.set)
    thread.join(20)
    loop.close()


Load = Callable[..., Runtime]
PAIR = number_data(np.float32([0.25, 0.5]))


def config(server: ModelServer, **fields: Any) -> dict[str, Any]:
    return {
        "url": f"grpc://{server.address}",
        "model_name": "m",
        "input": {"name": "x", "kind": "tensor", "shape": [2]},
        "output": {"name": "y", "activation": "softmax"},
        "labels": LABELS,
        "retries": 0,
    } | fields


@pytest.fixture
def load(server: ModelServer) -> Iterator[Load]:
    loaded: list[Runtime] = []

    def load_one(runtime: str = "triton", **fields: Any) -> Runtime:
        made = registry.load(spec(runtime=runtime, config=config(server, **fields)), environment())
        loaded.append(made)
        return made

    yield load_one
    for runtime in loaded:
        runtime.close()


@pytest.mark.parametrize("infer", [doubles, raw_doubles])
def test_numbers_are_sent_in_a_batch_and_scores_become_concepts(
    server: ModelServer, load: Load, infer: Infer
) -> None:
    server.infer = infer
    runtime = load()
    for _ in range(2):
        first, second = runtime.predict([PAIR, number_data(np.float32([0, 0]))])
        powers = np.exp([0.75, 1.5, 0])
        assert values_by_id(first) == pytest.approx(dict(zip(LABELS, powers / powers.sum(), strict=True)))
        assert values_by_id(second) == pytest.approx(dict.fromkeys(LABELS, 1 / 3))
    is_raw = [bool(request.raw_input_contents) for request in server.asked]
    assert is_raw == [False, infer is raw_doubles]
    assert list(server.asked[0].inputs[0].contents.fp32_contents) == [0.25, 0.5, 0, 0]


def test_the_name_the_version_and_the_headers_are_sent(server: ModelServer, load: Load) -> None:
    load("open-inference", model_version="7", headers={"X-Pass": "sesame"}).predict([PAIR])
    assert (server.asked[0].model_name, server.asked[0].model_version) == ("m", "7")
    assert server.headers[0]["x-pass"] == "sesame"


def test_the_fields_have_the_numbers_of_the_protocol() -> None:
    request = ModelInferRequest(model_name="m", raw_input_contents=[b"r"])
    request.inputs.add(name="x").contents.bytes_contents.append(b"b")
    assert request.SerializeToString() == b"\x0a\x01m" + b"\x2a\x08\x0a\x01x\x2a\x03\x42\x01b" + b"\x3a\x01r"


@pytest.mark.parametrize("is_raw", [False, True])
def test_texts_go_and_texts_come_back(server: ModelServer, load: Load, is_raw: bool) -> None:
    server.metadata = ModelMetadataResponse()

    async def shout(request: ModelInferRequest, _: Context) -> ModelInferResponse:
        words = [word.upper() for word in request.inputs[0].contents.bytes_contents]
        if not is_raw:
            return output([len(words), 1], datatype="BYTES", bytes_contents=words)
        answer = output([len(words), 1], datatype="BYTES")
        answer.raw_output_contents.append(b"".join(struct.pack("<I", len(w)) + w for w in words))
        return answer

    server.infer = shout
    runtime = load(input={"name": "x", "kind": "text"}, output={"name": "y", "kind": "text"})
    assert runtime.predict([text_data("hush"), text_data("hey")]) == [text_data("HUSH"), text_data("HEY")]


def test_images_may_be_sent_as_their_bytes(server: ModelServer, load: Load) -> None:
    server.metadata = ModelMetadataResponse()

    async def fixed(_: ModelInferRequest, __: Context) -> ModelInferResponse:
        return output([1, 3], fp32_contents=[1, 2, 3])

    server.infer = fixed
    content = encoded(photo())
    [answer] = load(input={"name": "x", "kind": "image-bytes"}).predict([image_data(content)])
    assert isinstance(answer, Data)
    assert list(server.asked[0].inputs[0].contents.bytes_contents) == [content]


def test_half_floats_travel_raw(server: ModelServer, load: Load) -> None:
    server.metadata = ModelMetadataResponse()

    async def same(request: ModelInferRequest, _: Context) -> ModelInferResponse:
        answer = output([1, 2], datatype="FP16")
        answer.raw_output_contents.extend(request.raw_input_contents)
        return answer

    server.infer = same
    given = {"name": "x", "kind": "tensor", "shape": [2], "dtype": "float16"}
    [answer] = load(input=given, output={"name": "y", "kind": "embedding"}).predict([PAIR])
    assert isinstance(answer, Data)
    assert list(answer.embeddings[0].vector) == [0.25, 0.5]


def raw(shape: list[int], content: bytes, datatype: str = "FP32") -> ModelInferResponse:
    answer = output(shape, datatype=datatype)
    answer.raw_output_contents.append(content)
    return answer


@pytest.mark.parametrize(
    "answer",
    [
        ModelInferResponse(),
        output([1, 3], fp32_contents=[1]),
        output([2, 3], fp32_contents=[1] * 6),
        output([], fp32_contents=[1]),
        output([1, -5], fp32_contents=[1]),
        output([1, 3], datatype="FP1"),
        output([1, 3], fp32_contents=[1, 2, float("nan")]),
        raw([1, 3], b"odd"),
        raw([1, 3], b"\xff\xff\xff\xff", "BYTES"),
        raw([1, 1], b"\x01", "BYTES"),
    ],
)
def test_an_answer_that_is_not_right_is_an_error_of_the_input(
    server: ModelServer, load: Load, answer: ModelInferResponse
) -> None:
    async def wrong(_: ModelInferRequest, __: Context) -> ModelInferResponse:
        return answer

    server.infer = wrong
    assert [type(one) for one in load().predict([PAIR])] == [PredictionFailed]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (Code.UNAVAILABLE, Unreachable),
        (Code.INTERNAL, Unreachable),
        (Code.UNAUTHENTICATED, Unreachable),
        (Code.INVALID_ARGUMENT, PredictionFailed),
        (Code.NOT_FOUND, PredictionFailed),
        (Code.DEADLINE_EXCEEDED, DeadlineExceeded),
    ],
)
def test_a_failure_says_whose_it_is(
    server: ModelServer, load: Load, code: Code, error: type[ApiError]
) -> None:
    async def fail(_: ModelInferRequest, context: Context) -> ModelInferResponse:
        await context.abort(code, "sesame is wrong")
        return ModelInferResponse()

    server.infer = fail
    [answer] = load(headers={"x-pass": "sesame"}).predict([PAIR])
    assert type(answer) is error
    assert "sesame" not in answer.details


def test_a_server_that_hangs_is_not_waited_for(server: ModelServer, load: Load) -> None:
    async def hang(_: ModelInferRequest, __: Context) -> ModelInferResponse:
        await asyncio.Event().wait()
        return ModelInferResponse()

    server.infer = hang
    runtime = load(timeout_ms=300)
    assert [type(one) for one in runtime.predict([PAIR])] == [DeadlineExceeded]


def test_a_server_that_fails_now_and_then_is_asked_again_and_one_that_always_does_is_left_alone(
    server: ModelServer, load: Load
) -> None:
    async def flaky(request: ModelInferRequest, context: Context) -> ModelInferResponse:
        if len(server.asked) == 1:
            await context.abort(Code.UNAVAILABLE, "")
        return await doubles(request, context)

    server.infer = flaky
    assert isinstance(load(retries=1).predict([PAIR])[0], Data)

    async def broken(_: ModelInferRequest, context: Context) -> ModelInferResponse:
        await context.abort(Code.UNAVAILABLE, "")
        return ModelInferResponse()

    server.infer, server.asked = broken, []
    runtime = load(failures_to_open=2)
    for _ in range(4):
        assert [type(one) for one in runtime.predict([PAIR])] == [Unreachable]
    assert len(server.asked) == 2


def test_a_refused_batch_is_sent_again_one_by_one(server: ModelServer, load: Load) -> None:
    async def choosy(request: ModelInferRequest, context: Context) -> ModelInferResponse:
        if 13 in request.inputs[0].contents.fp32_contents:
            await context.abort(Code.INVALID_ARGUMENT, "unlucky")
        return await doubles(request, context)

    server.infer = choosy
    good, bad = load().predict([PAIR, number_data(np.float32([13, 0]))])
    assert isinstance(good, Data)
    assert isinstance(bad, PredictionFailed)
    assert "unlucky" in bad.details


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"input": {"name": "z", "kind": "tensor", "shape": [2]}}, "input.name"),
        ({"output": {"name": "z"}}, "output.name"),
        ({"url": "grpc://127.0.0.1"}, "url: expected a port"),
        ({"url": "grpc://169.254.169.254:80"}, "url"),
        ({"url": "grpc://u:p@127.0.0.1:1"}, "url"),
    ],
)
def test_a_config_that_does_not_fit_is_refused_by_field(
    load: Load, fields: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ModelInvalid) as caught:
        load(**fields)
    assert caught.value.details.startswith(complaint)


def test_a_server_that_does_not_know_the_model_is_told_apart(server: ModelServer, load: Load) -> None:
    server.metadata = Code.NOT_FOUND
    with pytest.raises(ModelInvalid) as caught:
        load()
    assert caught.value.details.startswith("model_name")


def test_a_server_that_is_not_ready_or_gone_is_unreachable(server: ModelServer, load: Load) -> None:
    server.is_ready = False
    for url in (f"grpc://{server.address}", "grpc://127.0.0.1:1", f"grpcs://{server.address}"):
        with pytest.raises(Unreachable):
            load(url=url)


def test_a_name_is_called_at_the_addresses_that_were_checked(server: ModelServer) -> None:
    lookups: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        lookups.append(host)
        return ["127.0.0.1"] if len(lookups) == 1 else ["203.0.113.1"]

    policy = Policy(allow=("127.0.0.1",), resolve=resolve, proxies={"http": "http://127.0.0.1:1"})
    named = config(server, url=f"grpc://models.example:{server.address.rpartition(':')[2]}")
    runtime = registry.load(spec(runtime="triton", config=named), replace(environment(), policy=policy))
    assert isinstance(runtime.predict([PAIR])[0], Data)
    assert lookups == ["models.example"]
    runtime.close()


def test_a_name_that_leads_elsewhere_after_a_failure_is_checked_again(server: ModelServer) -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    policy = Policy(allow=("127.0.0.1",), resolve=lambda *_: next(answers))
    named = config(server, url=f"grpc://models.example:{server.address.rpartition(':')[2]}")
    runtime = registry.load(spec(runtime="triton", config=named), replace(environment(), policy=policy))

    async def broken(_: ModelInferRequest, context: Context) -> ModelInferResponse:
        await context.abort(Code.UNAVAILABLE, "")
        return ModelInferResponse()

    server.infer = broken
    assert [type(one) for one in runtime.predict([PAIR]) + runtime.predict([PAIR])] == [
        Unreachable,
        ModelInvalid,
    ]
    runtime.close()
