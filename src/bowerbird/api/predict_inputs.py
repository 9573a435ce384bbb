"""The inputs of predictions, with their media as bytes: as sent, fetched by URL, or kept in the app."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import Data, Input

from bowerbird.addresses import Policy
from bowerbird.api.rpc import Call
from bowerbird.errors import ApiError, InputInvalid, InputNotFound
from bowerbird.fetch import fetch
from bowerbird.hosting import read_all
from bowerbird.media import KINDS, Kind, media_of, with_content
from bowerbird.settings import Settings
from bowerbird.store.kinds import INPUTS, media_kind
from bowerbird.store.media import File, originals

FETCHES_AT_ONCE = 16
_BESIDE_MEDIA = {"metadata", "geo"}


@dataclass(frozen=True, slots=True)
class Loaded:
    """The inputs of a call: as they were named, and what the model is given of each."""

    inputs: Sequence[Input]  # as sent; one that was named by its id only, with what is kept of it
    data: Sequence[Data | ApiError]


async def load(call: Call, inputs: Sequence[Input]) -> Loaded:
    """All inputs. What is wrong with one stands in its place."""
    data = [_at_hand(given) for given in inputs]
    if None not in data:
        return Loaded(inputs, [d for d in data if d is not None])
    return await _load_rest(call, inputs, data)


def _at_hand(given: Input) -> Data | None:
    """The data, when there is nothing to be fetched. Bytes are not looked at: they would be copied."""
    data = given.data
    for kind in KINDS:
        if data.HasField(kind):
            return None if getattr(data, kind).url or kind == "video" else data
    return data if _is_data(data) else None


def _is_data(data: Data) -> bool:
    return any(field.name not in _BESIDE_MEDIA for field, _ in data.ListFields())


async def _load_rest(call: Call, inputs: Sequence[Input], data: Sequence[Data | None]) -> Loaded:
    named = [i.id for i, d in zip(inputs, data, strict=True) if d is None and i.id and not media_kind(i.data)]
    kept = await _kept(call, named)
    places = asyncio.Semaphore(FETCHES_AT_ONCE)

    async def rest(given: Input, at_hand: Data | None) -> tuple[Input, Data | ApiError]:
        if at_hand is not None:
            return given, at_hand
        try:
            async with places:
                if media_kind(given.data):
                    return given, await _fetched(call.services.settings, given.data)
                return await _from_app(call, given, kept)
        except ApiError as error:
            return given, error

    pairs = await asyncio.gather(*map(rest, inputs, data))
    return Loaded([given for given, _ in pairs], [found for _, found in pairs])


async def _fetched(settings: Settings, data: Data) -> Data:
    source = media_of(data)
    assert source is not None
    if source.content:  # a video, whose size has been looked at
        return data
    answer = await fetch(
        source.url,
        max_bytes=most_bytes(settings, source.kind),
        timeout_s=settings.fetch_timeout_s,
        policy=Policy.of_this_machine(settings.fetch_allow),
    )
    return with_content(data, source.kind, answer.content)


def most_bytes(settings: Settings, kind: Kind) -> int:
    """The size of the largest medium of a kind, in bytes."""
    if kind == "image":
        return settings.max_image_bytes
    return settings.max_text_bytes if kind == "text" else settings.max_video_bytes


@dataclass(frozen=True, slots=True)
class _Kept:
    """An input of the app, and the file of its media, if it has one."""

    message: Input
    file: File | None


async def _kept(call: Call, ids: Sequence[str]) -> Mapping[str, _Kept]:
    app = call.place.app
    if not ids or app is None or not call.place.is_member:
        return {}
    async with call.services.db.read() as conn:
        found = await INPUTS.find(conn, app.seq, ids)
        files = await originals(conn, app.seq, list(found))
    return {id: _Kept(stored.message, files.get(id)) for id, stored in found.items()}


async def _from_app(call: Call, given: Input, kept: Mapping[str, _Kept]) -> tuple[Input, Data]:
    if not given.id:
        raise InputInvalid("an input needs data, or the id of an input of the app")
    if given.id not in kept:
        raise InputNotFound(f"input {given.id!r}")
    known = kept[given.id]
    if kind := next((k for k in KINDS if known.message.data.HasField(k)), None):
        data = await _with_media(call, known, kind)
    else:
        data = known.message.data
    return Input(id=given.id, data=data), data


async def _with_media(call: Call, known: _Kept, kind: Kind) -> Data:
    if known.file:
        return with_content(known.message.data, kind, await read_all(known.file, call.services.blobs))
    raise InputInvalid(f"the {kind} of input {known.message.id!r} has not been fetched")
