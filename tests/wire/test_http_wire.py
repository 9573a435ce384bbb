"""The HTTP wire in front of a dispatcher that keeps what it is asked."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from clarifai_grpc.grpc.api import service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2
from echo import EchoDispatcher, app_over
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bowerbird.errors import ApiError, Code, Invalid, KeyInvalid, NoCredential, NotFound
from bowerbird.wire.statuses import HttpStatuses

pytestmark = pytest.mark.anyio
APP = "/v2/users/u/apps/a"


@pytest.fixture
def echo() -> EchoDispatcher:
    return EchoDispatcher()


def client_of(app: Any) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://bowerbird")


@pytest.fixture
async def client(echo: EchoDispatcher) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app_over(echo, max_bytes=1000)) as made:
        yield made


def status_of(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    status: dict[str, Any] = answer.json()["status"]
    assert answer.headers["x-request-id"] == status["req_id"]
    assert "Traceback" not in answer.text
    return status


# requests


async def test_address_query_and_body_make_the_request_and_the_address_wins(
    client: httpx2.AsyncClient, echo: EchoDispatcher
) -> None:
    body = {"user_app_id": {"user_id": "other", "app_id": "other"}, "inputs": [{"id": "1"}]}
    answer = await client.post(f"{APP}/models/m/outputs/", json=body)
    assert (answer.status_code, status_of(answer)["code"]) == (200, 10000)
    expected = service_pb2.PostModelOutputsRequest(
        user_app_id={"user_id": "u", "app_id": "a"}, model_id="m", inputs=[{"id": "1"}]
    )
    assert echo.request == expected


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "nonsense"])
async def test_the_content_type_does_not_matter(
    client: httpx2.AsyncClient, echo: EchoDispatcher, kind: str
) -> None:
    await client.post("/v2/inputs", content=b'{"inputs":[{}]}', headers={"content-type": kind})
    assert len(echo.request.inputs) == 1


@pytest.mark.parametrize("verb", ["GET", "DELETE"])
async def test_every_verb_may_have_a_body(
    client: httpx2.AsyncClient, echo: EchoDispatcher, verb: str
) -> None:
    body = '{"user_app_id":{"user_id":"u"}}'
    await client.request(verb, "/v2/inputs/i", content=body)
    assert (echo.request.user_app_id.user_id, echo.request.input_id) == ("u", "i")


async def test_queries_reach_into_messages_and_lists(
    client: httpx2.AsyncClient, echo: EchoDispatcher
) -> None:
    query = "page=2&per_page=&perPage=7&sortAscending=True&user_app_id.user_id=u&ids=a&ids=b&_=1&x.y=1"
    await client.get(f"/v2/annotations?{query}&statuses=%7B%22code%22%3A24151%7D&sort_by_x=1")
    expected = service_pb2.ListAnnotationsRequest(
        page=2, per_page=7, user_app_id={"user_id": "u"}, ids=["a", "b"], statuses=[{"code": 24151}]
    )
    assert echo.request == expected


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("page=x", "page: expected a whole number"),
        ("return_model_output=perhaps", "return_model_output: expected true or false"),
        ("statuses=nonsense", "statuses: expected JSON"),
        ("page=%ff", "query: expected"),
        ("user_app_id=1&user_app_id.user_id=u", "user_app_id.user_id: expected either"),
        ("&".join("a=1" for _ in range(1001)), "query: expected at most"),
    ],
)
async def test_a_query_that_is_wrong_is_refused(client: httpx2.AsyncClient, query: str, said: str) -> None:
    answer = await client.get(f"/v2/annotations?{query}")
    status = status_of(answer)
    assert (answer.status_code, status["code"]) == (400, 11100)
    assert status["details"].startswith(said)


@pytest.mark.parametrize(
    ("headers", "key", "session", "request_id"),
    [
        ({}, None, None, ""),
        ({"Authorization": "Key k"}, "k", None, ""),
        ({"Authorization": "bearer  k "}, "k", None, ""),
        ({"Authorization": "Basic k"}, None, None, ""),
        ({"Authorization": "Key"}, None, None, ""),
        ({"X-Clarifai-Session-Token": "s", "X-Request-Id": "r"}, None, "s", "r"),
        ({"X-Request-Id": "r", "Idempotency-Key": "i"}, None, None, "i"),
    ],
)
async def test_headers_say_who_calls(
    client: httpx2.AsyncClient,
    echo: EchoDispatcher,
    headers: dict[str, str],
    key: str | None,
    session: str | None,
    request_id: str,
) -> None:
    answer = await client.get("/v2/inputs", headers=headers)
    found = echo.credentials
    assert (found.key, found.session, found.request_id, found.actor) == (key, session, request_id, None)
    assert answer.headers["x-request-id"] == (request_id or "made-here")


@pytest.mark.parametrize("request_id", ["x" * 129, "a b", "é".encode()])
async def test_a_strange_request_id_is_refused(client: httpx2.AsyncClient, request_id: str) -> None:
    answer = await client.get("/v2/inputs", headers={"X-Request-Id": request_id})
    assert (answer.status_code, status_of(answer)["code"]) == (400, 11100)


# errors


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 900, b'{"inputs": 5}', b"5"])
async def test_a_malformed_body_is_answered_with_a_status(client: httpx2.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v2/inputs", content=body, headers={"x-request-id": "mine"})
    status = status_of(answer)
    assert (answer.status_code, status["code"], status["req_id"]) == (400, 11100, "mine")
    assert answer.json()["inputs"] == []


async def test_a_wrong_verb_says_which_are_right(client: httpx2.AsyncClient) -> None:
    answer = await client.put("/v2/inputs")
    assert (answer.status_code, status_of(answer)["code"]) == (405, 11103)
    assert answer.headers["allow"] == "DELETE, GET, PATCH, POST"


@pytest.mark.parametrize("path", ["/v2/nothing", "/v2/", "/v2", "/nothing", "/"])
async def test_an_unknown_address_is_answered_with_a_status(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["status"]["code"] == status_code_pb2.RPC_UNKNOWN_METHOD


async def test_a_body_that_is_too_large_is_refused(client: httpx2.AsyncClient, echo: EchoDispatcher) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b" " * 200
        pytest.fail("the rest was read")

    for body in (b" " * 1001, endless()):
        answer = await client.post("/v2/inputs", content=body)
        status = status_of(answer)
        assert (answer.status_code, status["code"]) == (413, Code.RPC_MAX_MESSAGE_SIZE_EXCEEDED)
        assert answer.headers["connection"] == "close"
    assert not echo.asked
    assert (await client.post("/v2/inputs", content=b" " * 1000)).status_code == 200


async def test_a_client_that_hangs_up_is_not_answered(echo: EchoDispatcher) -> None:
    sent: list[Any] = []
    scope = {"type": "http", "method": "POST", "path": "/v2/inputs", "headers": [], "query_string": b""}

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app_over(echo)(scope, receive, send)
    assert (sent, echo.asked) == ([], [])


@pytest.mark.parametrize(
    ("code", "http"),
    [(10000, 200), (10010, 200), (10020, 400), (11100, 400), (11009, 401), (21200, 404), (98004, 500)],
)
async def test_the_http_status_follows_the_code(
    client: httpx2.AsyncClient, echo: EchoDispatcher, code: int, http: int
) -> None:
    echo.answering("ListInputs", service_pb2.MultiInputResponse(status={"code": code}))
    assert (await client.get("/v2/inputs")).status_code == http


@pytest.mark.parametrize("error", [Invalid("x"), NoCredential(), KeyInvalid("y"), NotFound("z"), ApiError()])
def test_the_http_status_of_an_error_is_the_one_it_names(error: ApiError) -> None:
    assert HttpStatuses().of(error.status()) == error.http


async def test_a_fault_in_a_page_shows_no_trace(echo: EchoDispatcher) -> None:
    async def broken(request: Request) -> PlainTextResponse:
        raise RuntimeError("secret")

    async with client_of(app_over(echo, extra_routes=[Route("/broken", broken)])) as client:
        answer = await client.get("/broken")
    assert (answer.status_code, answer.json()["status"]["code"]) == (500, ApiError.code)
    assert "secret" not in answer.text


NAMES = st.sampled_from(["inputs", "id", "data"])
BODIES = st.binary(max_size=80) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner),
    max_leaves=6,
).map(lambda plain: json.dumps(plain).encode())


@settings(max_examples=60, deadline=None)
@given(BODIES, st.sampled_from(["/v2/inputs", "/v2/models/m/outputs", "/v2/%00/%F0%9F%90%A6", "/v2/é"]))
async def test_whatever_is_sent_is_answered_with_a_status(body: bytes, path: str) -> None:
    async with client_of(app_over(EchoDispatcher())) as client:
        answer = await client.post(path, content=body)
    assert answer.status_code in (200, 400, 404)
    assert status_of(answer)["code"] in (10000, 11100, Code.RPC_UNKNOWN_METHOD)


# pages


async def test_health_readiness_and_metrics(echo: EchoDispatcher) -> None:
    states = {"database": "ok", "queue": "ok"}

    async def ready() -> dict[str, str]:
        return states

    async with client_of(app_over(echo, ready=ready)) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json() == {"status": "ok", "parts": states}
        states["queue"] = "full"
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["parts"]["queue"]) == (503, "full")
        answer = await client.get("/metrics")
        assert (answer.text, answer.headers["content-type"]) == ("up 1\n", "text/plain; version=0.0.4")
        assert (await client.post("/healthz")).json()["status"]["code"] == 11103


async def test_a_server_that_knows_no_parts_is_ready(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/readyz")).status_code == 200


async def test_the_docs_page_loads_nothing_but_the_document(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert all(word not in answer.text for word in ("http:", "https:", "src=", "<link"))
