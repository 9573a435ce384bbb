"""CloudEvents 1.0 over HTTP: an event in headers and body, in JSON, or many of them in one JSON list."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from bowerbird.errors import BadFormat
from bowerbird.proto.bowerbird_v1_pb2 import PayloadEvent, PostPayloadEventsRequest
from bowerbird.wire.json import decode

Headers = Iterable[tuple[bytes, bytes]]
STRUCTURED, BATCHED = b"application/cloudevents+json", b"application/cloudevents-batch+json"
VERSIONS = ("1.0", "0.3", "0.2")  # Seldon's loggers say the older ones, in headers of the same names
_CORE = {"id", "source", "type", "time", "specversion", "data", "data_base64"}


def has_events(headers: Headers) -> bool:
    """Whether a request carries CloudEvents, in any of the three ways."""
    return any(
        name == b"ce-specversion" or (name == b"content-type" and _kind(value) in (STRUCTURED, BATCHED))
        for name, value in headers
    )


def read_events(headers: Headers, body: bytes, request: PostPayloadEventsRequest) -> None:
    """Put the events of an HTTP request into an RPC's request. Raises BadFormat, naming what is wrong."""
    headers = list(headers)
    kind = next((_kind(value) for name, value in headers if name == b"content-type"), b"")
    if kind == STRUCTURED:
        _read(decode(body), "event", request.events.add())
    elif kind == BATCHED:
        given = decode(body)
        if not isinstance(given, list):
            raise BadFormat("body: expected a list of CloudEvents")
        for place, one in enumerate(given):
            _read(one, f"event[{place}]", request.events.add())
    else:
        attributes: dict[str, Any] = {  # as in JSON
            name[3:].decode("latin-1"): unquote(value.decode("latin-1"))
            for name, value in headers
            if name.startswith(b"ce-")
        }
        event = request.events.add()
        _attributes(attributes, "ce-", event)
        event.data = body


def _kind(content_type: bytes) -> bytes:
    return content_type.partition(b";")[0].strip().lower()


def _read(given: object, name: str, event: PayloadEvent) -> None:
    """An event in JSON."""
    if not isinstance(given, dict):
        raise BadFormat(f"{name}: expected an object")
    _attributes(given, f"{name}.", event)
    if "data_base64" in given:
        try:
            event.data = base64.b64decode(given["data_base64"], validate=True)
        except (binascii.Error, ValueError, TypeError):
            raise BadFormat(f"{name}.data_base64: expected base64") from None
    elif "data" in given:
        data = given["data"]
        event.data = (data if isinstance(data, str) else json.dumps(data)).encode(errors="replace")


def _attributes(given: Mapping[str, Any], prefix: str, event: PayloadEvent) -> None:  # Any: JSON
    if given.get("specversion") not in VERSIONS:
        raise BadFormat(f"{prefix}specversion: expected 1.0")
    for name in ("id", "source", "type"):
        if not isinstance(given.get(name), str) or not given[name]:
            raise BadFormat(f"{prefix}{name}: expected a text")
    try:
        event.id, event.source, event.type = given["id"], given["source"], given["type"]
        for name, value in given.items():
            if name not in _CORE and isinstance(value, str):
                event.attributes[name] = value
    except ValueError:
        raise BadFormat(f"{prefix}…: expected texts that UTF-8 can hold") from None
    if given.get("time"):
        try:
            event.time.FromJsonString(given["time"])
        except (ValueError, TypeError, AttributeError):
            raise BadFormat(f"{prefix}time: expected a time such as 2026-05-01T12:00:00Z") from None
