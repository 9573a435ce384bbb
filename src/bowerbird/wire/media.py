"""Hosted media over HTTP, with ranges: nothing that a user uploaded may run in a browser here."""

import re
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bowerbird.api.rpc import Dispatcher, MediaFile
from bowerbird.errors import ApiError
from bowerbird.wire.callers import credentials_of
from bowerbird.wire.gateway import error_json, wanted_headers

CHUNK = 1024 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)
_CONTENT_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?charset=[\w-]+)?", re.ASCII)
_SHOWN = ("image/", "video/", "audio/")  # what browsers show without running it; but see SVG
_POLICY = "default-src 'none'; sandbox"


async def media(request: Request, dispatcher: Dispatcher) -> Response:
    """The hosted file of an address, whole or the range that was asked for."""
    try:
        credentials = credentials_of(wanted_headers(dict(request.scope["headers"])))
        found = await dispatcher.media(request.path_params["path"], credentials)
    except ApiError as error:
        http, body, request_id = error_json(error)
        return Response(body, http, {"x-request-id": request_id}, "application/json")
    return _answer(request, found)


def _answer(request: Request, found: MediaFile) -> Response:
    headers = _headers(found)
    etag = headers["etag"]
    if _names(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range", "")
    if request.headers.get("if-range", etag) != etag:
        wanted = ""
    span = _span(wanted, found.size)
    if span is None:
        return Response(status_code=416, headers=headers | {"content-range": f"bytes */{found.size}"})
    start, end = span
    headers["content-length"] = str(end - start)
    partial = bool(_RANGE.fullmatch(wanted))
    if partial:
        headers["content-range"] = f"bytes {start}-{end - 1}/{found.size}"
    content = _chunks(found, start, end) if request.method == "GET" else _nothing()
    return StreamingResponse(content, 206 if partial else 200, headers)


def _headers(found: MediaFile) -> dict[str, str]:
    is_plain = bool(_CONTENT_TYPE.fullmatch(found.content_type))
    kind = found.content_type if is_plain else "application/octet-stream"
    headers = {
        "content-type": kind,
        "accept-ranges": "bytes",
        "cache-control": "private, max-age=3600",
        "content-security-policy": _POLICY,
        "cross-origin-resource-policy": "same-origin",
        "etag": found.etag if found.etag.startswith('"') else f'"{found.etag}"',
        "x-content-type-options": "nosniff",
    }
    if not kind.startswith(_SHOWN) or "svg" in kind:
        headers["content-disposition"] = "attachment"
    return headers


def _names(if_none_match: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """Start and end, not included, of the bytes to send; None when the range lies outside of the file.

    What is not one plain range asks for everything, as RFC 9110 allows.
    """
    match = _RANGE.fullmatch(wanted)
    if match is None:
        return 0, size
    first, last = match.groups()
    if not first:
        length = min(int(last or 0), size)
        return (size - length, size) if length else None
    start, end = int(first), min(int(last) + 1, size) if last else size
    return (start, end) if start < end else None


async def _chunks(found: MediaFile, start: int, end: int) -> AsyncIterator[bytes]:
    while start < end:
        stop = min(start + CHUNK, end)
        yield await found.read(start, stop)
        start = stop


async def _nothing() -> AsyncIterator[bytes]:
    empty: tuple[bytes, ...] = ()
    for chunk in empty:
        yield chunk
