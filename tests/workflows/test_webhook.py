"""The operator webhook: what it sends, what it makes of the answer, and when it tries again."""

import asyncio
import hashlib
import hmac
import json

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data
from workflows.doors import KEY, NOW, Server, outside, rich
from workflows.shapes import info, output, view
from workflows.test_operators import DRAW

from bowerbird.errors import ApiError, InputDownloadFailed, InputRefused, InputUrlInvalid
from bowerbird.workflows.operators import compile_operator
from bowerbird.workflows.operators.webhook import WebhookFailed, WebhookRefused

URL = "https://hooks.example/in"
BUSY, REFUSED = InputDownloadFailed("its server answered 503"), InputRefused("its server answered 404")


def sent(server: Server, data: Data, **parameters: object) -> Data:
    async def work() -> Data:
        step = compile_operator("webhook", info(url=URL, **parameters), outside=outside(server=server))
        kept = await step(view(data), DRAW)
        assert kept is not None
        return kept.to_data()

    return asyncio.run(work())


def test_the_body_is_that_of_a_prediction_and_is_signed() -> None:
    server = Server()
    sent(server, rich())
    (body,), (headers,) = server.bodies, server.headers
    said = json.loads(body)
    assert said["user_app_id"] == {"user_id": "alice", "app_id": "kept"}
    (given,) = said["inputs"]
    assert given["id"] == "request:0"
    assert given["data"]["concepts"] == [{"id": "a", "value": 0.75}]
    expected = hmac.digest(KEY.hex().encode(), f"{NOW:.0f}.".encode() + body, hashlib.sha256).hex()
    assert headers["X-Bowerbird-Signature"] == f"t={NOW:.0f},v1={expected}"


@pytest.mark.parametrize("with_media", [False, True])
def test_media_are_sent_only_if_asked_for(with_media: bool) -> None:
    server = Server()
    sent(server, rich(), with_media=with_media)
    assert ("base64" in json.loads(server.bodies[0])["inputs"][0]["data"].get("image", {})) is with_media


@pytest.mark.parametrize("answer", [b"", b" \n", b"{}", b'{"outputs": []}', b'{"news": 1}'])
def test_an_empty_answer_changes_nothing(answer: bytes) -> None:
    assert sent(Server([answer]), output({"a": 0.5})) == output({"a": 0.5})


@pytest.mark.parametrize(
    "answer",
    [
        {"concepts": [{"id": "b", "value": 0.25}], "ok": True},
        {"status": {"code": 10000}, "outputs": [{"data": {"concepts": [{"id": "b", "value": 0.25}]}}]},
    ],
)
def test_an_answer_is_merged(answer: dict[str, object]) -> None:
    made = sent(Server([json.dumps(answer).encode()]), output({"a": 0.5}))
    assert [(c.id, c.value) for c in made.concepts] == [("a", 0.5), ("b", 0.25)]


@pytest.mark.parametrize(
    "answer", [b"<html>", b"[1]", b'"yes"', b'{"concepts": 3}', b'{"outputs": 3}', b"\xff"]
)
def test_an_answer_that_is_no_data_is_refused(answer: bytes) -> None:
    with pytest.raises(WebhookRefused, match="expected an answer"):
        sent(Server([answer]), output({"a": 0.5}))


def test_it_is_tried_again_while_the_server_is_busy() -> None:
    server = Server([BUSY, BUSY, b'{"concepts": [{"id": "b"}]}'])
    assert len(sent(server, output({"a": 0.5})).concepts) == 2
    assert len(server.bodies) == 3
    assert len(set(server.bodies)) == 1


@pytest.mark.parametrize(("attempts", "calls"), [(1, 1), (2, 2)])
def test_it_is_given_up_after_so_many_attempts(attempts: int, calls: int) -> None:
    server = Server([BUSY])
    with pytest.raises(WebhookFailed, match="503"):
        sent(server, output({"a": 0.5}), attempts=attempts)
    assert len(server.bodies) == calls


@pytest.mark.parametrize("error", [REFUSED, InputUrlInvalid("its host has a private address")])
def test_what_is_refused_is_not_tried_again(error: ApiError) -> None:
    server = Server([error])
    with pytest.raises(WebhookRefused, match=error.details):
        sent(server, output({"a": 0.5}))
    assert len(server.bodies) == 1


def test_it_ends_at_the_deadline() -> None:
    with pytest.raises(WebhookFailed, match=r"within 0\.1 s"):
        sent(Server([BUSY]), output({"a": 0.5}), deadline_s=0.1, attempts=10)
