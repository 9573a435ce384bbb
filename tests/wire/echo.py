"""A dispatcher that keeps what it is asked and answers what it is told, and servers in front of it."""

import asyncio
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from google.protobuf.message import Message

from bowerbird.api.rpc import METHODS, Credentials, MediaFile, Method
from bowerbird.errors import ApiError, Code, NotFound
from bowerbird.wire.grpc import grpc_server
from bowerbird.wire.http import HttpApp, http_app


class EchoDispatcher:
    """The shape of the Dispatcher, with nothing behind it."""

    def __init__(self) -> None:
        self.asked: list[tuple[Method, Message, Credentials]] = []
        self.answers: dict[str, Message] = {}
        self.files: dict[str, MediaFile] = {}

    async def call(self, method: Method, request: Message, credentials: Credentials) -> Message:
        self.asked.append((method, request, credentials))
        response: Any = method.response()
        response.CopyFrom(self.answers.get(method.name, response))
        if not response.status.code:
            response.status.code, response.status.description = Code.SUCCESS, "Ok"
        response.status.req_id = credentials.request_id or "made-here"
        return response

    def served(self) -> Collection[str]:
        return METHODS.keys()

    def refuse(self, method: Method, error: ApiError, request_id: str) -> Message:
        response: Any = method.response(status=error.status())
        response.status.req_id = request_id
        return response

    async def media(self, path: str, credentials: Credentials) -> MediaFile:
        self.asked.append((METHODS["GetInput"], METHODS["GetInput"].request(), credentials))
        if path not in self.files:
            raise NotFound(f"media {path!r}")
        return self.files[path]

    def holding(self, path: str, data: bytes, content_type: str) -> None:
        async def read(start: int, end: int) -> bytes:
            return data[start:end]

        self.files[path] = MediaFile(len(data), content_type, "tag", read)

    def answering(self, rpc: str, response: Message) -> None:
        self.answers[rpc] = response

    @property
    def request(self) -> Any:  # of whatever type was sent last
        return self.asked[-1][1]

    @property
    def credentials(self) -> Credentials:
        return self.asked[-1][2]


def app_over(echo: Any, max_bytes: int = 1_000_000, **more: Any) -> HttpApp:
    async def metrics() -> tuple[bytes, str]:
        return b"up 1\n", "text/plain; version=0.0.4"

    return http_app(echo, max_bytes=max_bytes, metrics=metrics, **more)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def in_thread(serve: Callable[[asyncio.Event, threading.Event], Any]) -> Iterator[None]:
    """Run a coroutine function in a loop of its own; it sets the second event when it is up."""
    loop, stop, up = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(stop, up)))
    thread.start()
    try:
        assert up.wait(10)
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@contextmanager
def http_served(app: HttpApp) -> Iterator[int]:
    """The port of 127.0.0.1 at which uvicorn serves the application."""
    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)

    async def serve(stop: asyncio.Event, up: threading.Event) -> None:
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        up.set()
        await stop.wait()
        await server.shutdown()

    with in_thread(serve):
        yield port


@contextmanager
def grpc_served(
    echo: Any, max_bytes: int = 1_000_000, tls: tuple[bytes, bytes] | None = None
) -> Iterator[int]:
    """The port of 127.0.0.1 at which grpc serves the dispatcher."""
    port = free_port()

    async def serve(stop: asyncio.Event, up: threading.Event) -> None:
        server = await grpc_server(
            echo, address=f"127.0.0.1:{port}", max_bytes=max_bytes, tls=tls, reuse_port=False
        )
        up.set()
        await stop.wait()
        await server.stop(0)

    with in_thread(serve):
        yield port
