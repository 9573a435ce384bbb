"""Models on other servers: the protocol, and everything that such a server can do wrong."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

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
from bowerbird.errors import (
    DeadlineExceeded,
    InputUnsupported,
    ModelInvalid,
    PredictionFailed,
    Unreachable,
)
from bowerbird.runtimes import registry
from bowerbird.runtimes.breaker import Breaker
from bowerbird.runtimes.inference_rest import RestServer
from bowerbird.runtimes.open_inference import OpenInferenceModel
from bowerbird.runtimes.patience import Patience
from bowerbird.runtimes.spec import Runtime

Answer = tuple[int, Any]  # status, JSON value or raw bytes


def sums(body: dict[str, Any]) -> Answer:
    """A model whose scores are the sum of the input, twice it, and zero."""
    [tensor] = body["inputs"]
    rows = np.array(tensor["data"], dtype=np.float64).reshape(tensor["shape"][0], -1).sum(axis=1)
    scores = np.stack([rows, 2 * rows, 0 * rows], axis=1)
    output = {
        "name": "y",
        "datatype": "FP32",
        "shape": list(scores.shape),
        "data": scores.reshape(-1).tolist(),
    }
    return 200, {"model_name": "m", "outputs": [output]}


@dataclass
class ModelServer:
    """A small server that speaks the protocol, or whatever `infer` makes of it."""

    url: str = ""
    metadata: Answer = (
        200,
        {
            "name": "m",
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}],
            "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 3]}],
        },
    )
    infer: Callable[[dict[str, Any]], Answer] = sums
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    delay: threading.Event | None = None

    def answer(self, verb: str, path: str, body: bytes) -> Answer:
        self.paths.append(path)
        if verb == "GET":
            return self.metadata
        if self.delay is not None:
            self.delay.wait(20)
        self.bodies.append(json.loads(body))
        return self.infer(self.bodies[-1])


@pytest.fixture
def server() -> Iterator[ModelServer]:
    made = ModelServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            made.headers.append({name.lower(): text for name, text in self.headers.items()})
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, answer = made.answer(self.command, self.path, body)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815  # http.server finds it by this name

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.block_on_close = False
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        made.url = f"http://127.0.0.1:{http.server_port}"
        yield made
        if made.delay:
            made.delay.set()
        http.shutdown()


def config(server: ModelServer, **fields: Any) -> dict[str, Any]:
    return {
        "url": server.url,
        "model_name": "m",
        "input": {"name": "x", "kind": "tensor", "shape": [2]},
        "output": {"name": "y", "activation": "softmax"},
        "labels": LABELS,
        "retries": 0,
    } | fields


@pytest.fixture
def load(server: ModelServer) -> Iterator[Callable[..., Runtime]]:
    loaded: list[Runtime] = []

    def load_one(**fields: Any) -> Runtime:
        made = registry.load_bare(
            spec(runtime="open-inference", config=config(server, **fields)), environment()
        )
        loaded.append(made)
        return made

    yield load_one
    for runtime in loaded:
        runtime.close()


Load = Callable[..., Runtime]
PAIR = number_data(np.float32([0.25, 0.5]))


def test_numbers_are_sent_in_a_batch_and_scores_become_concepts(server: ModelServer, load: Load) -> None:
    first, second = load().predict([PAIR, number_data(np.float32([0, 0]))])
    powers = np.exp([0.75, 1.5, 0])
    assert values_by_id(first) == pytest.approx(dict(zip(LABELS, powers / powers.sum(), strict=True)))
    assert values_by_id(second) == pytest.approx(dict.fromkeys(LABELS, 1 / 3))
    assert server.bodies == [
        {
            "inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [0.25, 0.5, 0, 0]}],
            "outputs": [{"name": "y"}],
        }
    ]


def test_the_paths_are_those_of_the_protocol(server: ModelServer, load: Load) -> None:
    load(model_name="my model", model_version="7").predict([PAIR])
    assert server.paths == ["/v2/models/my%20model/versions/7", "/v2/models/my%20model/versions/7/infer"]


def test_a_server_may_live_below_a_path(server: ModelServer, load: Load) -> None:
    load(url=server.url + "/gateway/").predict([PAIR])
    assert server.paths[0] == "/gateway/v2/models/m"


def test_images_are_sent_as_the_tensor_that_the_config_describes(server: ModelServer, load: Load) -> None:
    server.metadata = 200, {}
    runtime = load(input={"name": "x", "kind": "image", "size": [6, 4], "layout": "NHWC"})
    good, bad = runtime.predict([image_data(encoded(photo())), image_data(b"garbage")])
    assert isinstance(good, Data)
    assert isinstance(bad, InputUnsupported)
    [tensor] = server.bodies[0]["inputs"]
    assert tensor["shape"] == [1, 4, 6, 3]
    assert tensor["data"] == pytest.approx((np.asarray(photo()).reshape(-1) / 255).tolist())


def test_images_may_be_sent_as_their_bytes(server: ModelServer, load: Load) -> None:
    server.metadata = 200, {}
    server.infer = lambda _: (
        200,
        {"outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]},
    )
    content = encoded(photo())
    load(input={"name": "x", "kind": "image-bytes"}).predict([image_data(content)])
    [tensor] = server.bodies[0]["inputs"]
    assert (tensor["datatype"], tensor["shape"]) == ("BYTES", [1, 1])
    assert base64.b64decode(tensor["data"][0]) == content


def test_texts_go_and_texts_come_back(server: ModelServer, load: Load) -> None:
    server.metadata = 200, {}

    def shout(body: dict[str, Any]) -> Answer:
        words = [word.upper() for word in body["inputs"][0]["data"]]
        return 200, {"outputs": [{"name": "y", "datatype": "BYTES", "shape": [len(words), 1], "data": words}]}

    server.infer = shout
    runtime = load(input={"name": "x", "kind": "text"}, output={"name": "y", "kind": "text"})
    assert runtime.predict([text_data("hush"), text_data("hey")]) == [text_data("HUSH"), text_data("HEY")]


def test_embeddings_come_back_nested_or_flat(server: ModelServer, load: Load) -> None:
    server.infer = lambda _: (
        200,
        {"outputs": [{"name": "y", "datatype": "FP32", "shape": [2, 2], "data": [[1, 2], [3, 4]]}]},
    )
    first, second = load(output={"name": "y", "kind": "embedding"}).predict([PAIR, PAIR])
    assert isinstance(first, Data)
    assert isinstance(second, Data)
    assert [list(data.embeddings[0].vector) for data in (first, second)] == [[1, 2], [3, 4]]


def test_a_server_that_takes_one_at_a_time_gets_one_at_a_time(server: ModelServer, load: Load) -> None:
    server.metadata = 200, {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2]}]}
    assert load().max_batch == 1


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"input": {"name": "z", "kind": "tensor", "shape": [2]}}, "input.name"),
        ({"output": {"name": "z"}}, "output.name"),
        ({"input": {"name": "x", "kind": "tensor", "shape": [2], "dtype": "int64"}}, "input.dtype"),
        ({"labels": []}, "labels"),
        ({"url": "ftp://x"}, "url"),
        ({"url": "http://user:hunter2@127.0.0.1"}, "url"),
        ({"url": "http://169.254.169.254"}, "url"),
        ({"headers": {"authorization": "a\r\nb"}}, "headers"),
        ({"headers": {"Host": "elsewhere"}}, "headers"),
        ({"timeout_ms": 0}, "timeout_ms"),
        ({"colour": 1}, "colour"),
        ({"input": {"name": "x", "kind": "image", "size": [4096, 4096]}}, "input"),
    ],
)
def test_a_config_that_does_not_fit_is_refused_by_field(
    load: Load, fields: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ModelInvalid) as caught:
        load(**fields)
    assert caught.value.details.startswith(complaint)
    assert "hunter2" not in str(caught.value.details)


@pytest.mark.parametrize("status", [400, 404])
def test_a_server_that_does_not_know_the_model_is_told_apart(
    server: ModelServer, load: Load, status: int
) -> None:
    server.metadata = status, {"error": "Request for unknown model: 'm' is not found"}
    with pytest.raises(ModelInvalid) as caught:
        load()
    assert caught.value.details.startswith("model_name")


def test_headers_are_sent_and_never_shown(server: ModelServer, load: Load) -> None:
    runtime = load(headers={"authorization": "Bearer hunter2"})
    assert server.headers[0]["authorization"] == "Bearer hunter2"
    assert "hunter2" not in repr(runtime)


def test_a_private_server_is_refused_unless_allowed(server: ModelServer) -> None:
    version = spec(runtime="open-inference", config=config(server))
    with pytest.raises(ModelInvalid) as caught:
        registry.load_bare(version, environment(allow=()))
    assert caught.value.details.startswith("url")
    assert server.paths == []


def test_a_name_is_called_at_the_address_that_was_checked(server: ModelServer) -> None:
    lookups: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        lookups.append(host)
        return ["127.0.0.2", "127.0.0.1"] if len(lookups) == 1 else ["203.0.113.1"]

    port = server.url.rpartition(":")[2]
    named = config(server, url=f"http://models.example:{port}")
    policy = Policy(allow=("127.0.0.0/8",), resolve=resolve)
    runtime = registry.load_bare(
        spec(runtime="open-inference", config=named), replace(environment(), policy=policy)
    )
    assert isinstance(runtime.predict([PAIR])[0], Data)
    assert lookups == ["models.example"]
    assert server.headers[0]["host"] == f"models.example:{port}"
    runtime.close()


def test_a_proxy_is_given_the_name(server: ModelServer) -> None:
    policy = Policy(allow=("models.example",), proxies={"http": server.url})
    elsewhere = config(server, url="http://models.example")
    runtime = registry.load_bare(
        spec(runtime="open-inference", config=elsewhere), replace(environment(), policy=policy)
    )
    assert isinstance(runtime.predict([PAIR])[0], Data)
    assert server.paths[0] == "http://models.example/v2/models/m"
    runtime.close()


def test_a_refused_batch_is_sent_again_one_by_one(server: ModelServer, load: Load) -> None:
    def choosy(body: dict[str, Any]) -> Answer:
        if 13 in body["inputs"][0]["data"]:
            return 400, {"error": "unlucky"}
        return sums(body)

    server.infer = choosy
    good, bad = load().predict([PAIR, number_data(np.float32([13, 0]))])
    assert isinstance(good, Data)
    assert isinstance(bad, PredictionFailed)
    assert "unlucky" in bad.details


def tensor(**fields: Any) -> dict[str, Any]:
    return {"outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]} | fields]}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((500, {"error": "oops"}), Unreachable),
        ((401, {}), Unreachable),
        ((404, {}), PredictionFailed),
        ((302, {}), Unreachable),
        ((200, b"<html>"), Unreachable),
        ((200, []), Unreachable),
        ((200, b"[" * 100_000), Unreachable),
        ((200, {}), PredictionFailed),
        ((200, tensor(name="z")), PredictionFailed),
        ((200, tensor(shape=[2, 3])), PredictionFailed),
        ((200, tensor(shape=[3])), PredictionFailed),
        ((200, tensor(shape=[])), PredictionFailed),
        ((200, tensor(shape="huge")), PredictionFailed),
        ((200, tensor(shape=[1, 2], data=[1, 2])), PredictionFailed),
        ((200, tensor(data=["a", "b", "c"])), PredictionFailed),
        ((200, tensor(data=[1, 2, 1e400])), PredictionFailed),
        ((200, tensor(datatype="FP1")), PredictionFailed),
        ((422, {"error": {"nested": 1}}), PredictionFailed),
    ],
)
def test_an_answer_that_is_not_right_is_an_error_of_the_input(
    server: ModelServer, load: Load, answer: Answer, error: type[Exception]
) -> None:
    server.infer = lambda _: answer
    assert [type(result) for result in load().predict([PAIR])] == [error]


def test_a_slow_server_is_not_waited_for(server: ModelServer, load: Load) -> None:
    server.delay = threading.Event()
    assert [type(result) for result in load(timeout_ms=100, retries=3).predict([PAIR])] == [DeadlineExceeded]


def test_a_server_that_is_gone_is_unreachable(server: ModelServer, load: Load) -> None:
    with pytest.raises(Unreachable):
        load(url="http://127.0.0.1:1")


def test_a_server_that_fails_now_and_then_is_asked_again(server: ModelServer, load: Load) -> None:
    answers = iter([(503, {}), (429, {})])
    server.infer = lambda body: next(answers, None) or sums(body)
    runtime = load(retries=2)
    assert isinstance(runtime, OpenInferenceModel)
    assert isinstance(runtime.server, RestServer)
    pauses: list[float] = []
    runtime.server.remote._patience = Patience(10, 2, sleep=pauses.append, jitter=lambda: 1.0)
    assert isinstance(runtime.predict([PAIR])[0], Data)
    assert pauses == [0.05, 0.1]


def test_a_server_that_keeps_failing_is_left_alone(server: ModelServer, load: Load) -> None:
    server.infer = lambda _: (500, {})
    runtime = load(failures_to_open=2)
    for _ in range(4):
        assert [type(result) for result in runtime.predict([PAIR])] == [Unreachable]
    assert len(server.bodies) == 2


def test_the_breaker_lets_one_probe_through_and_closes_when_it_succeeds() -> None:
    now = [0.0]
    breaker = Breaker(threshold=1, rest_s=10, clock=lambda: now[0])
    breaker.check()
    breaker.failed()
    with pytest.raises(Unreachable):
        breaker.check()
    now[0] = 10.0
    breaker.check()
    with pytest.raises(Unreachable):
        breaker.check()
    breaker.succeeded()
    breaker.check()
    breaker.check()


def test_the_breaker_opens_again_when_the_probe_fails() -> None:
    now = [0.0]
    breaker = Breaker(threshold=2, rest_s=10, clock=lambda: now[0])
    breaker.failed()
    breaker.check()
    breaker.failed()
    now[0] = 10.0
    breaker.check()
    breaker.failed()
    with pytest.raises(Unreachable):
        breaker.check()
