"""From what a host has at hand to the JSON of the server."""

from __future__ import annotations

import json
import os
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Union, cast

from bowerbird_tap.items import Item
from bowerbird_tap.raw import Raw

Json = dict[str, object]
Input = Union[Mapping[str, object], str, bytes]
Output = Union[Mapping[str, object], Sequence[object]]

_PLACES = {
    "text": ("text", "raw"),
    "text_url": ("text", "url"),
    "image": ("image", "base64"),
    "image_url": ("image", "url"),
    "audio": ("audio", "base64"),
    "audio_url": ("audio", "url"),
    "video": ("video", "base64"),
    "video_url": ("video", "url"),
}
_encode: Callable[[object], str] = json.JSONEncoder(
    allow_nan=False, separators=(",", ":"), check_circular=False
).encode


def prediction(raw: Raw, version: str) -> Item:
    """Raises TypeError or ValueError when it cannot be written as JSON."""
    data, kind, media = _data(raw.input)
    if raw.metadata:
        data["metadata"] = {**cast("Json", data.get("metadata") or {}), **cast("Json", raw.metadata)}
    record: Json = {"request_id": _text(raw.request_id) or os.urandom(16).hex(), "at": _moment(raw.at)}
    if version:
        record["model_version_id"] = version
    if raw.caller:
        record["caller_user_id"] = _text(raw.caller)
    record["output"] = _output(raw.output)
    record["input"] = {"data": data}
    if not media:
        return Item(_encode(record).encode("ascii"))
    data[kind] = {"base64": ""}  # last of all: the text ends with its closing quote and four braces
    text = _encode(record).encode("ascii")
    return Item(text[:-5], media, text[-5:])


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("request_id and caller are texts")
    return value


def _moment(at: float) -> str:
    """RFC 3339, in UTC, to the microsecond."""
    whole = int(at)
    return f"{_second(whole)}.{int((at - whole) * 1e6):06d}Z"


@lru_cache(maxsize=2)
def _second(whole: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))


def _data(given: object) -> tuple[Json, str, bytes]:
    """V2 Data without its largest media, then the kind and the bytes of that one."""
    if isinstance(given, str):
        return {"text": {"raw": given}}, "", b""
    if isinstance(given, bytes):
        return {}, "image", given
    data: Json = {}
    media: dict[str, bytes] = {}
    for key, value in _members(given).items():
        kind, field = _PLACES.get(key, (key, ""))
        if isinstance(value, bytes):
            media[kind] = value
        elif isinstance(value, str) and field and field != "base64":
            data[kind] = {field: value}
        elif isinstance(value, dict):
            data[kind] = value
        else:
            raise TypeError(f"the input's {key} is a {type(value).__name__}")
    if not media:
        return data, "", b""
    last = max(media, key=lambda kind: len(media[kind]))
    data.update({kind: {"base64": b64encode(media[kind]).decode()} for kind in media if kind != last})
    data.pop(last, None)
    return data, last, media[last]


def _members(given: object) -> Json:
    if not isinstance(given, dict):
        raise TypeError(f"the input is a {type(given).__name__}")
    whole = given.get("data")  # of a V2 Input as it is
    return whole if isinstance(whole, dict) else given


def _output(output: object) -> Json:
    """V2 Data: a list is one of concepts, and texts may be given as they are."""
    if not isinstance(output, dict):
        return {"concepts": _concepts(output)}
    if "concepts" in output:
        output["concepts"] = _concepts(output["concepts"])
    if isinstance(output.get("text"), str):
        output["text"] = {"raw": output["text"]}
    return output


def _concepts(concepts: object) -> list[object]:
    if isinstance(concepts, dict):
        return [{"id": name, "value": value} for name, value in concepts.items()]
    return [_concept(concept) for concept in cast("list[object]", concepts)]


def _concept(concept: object) -> object:
    if isinstance(concept, dict):
        return concept
    name, value = cast("tuple[object, object]", concept)
    return {"id": name, "value": value}
