"""Head and body of an answer leave together, and nothing is held that should not be."""

import asyncio
from typing import Any, cast

import httpx2
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from bowerbird.ports import listening
from bowerbird.wire.one_write import MOST_HELD, Joining, OneWrite

pytestmark = pytest.mark.anyio


class Wire:
    """A transport that keeps each write as the kernel would get it."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.is_closed = False

    def writelines(self, parts: list[bytes]) -> None:
        self.writes.append(b"".join(parts))

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def get_extra_info(self, name: str) -> str:
        return f"the {name}"


def joining(wire: Wire) -> Joining:
    return Joining(cast(asyncio.Transport, wire), asyncio.get_running_loop())


async def test_what_is_written_in_one_turn_leaves_at_its_end() -> None:
    wire = Wire()
    transport = joining(wire)
    transport.write(b"head ")
    transport.write(b"body")
    assert wire.writes == []
    await asyncio.sleep(0)
    assert wire.writes == [b"head body"]
    transport.write(b"again")
    await asyncio.sleep(0)
    assert wire.writes == [b"head body", b"again"]
    assert transport.get_extra_info("peername") == "the peername"


async def test_what_is_large_leaves_at_once() -> None:
    wire, large = Wire(), b"x" * MOST_HELD
    transport = joining(wire)
    transport.write(b"head ")
    transport.write(large)
    assert wire.writes == [b"head " + large]
    await asyncio.sleep(0)
    assert len(wire.writes) == 1


async def test_nothing_is_lost_when_it_is_closed_and_nothing_written_after() -> None:
    wire = Wire()
    transport = joining(wire)
    transport.write(b"last")
    transport.close()
    assert (wire.writes, wire.is_closed) == ([b"last"], True)
    transport.write(b"too late")
    await asyncio.sleep(0)
    assert wire.writes == [b"last"]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    parts = [b"a" * 10, b"b" * 200_000, b"", b"c"] if scope["path"] == "/stream" else [b"short"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def test_answers_are_what_they_were() -> None:
    config: Any = uvicorn.Config(application, log_config=None, lifespan="off", http=OneWrite)
    server, listener = uvicorn.Server(config), listening("127.0.0.1:0")
    serving = asyncio.create_task(server._serve([listener]))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        async with httpx2.AsyncClient(trust_env=False) as client:
            for _ in range(3):  # on one connection
                assert (await client.get(address)).content == b"short"
            streamed = (await client.get(f"{address}/stream")).content
            assert streamed == b"a" * 10 + b"b" * 200_000 + b"c"
            last = await client.get(address, headers={"connection": "close"})
            assert last.content == b"short"
    finally:
        server.should_exit = True
        await serving
