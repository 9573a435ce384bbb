"""The operator webhook."""

import asyncio
import hashlib
import hmac
import json
from typing import Annotated, Literal

from clarifai_grpc.grpc.api.resources_pb2 import Data
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError

from bowerbird.errors import ApiError, PredictionFailed
from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import Flag, Number, Url, Whole
from bowerbird.workflows.merge import merge
from bowerbird.workflows.operators import ANY, SlowStep, operator
from bowerbird.workflows.outside import Outside
from bowerbird.workflows.view import View

MIB = 1024 * 1024
MOST_BYTES = MIB  # of an answer
PAUSE_S = 0.1  # before the second attempt; doubled before each that follows
MEDIA: tuple[Literal["image", "video", "audio"], ...] = ("image", "video", "audio")


class WebhookFailed(PredictionFailed):
    """The webhook was not answered as expected."""


class WebhookRefused(WebhookFailed):
    """The webhook refused what it was sent, or may not be called."""

    permanent = True


@operator(
    "webhook",
    title="Webhook",
    kind="maker",
    aliases=["aws-lambda", "status-push", "results-push"],
    input_fields=ANY,
    output_fields=ANY,
    light=False,
)
def webhook(
    *,
    outside: Outside,
    url: Annotated[str, Url("What is called, by POST.")],
    deadline_s: Annotated[float, Number("How many seconds all attempts take at most.", 0.1, 60)] = 10.0,
    attempts: Annotated[int, Whole("How often it is tried.", 1, 10)] = 3,
    with_media: Annotated[bool, Flag("Send the bytes of images, videos and sounds, too.")] = False,
) -> SlowStep:
    """Send what comes to this node to a server of yours, and merge what it answers. The body is that of a
    PostModelOutputs, as JSON, and is signed. The answer may be empty, the data of an input as JSON, or a
    MultiOutputResponse, whose first output counts. It is tried again while the server cannot be reached, is
    busy or fails. Private addresses need the setting fetch_allow; redirects are not followed."""

    async def step(view: View, draw: Draw) -> View | None:
        data = view.to_data()
        body = _body(outside.name, view.request_key, data if with_media else _without_bytes(data))
        answer = await _called(outside, url, body, deadline_s, attempts)
        made = _parsed(answer)
        return view.with_output(merge([data, made])) if made.ByteSize() else view

    return step


def signature(key: bytes, at: int, body: bytes) -> str:
    """The header X-Bowerbird-Signature: HMAC-SHA256 over the time, a point, and the body."""
    signed = hmac.digest(key.hex().encode(), b"%d." % at + body, hashlib.sha256)
    return f"t={at},v1={signed.hex()}"


def _body(app: str, key: str, data: Data) -> bytes:
    user_id, _, app_id = app.partition("/")
    shown = MessageToDict(data, preserving_proto_field_name=True)
    place = {"user_id": user_id, "app_id": app_id}
    return json.dumps({"user_app_id": place, "inputs": [{"id": key, "data": shown}]}).encode()


def _without_bytes(data: Data) -> Data:
    copy = Data()
    copy.CopyFrom(data)
    for part in (copy, *(region.data for region in copy.regions)):
        for kind in MEDIA:
            if part.HasField(kind):
                getattr(part, kind).ClearField("base64")
    return copy


async def _called(outside: Outside, url: str, body: bytes, deadline_s: float, attempts: int) -> bytes:
    """Raises WebhookFailed once the attempts or the time are used up, WebhookRefused at once."""
    try:
        async with asyncio.timeout(deadline_s):
            for attempt in range(1, attempts + 1):
                try:
                    return await _sent(outside, url, body, deadline_s)
                except WebhookRefused:
                    raise
                except WebhookFailed:
                    if attempt == attempts:
                        raise
                await asyncio.sleep(PAUSE_S * 2 ** (attempt - 1))
    except TimeoutError:
        raise WebhookFailed(f"webhook: no answer within {deadline_s:g} s") from None
    raise AssertionError("there is at least one attempt")


async def _sent(outside: Outside, url: str, body: bytes, deadline_s: float) -> bytes:
    headers = {
        "Content-Type": "application/json",
        "X-Bowerbird-Signature": signature(outside.key, int(outside.clock()), body),
    }
    try:
        return await outside.post(url, body, headers, timeout_s=deadline_s, max_bytes=MOST_BYTES)
    except ApiError as error:
        kind = WebhookRefused if error.permanent else WebhookFailed
        raise kind(f"webhook: {error.details}") from error


def _parsed(answer: bytes) -> Data:
    """The data of an answer. Raises WebhookRefused for what is neither empty nor such JSON."""
    if not answer.strip():
        return Data()
    try:
        said = json.loads(answer)
        if isinstance(said, dict) and "outputs" in said:
            outputs = said["outputs"]
            said = outputs[0].get("data", {}) if outputs else {}
        if not isinstance(said, dict):
            raise TypeError("no object")
        return ParseDict(said, Data(), ignore_unknown_fields=True)
    except (ValueError, ParseError, AttributeError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise WebhookRefused("webhook: expected an answer that is empty, or JSON of data") from error
