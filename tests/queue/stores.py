"""The stores that the tests of the queue run on, and captures to put into them."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import nats
from nats.js.errors import NotFoundError
from sqlalchemy.ext.asyncio import create_async_engine

from bowerbird.queue import Capture, Failure, Queue, open_queue
from bowerbird.queue.sqlite import create_file
from bowerbird.queue.tables import metadata

NOON = 1_700_000_000.0 // 3600 * 3600  # the beginning of an hour
CATS, DOGS = "alice/pets/cats", "alice/pets/dogs"
BROKEN = Failure("post", "connection reset", NOON)


@dataclass(frozen=True, slots=True)
class Store:
    """What open_queue is given."""

    database_url: str
    file: Path
    queue_url: str = ""

    async def open(self) -> Queue:
        return await open_queue(self.database_url, self.file, self.queue_url)

    async def clear(self) -> None:
        if self.queue_url:
            await delete_streams(self.queue_url)
        if self.database_url:
            await empty(self.database_url)
        else:
            for left in self.file.parent.glob(f"{self.file.name}*"):
                left.unlink()
            create_file(self.file)


def capture(collector: str = CATS, at: float = NOON, payload: bytes = b"payload", id: str = "") -> Capture:
    return Capture(id or uuid4().hex, collector, at, payload)


async def create_tables(url: str) -> None:
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()


async def empty(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(";".join(f"DELETE FROM {name}" for name in metadata.tables))
    await connection.close()


async def create_stream(queue_url: str) -> None:
    server, _, name = queue_url.rpartition("/")
    client = await nats.connect(server)
    await client.jetstream().add_stream(name=name, subjects=[name])
    await client.close()


async def delete_streams(queue_url: str) -> None:
    server, _, name = queue_url.partition("?")[0].rpartition("/")
    client = await nats.connect(server)
    for stream in (name, f"{name}-counts"):
        with suppress(NotFoundError):
            await client.jetstream().delete_stream(stream)
    await client.close()
