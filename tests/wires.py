"""The two wires as callables: a method, a request and a key go out, the answer comes back."""

import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import httpx2
from google.protobuf.message import Message

from bowerbird.api.rpc import Dispatcher, Method
from bowerbird.wire.grpc import grpc_server
from bowerbird.wire.http import http_app
from bowerbird.wire.json import loads, to_dict

Caller = Callable[[Method, Message, str | None], Awaitable[Message]]
LIMIT = 16 * 1024 * 1024
VARIABLE = re.compile(r"\{([^}]+)\}")


@asynccontextmanager
async def over_grpc(dispatcher: Dispatcher) -> AsyncIterator[Caller]:
    """A gRPC server on a port of its own, and a plain channel to it."""
    address = f"127.0.0.1:{free_port()}"
    server = await grpc_server(dispatcher, address=address, max_bytes=LIMIT)
    async with grpc.aio.insecure_channel(address) as channel:

        async def call(method: Method, request: Message, key: str | None) -> Message:
            send = channel.unary_unary(
                method.path,
                request_serializer=method.request.SerializeToString,
                response_deserializer=method.response.FromString,
            )
            metadata = [("authorization", f"Key {key}")] if key is not None else []
            answer: Message = await send(request, metadata=metadata)
            return answer

        yield call
    await server.stop(None)


@asynccontextmanager
async def over_http(dispatcher: Dispatcher) -> AsyncIterator[Caller]:
    """The ASGI application, called without a socket."""
    app = http_app(dispatcher, max_bytes=LIMIT, metrics=no_metrics)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://bowerbird") as client:

        async def call(method: Method, request: Message, key: str | None) -> Message:
            headers = {"authorization": f"Key {key}"} if key is not None else {}
            verb, path = address_of(method, request)
            answer = await client.request(verb, path, json=to_dict(request), headers=headers)
            return loads(answer.content, method.response)

        yield call


async def no_metrics() -> tuple[bytes, str]:
    return b"", "text/plain"


def address_of(method: Method, request: Any) -> tuple[str, str]:
    """Verb and path of the method's first address that names no app when the request names none.

    The address decides where a call acts, so it must name what the request names.
    """
    target = getattr(request, "user_app_id", None)
    known = {
        "user_app_id.user_id": (target.user_id if target else "") or "me",
        "user_app_id.app_id": target.app_id if target else "",
    }
    bindings = [b for b in method.bindings if known["user_app_id.app_id"] or "app_id}" not in b.template]
    chosen = (bindings or method.bindings)[0]
    path = VARIABLE.sub(lambda m: known.get(m[1]) or "x", chosen.template)
    return chosen.verb, path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
