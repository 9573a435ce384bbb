"""Every queue, each on an empty store; PostgreSQL in a database and NATS in streams of their own."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from stores import Store, create_stream, create_tables, delete_streams, empty

from bowerbird.queue import Queue
from bowerbird.queue.sqlite import create_file

SERVER = "postgresql://postgres@127.0.0.1:5432"
NATS = "nats://127.0.0.1:4222"


async def on_server(sql: str) -> None:
    connection = await asyncpg.connect(f"{SERVER}/postgres", timeout=5)
    await connection.execute(sql)
    await connection.close()


@pytest.fixture(scope="session")
def queue_database() -> Iterator[str]:
    name = f"bowerbird_queue_{secrets.token_hex(6)}"
    try:
        asyncio.run(on_server(f"CREATE DATABASE {name}"))
    except (OSError, TimeoutError) as error:
        if os.environ.get("BOWERBIRD_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(f"no PostgreSQL at {SERVER}: {error}")
    asyncio.run(on_server(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    asyncio.run(create_tables(f"{SERVER}/{name}"))
    yield f"{SERVER}/{name}"
    asyncio.run(on_server(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def nats_with_a_stream() -> Iterator[str]:
    """NATS. A stream stays in it: with its last stream the server (2.9) takes its folder away, also while
    another process has it make one."""
    try:
        socket.create_connection(("127.0.0.1", 4222), timeout=3).close()
    except OSError as error:
        if os.environ.get("BOWERBIRD_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(f"no NATS at {NATS}: {error}")
    url = f"{NATS}/stays-{secrets.token_hex(6)}"
    asyncio.run(create_stream(url))
    yield NATS
    asyncio.run(delete_streams(url))


@pytest.fixture
def queue_url(nats_with_a_stream: str) -> Iterator[str]:
    """Streams that no other test has."""
    url = f"{nats_with_a_stream}/test-{secrets.token_hex(6)}"
    yield url
    asyncio.run(delete_streams(url))


@pytest.fixture(params=["sqlite", "postgres", "nats", "nats and postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    stream = request.getfixturevalue("queue_url") if "nats" in request.param else ""
    if "postgres" not in request.param:
        create_file(tmp_path / "captures.db")
        return Store("", tmp_path / "captures.db", stream)
    url: str = request.getfixturevalue("queue_database")
    asyncio.run(empty(url))
    return Store(url, tmp_path, stream)


@pytest.fixture
async def queue(store: Store) -> AsyncIterator[Queue]:
    queue = await store.open()
    yield queue
    await queue.close()
