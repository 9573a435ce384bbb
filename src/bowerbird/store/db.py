"""The only doors to a connection: read() and write(), on SQLite or PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from bowerbird.store.sqlite_driver import READS, WRITES, Driver

T = TypeVar("T")
READERS = 4
LOCK_WAIT_MS = 10_000


class Database:
    """One database. SQLite gets a single writing connection, because it has a single writer anyway."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        if self.is_sqlite:
            self._writer = _sqlite(url, size=1, begin=WRITES)
            self._reader = _sqlite(url, size=READERS, begin=READS)
        else:
            self._writer = self._reader = create_async_engine(
                url,
                pool_size=8,
                max_overflow=8,
                pool_timeout=10,
                connect_args={"prepared_statement_cache_size": 500},
            )
            event.listen(self._writer.sync_engine, "checkout", _reconnect)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one state of the database."""
        async with self._reader.connect() as conn:
            if not self.is_sqlite:
                await conn.execution_options(isolation_level="REPEATABLE READ")
            yield conn

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end, rolled back when anything is raised."""
        async with self._writer.begin() as conn:
            yield conn

    async def close(self) -> None:
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """The work's result; a cancellation waits until the work is done.

    For background work: a statement that is cut off leaves its connection behind.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _sqlite(url: str, *, size: int, begin: str) -> AsyncEngine:
    engine = create_async_engine(
        url, module=Driver(), connect_args={"begin": begin}, pool_size=size, max_overflow=0, pool_timeout=30
    )
    event.listen(engine.sync_engine, "connect", _configure)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _reconnect(_: DBAPIConnection, entry: ConnectionPoolEntry, __: PoolProxiedConnection) -> None:
    """Have a connection that was lost made anew: its socket told so, and the server need not be asked."""
    lost: Any = entry.driver_connection
    if lost.is_closed():
        raise DisconnectionError


def _begin(conn: Connection) -> None:
    driver: Any = conn.connection.dbapi_connection  # the adapter's methods are not in the DBAPI's type
    driver.begin()


def _configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={LOCK_WAIT_MS}",
        "cache_size=-65536",
        "secure_delete=FAST",  # Debian's SQLite else overwrites what it deletes, which doubles its writes
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
