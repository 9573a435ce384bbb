"""A connection that the API closes: a read is asked once more, a write never."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from bowerbird.portal.connections import Connections

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def closing(first: int) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that closes its first connections without an answer; its list grows with what it was asked."""
    asked: list[bytes] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split()[0])
        if len(asked) > first:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}", asked


async def test_a_read_is_asked_once_more() -> None:
    async with closing(1) as (url, asked), httpx2.AsyncClient(transport=Connections(True)) as http:
        assert (await http.get(url)).text == "ok"
    assert asked == [b"GET", b"GET"]


async def test_a_read_is_asked_no_more_than_that() -> None:
    async with closing(2) as (url, asked), httpx2.AsyncClient(transport=Connections(True)) as http:
        with pytest.raises(httpx2.RemoteProtocolError):
            await http.get(url)
    assert asked == [b"GET", b"GET"]


async def test_a_write_may_have_happened_and_is_not_repeated() -> None:
    async with closing(1) as (url, asked), httpx2.AsyncClient(transport=Connections(True)) as http:
        with pytest.raises(httpx2.RemoteProtocolError):
            await http.post(url)
    assert asked == [b"POST"]
