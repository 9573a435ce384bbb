"""The V2 API over HTTP/JSON: plain ASGI, since a framework's request objects cost as much as the call."""

import zlib
from collections.abc import Mapping, Sequence

from clarifai_grpc.grpc.api.status import status_pb2
from google.protobuf.message import Message
from starlette.types import Receive, Scope, Send

from bowerbird.api.rpc import METHODS, Credentials, Dispatcher
from bowerbird.errors import ApiError, BadFormat, MethodNotAllowed, TooLarge
from bowerbird.proto.bowerbird_v1_pb2 import PostPayloadEventsRequest
from bowerbird.wire.callers import HEADERS, credentials_of, new_request_id
from bowerbird.wire.cloud_events import has_events, read_events
from bowerbird.wire.json import decode, dumps, from_dict
from bowerbird.wire.query import query_values
from bowerbird.wire.routes import Route, Routes
from bowerbird.wire.statuses import HttpStatuses
from bowerbird.wire.types import type_of

Header = tuple[bytes, bytes]
Headers = Mapping[bytes, bytes]  # by their names in lower case
_WANTED = {name.encode(): name for name in HEADERS}
_JSON: tuple[Header, ...] = (
    (b"content-type", b"application/json"),
    (b"x-content-type-options", b"nosniff"),
)


class ClientGone(Exception):  # an event, not a fault
    """The client hung up before its request was complete."""


class Gateway:
    """An ASGI application for the addresses under /v2."""

    def __init__(self, dispatcher: Dispatcher, max_bytes: int) -> None:
        self._dispatcher = dispatcher
        self._max_bytes = max_bytes
        self._routes = Routes(METHODS.values())
        self._statuses = HttpStatuses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        try:
            credentials = credentials_of(wanted_headers(headers), _address(scope))
            route, values = self._routes.find(scope["method"], _path(scope))
        except ApiError as error:
            await self._refuse(scope, send, error)
            return
        try:
            request = await self._request(scope, headers, receive, route, values)
        except ClientGone:
            return
        except ApiError as error:
            response = self._refused(route, error, credentials)
        else:
            response = await self._dispatcher.call(route.method, request, credentials)
        await self._answer(send, response)

    async def _request(
        self, scope: Scope, headers: Headers, receive: Receive, route: Route, values: Sequence[str]
    ) -> Message:
        """The request that body, query and address make together: the later goes before the earlier."""
        packed = await read_body(headers.get(b"content-length", b""), receive, self._max_bytes)
        body = unpacked(headers.get(b"content-encoding", b"identity"), packed, self._max_bytes)
        request = route.method.request()
        if isinstance(request, PostPayloadEventsRequest) and has_events(scope["headers"]):
            read_events(scope["headers"], body, request)
        elif body:
            field = route.binding.body
            from_dict(decode(body), getattr(request, field) if field not in ("", "*") else request)
        if scope["query_string"]:
            from_dict(query_values(type_of(request), scope["query_string"].decode("latin-1")), request)
        route.bind(request, values)
        return request

    def _refused(self, route: Route, error: ApiError, credentials: Credentials) -> Message:
        request_id = credentials.request_id or new_request_id()
        return self._dispatcher.refuse(route.method, error, request_id)

    async def _answer(self, send: Send, response: Message) -> None:
        status: status_pb2.Status = response.status  # type: ignore[attr-defined]  # every response has one
        too_large = status.code == TooLarge.code
        more: tuple[Header, ...] = ((b"connection", b"close"),) if too_large else ()
        await send_json(send, self._statuses.of(status), dumps(response), status.req_id, more)

    async def _refuse(self, scope: Scope, send: Send, error: ApiError) -> None:
        """Answer a request whose RPC is not known."""
        more: tuple[Header, ...] = ()
        if isinstance(error, MethodNotAllowed):
            more = ((b"allow", ", ".join(self._routes.verbs(_path(scope))).encode()),)
        await send_error(send, error, more)


async def send_error(send: Send, error: ApiError, more: tuple[Header, ...] = ()) -> None:
    """Answer with an error's status alone."""
    http, body, request_id = error_json(error)
    await send_json(send, http, body, request_id, more)


def error_json(error: ApiError) -> tuple[int, bytes, str]:
    """The HTTP status of an error, the JSON of its status, and the request id given to it."""
    status = error.status()
    status.req_id = new_request_id()
    return error.http, b'{"status":%b}' % dumps(status), status.req_id


async def send_json(
    send: Send, http: int, body: bytes, request_id: str, more: tuple[Header, ...] = ()
) -> None:
    length = (b"content-length", str(len(body)).encode())
    tag = (b"x-request-id", request_id.encode("ascii", "replace"))
    await send({"type": "http.response.start", "status": http, "headers": [*_JSON, length, tag, *more]})
    await send({"type": "http.response.body", "body": body})


def wanted_headers(headers: Headers) -> Mapping[str, str]:
    """Those that say who calls, by their names in lower case."""
    return {_WANTED[name]: value.decode("latin-1") for name, value in headers.items() if name in _WANTED}


def _address(scope: Scope) -> str:
    """Where the request came from; behind a proxy on this host, where that says it did."""
    client = scope.get("client")
    return client[0] if client else ""


def _path(scope: Scope) -> str:
    """The address as it was sent: a percent-encoded slash does not part segments."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    try:
        return raw.partition(b"?")[0].decode()
    except UnicodeDecodeError:
        raise BadFormat("address: expected percent-encoded UTF-8") from None


def unpacked(packing: bytes, body: bytes, limit: int) -> bytes:
    """The body as it was before it was packed for the way. Raises TooLarge, BadFormat."""
    if packing == b"identity":
        return body
    if packing != b"gzip":
        raise BadFormat("content-encoding: expected gzip or identity")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(body, limit)
    except zlib.error:
        raise BadFormat("body: expected gzip") from None
    if unpacker.unconsumed_tail:
        raise TooLarge(f"at most {limit} bytes")
    if not unpacker.eof:
        raise BadFormat("body: its gzip ends too soon")
    return content


async def read_body(length: bytes, receive: Receive, limit: int) -> bytes:
    """The whole body, of the length that a header says. Raises TooLarge as soon as it is known to be,
    ClientGone."""
    if length.isdigit() and int(length[:20]) > limit:
        raise TooLarge(f"at most {limit} bytes")
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"at most {limit} bytes")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
