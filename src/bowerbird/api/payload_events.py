"""Requests and responses as another server logs them: paired, then offered like any prediction."""

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import Input, Output
from clarifai_grpc.grpc.api.service_pb2 import MultiOutputResponse, PostModelOutputsRequest
from google.protobuf.timestamp_pb2 import Timestamp

from bowerbird.api.fields import batch, moment
from bowerbird.api.model_specs import Resolved
from bowerbird.api.outcomes import overall
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.collect import pairing
from bowerbird.collect.pairing import Half, Met, Window
from bowerbird.errors import ApiError, Busy, InputTooLarge, Invalid
from bowerbird.jobs import payload_halves as expiry
from bowerbird.proto.bowerbird_v1_pb2 import (
    PayloadEvent,
    PayloadEventsResponse,
    PostPayloadEventsRequest,
)
from bowerbird.runtimes.payloads import Side, rows_of
from bowerbird.runtimes.readings import Reading, reading_of
from bowerbird.services import Prediction
from bowerbird.store.kinds import MODELS

_ID = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True)
class Logged:
    """An event that could be read: the id of the request that it belongs to, and its half of the pair."""

    request_id: str
    half: Half


@rpc(transaction=Transaction.NONE)
async def post_payload_events(call: Call, req: PostPayloadEventsRequest) -> PayloadEventsResponse:
    """Keep each half until the other comes, then offer the pair to the model's collectors.

    Answered when what they take is durable. Events may come in any order and more than once.
    """
    events = batch("events", req.events)
    model = await call.services.catalog.resolve(call.app.user_id, call.app.id, req.model_id)
    reading = reading_of(model.spec, call.services.settings)
    read = await asyncio.to_thread(_read_all, call, events, reading)
    seq, met = await _meet(call, req.model_id, [e.half for e in read if isinstance(e, Logged)])
    failed = await _offer(call, model, read, met)
    claimed = [key for key, pair in met.items() if pair.state == "claimed"]
    window = await _finish(call, seq, claimed)
    outcomes = [_outcome(event, met, failed) for event in read]
    return _answer(events, outcomes, met, window)


def _read_all(call: Call, events: Sequence[PayloadEvent], reading: Reading) -> list[ApiError | Logged]:
    most = call.services.settings.payload_window_bytes
    return [_read(event, reading, most) for event in events]


def _read(event: PayloadEvent, reading: Reading, most_bytes: int) -> ApiError | Logged:
    try:
        request_id = event.attributes.get("requestid") or event.id
        if not _ID.fullmatch(request_id):
            raise Invalid("id: expected 1 to 128 visible ASCII characters")
        moment("time", event.time)
        side = _side(event)
        payload = _payload(event, side, reading)
        if len(payload) > most_bytes:
            raise InputTooLarge(f"data: {len(payload):,} bytes; {most_bytes:,} are allowed")
        return Logged(request_id, Half(_key(request_id, event.attributes), side, payload))
    except ApiError as error:
        return error


def _side(event: PayloadEvent) -> Side:
    word = event.type.rpartition(".")[2]
    if word == "request":
        return "request"
    if word == "response":
        return "response"
    raise Invalid("type: expected one that ends in .request or .response")


def _key(request_id: str, attributes: Mapping[str, str]) -> str:
    """The same for both halves; a graph's models may log the same request to one address."""
    parts = [request_id, *(attributes.get(name, "") for name in ("modelid", "component"))]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def _payload(event: PayloadEvent, side: Side, reading: Reading) -> bytes:
    """The half as it waits: the request or the response that our own predict call would have had."""
    if side == "request":
        data = reading.request.data(rows_of(event.data, side, reading.request.name))
        return PostModelOutputsRequest(inputs=[Input(data=d) for d in data]).SerializeToString()
    data = reading.response.data(rows_of(event.data, side, reading.response.name))
    outputs = MultiOutputResponse(outputs=[Output(data=d) for d in data])
    if event.HasField("time"):
        outputs.outputs[0].created_at.CopyFrom(event.time)
    return outputs.SerializeToString()


async def _meet(call: Call, model_id: str, halves: Sequence[Half]) -> tuple[int, dict[str, Met]]:
    """The model's number, and how each pair stands. Raises ModelNotFound."""
    settings, now = call.services.settings, call.services.clock()
    async with call.write() as conn:
        model = await MODELS.row(conn, call.app.seq, model_id)
        if not halves:
            return model.seq, {}
        met = await pairing.meet(conn, model.seq, halves, now=now, most_bytes=settings.payload_window_bytes)
        await expiry.put(conn, now, settings.payload_window_s)
    return model.seq, met


async def _offer(
    call: Call, model: Resolved, read: Sequence[ApiError | Logged], met: Mapping[str, Met]
) -> dict[str, ApiError]:
    """Offer the pairs that are whole; by key, those of which the two halves do not fit each other."""
    failed: dict[str, ApiError] = {}
    waits: list[Awaitable[object]] = []
    ids = {event.half.key: event.request_id for event in read if isinstance(event, Logged)}
    for key, pair in met.items():
        if pair.state != "claimed":
            continue
        try:
            prediction = _prediction(call, model, ids[key], pair)
        except ApiError as error:
            failed[key] = error
        else:
            if (wait := call.services.tap.offer(prediction)) is not None:
                waits.append(wait)
    for wait in waits:
        await wait
    return failed


def _prediction(call: Call, model: Resolved, request_id: str, pair: Met) -> Prediction:
    inputs = PostModelOutputsRequest.FromString(pair.request).inputs
    outputs = MultiOutputResponse.FromString(pair.response).outputs
    if len(inputs) != len(outputs):
        raise Invalid(f"data: the request has {len(inputs)} instances, the response {len(outputs)}")
    spec, made_at = model.spec, outputs[0].created_at
    return Prediction(
        model=(spec.user_id, spec.app_id, spec.model_id),
        version_id=spec.version_id,
        caller_user_id=call.actor.user_id,
        request_id=request_id,
        inputs=inputs,
        results=[output.data for output in outputs],
        outputs=outputs,
        made_at=_seconds(made_at) if outputs[0].HasField("created_at") else None,
    )


def _seconds(at: Timestamp) -> float:
    return at.ToNanoseconds() / 1e9


async def _finish(call: Call, model: int, claimed: Sequence[str]) -> Window:
    if not claimed:
        async with call.read() as conn:
            return await pairing.window(conn, model)
    async with call.write() as conn:
        await pairing.finish(conn, model, claimed)
        return await pairing.window(conn, model)


def _outcome(
    event: ApiError | Logged, met: Mapping[str, Met], failed: Mapping[str, ApiError]
) -> ApiError | Logged:
    if isinstance(event, ApiError):
        return event
    if met[event.half.key].state == "busy":
        return Busy("its pair is being offered by another call")
    return failed.get(event.half.key, event)


def _answer(
    events: Sequence[PayloadEvent],
    outcomes: Sequence[ApiError | Logged],
    met: Mapping[str, Met],
    window: Window,
) -> PayloadEventsResponse:
    response = PayloadEventsResponse(
        status=overall(outcomes), waiting=window.waiting, paired=window.paired, expired=window.expired
    )
    for event, outcome in zip(events, outcomes, strict=True):
        result = response.results.add(id=event.id)
        if isinstance(outcome, ApiError):
            result.status.CopyFrom(outcome.status())
        else:
            result.status.CopyFrom(overall([]))
            result.is_paired = met[outcome.half.key].state in ("claimed", "done")
    return response
