"""CloudEvents as KServe's and Seldon's loggers send them over HTTP."""

import base64
import gzip
import json
from typing import Any

import httpx2
import pytest
from echo import EchoDispatcher, app_over
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio
ADDRESS = "/v1/users/u/apps/a/models/m/payload_events"
BODY = b'{"instances": ["a"]}'
CORE = {
    "specversion": "1.0",
    "id": "r1",
    "source": "http://kserve/",
    "type": "org.kubeflow.serving.inference.request",
    "time": "2026-05-01T12:00:00Z",
    "inferenceservicename": "animals",
}
IN_HEADERS = {f"Ce-{name.capitalize()}": value for name, value in CORE.items()}


@pytest.fixture
def echo() -> EchoDispatcher:
    return EchoDispatcher()


@pytest.fixture
def client(echo: EchoDispatcher) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app_over(echo, max_bytes=100_000), raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://bowerbird")


async def post(client: httpx2.AsyncClient, body: Any, kind: str, **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.post(ADDRESS, content=content, headers={"content-type": kind, **headers})


def check(echo: EchoDispatcher, count: int = 1) -> None:
    assert (echo.request.user_app_id.user_id, echo.request.model_id) == ("u", "m")
    assert len(echo.request.events) == count
    for event in echo.request.events:
        assert (event.id, event.source, event.type) == (CORE["id"], CORE["source"], CORE["type"])
        assert event.time.ToJsonString() == CORE["time"]
        assert dict(event.attributes)["inferenceservicename"] == "animals"
        assert json.loads(event.data) == json.loads(BODY)


async def test_an_event_in_headers_and_body(client: httpx2.AsyncClient, echo: EchoDispatcher) -> None:
    await post(client, BODY, "application/json", **IN_HEADERS)
    check(echo)
    await post(client, gzip.compress(BODY), "application/json", **IN_HEADERS, **{"content-encoding": "gzip"})
    check(echo)


@pytest.mark.parametrize(
    "data",
    [
        {"data": json.loads(BODY)},
        {"data": BODY.decode()},
        {"data_base64": base64.b64encode(BODY).decode()},
    ],
)
async def test_an_event_in_json(
    client: httpx2.AsyncClient, echo: EchoDispatcher, data: dict[str, Any]
) -> None:
    await post(client, CORE | data, "application/cloudevents+json; charset=UTF-8")
    check(echo)
    await post(client, [CORE | data] * 3, "application/cloudevents-batch+json")
    check(echo, 3)


async def test_without_events_it_is_the_calls_own_json(
    client: httpx2.AsyncClient, echo: EchoDispatcher
) -> None:
    given = {"id": "r1", "type": "x.request", "data": base64.b64encode(BODY).decode()}
    await post(client, {"events": [given]}, "application/json")
    assert echo.request.events[0].data == BODY


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"{", "application/cloudevents+json", "expected JSON"),
        ([], "application/cloudevents+json", "event: expected an object"),
        ({}, "application/cloudevents-batch+json", "expected a list"),
        ([CORE, 5], "application/cloudevents-batch+json", "event[1]: expected an object"),
        ([CORE, {**CORE, "specversion": "9"}], "application/cloudevents-batch+json", "event[1].specversion"),
        ({**CORE, "id": 5}, "application/cloudevents+json", "event.id: expected a text"),
        ({**CORE, "time": "noon"}, "application/cloudevents+json", "event.time: expected"),
        ({**CORE, "time": 5}, "application/cloudevents+json", "event.time: expected"),
        ({**CORE, "data_base64": "%"}, "application/cloudevents+json", "event.data_base64: expected"),
        ({**CORE, "data_base64": 5}, "application/cloudevents+json", "event.data_base64: expected"),
        ({**CORE, "more": "\ud800"}, "application/cloudevents+json", "UTF-8"),
    ],
)
async def test_an_event_that_is_malformed_is_refused(
    client: httpx2.AsyncClient, echo: EchoDispatcher, body: Any, kind: str, said: str
) -> None:
    answer = await post(client, body, kind)
    status = answer.json()["status"]
    assert (answer.status_code, status["code"]) == (400, 11100)
    assert said in status["details"]
    assert not echo.asked


@pytest.mark.parametrize("missing", ["id", "source", "type"])
async def test_a_header_that_is_missing_is_named(client: httpx2.AsyncClient, missing: str) -> None:
    headers = {name: value for name, value in IN_HEADERS.items() if name.lower() != f"ce-{missing}"}
    answer = await post(client, BODY, "application/json", **headers)
    assert answer.json()["status"]["details"] == f"ce-{missing}: expected a text"


async def test_a_body_that_unpacks_into_too_much_is_refused(client: httpx2.AsyncClient) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    answer = await post(client, bomb, "application/json", **IN_HEADERS, **{"content-encoding": "gzip"})
    assert answer.status_code == 413


async def test_a_logger_that_takes_only_a_url_shows_the_key_in_it(echo: EchoDispatcher) -> None:
    transport = httpx2.ASGITransport(app_over(echo))
    for userinfo, key in (("logger:the-key", "the-key"), ("the-key", "the-key")):
        async with httpx2.AsyncClient(transport=transport, base_url=f"http://{userinfo}@bowerbird") as client:
            await post(client, BODY, "application/json", **IN_HEADERS)
        assert echo.credentials.key == key
        check(echo)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*CORE, "data"]), inner),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(JSON, st.sampled_from(["application/cloudevents+json", "application/cloudevents-batch+json"]))
async def test_whatever_comes_is_answered(body: object, kind: str) -> None:
    transport = httpx2.ASGITransport(app_over(EchoDispatcher()), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://bowerbird") as client:
        answer = await post(client, body, kind)
    assert answer.status_code in (200, 400)
