"""The doors to a database: what a transaction sees, when it begins, and what becomes of a lost connection."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from bowerbird.store.db import Database

pytestmark = pytest.mark.anyio
ADD = text("INSERT INTO things (id) VALUES (:id)")
ALL = text("SELECT id FROM things ORDER BY id")


@pytest.fixture
async def db(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    url = database_url.replace("postgresql", "postgresql+asyncpg") or f"sqlite+aiosqlite:///{tmp_path}/x.db"
    made = Database(url)
    async with made.write() as conn:
        await conn.execute(text("CREATE TABLE things (id INTEGER PRIMARY KEY)"))
    yield made
    async with made.write() as conn:
        await conn.execute(text("DROP TABLE things"))
    await made.close()


async def add(db: Database, *ids: int, error: Exception | None = None) -> None:
    """In one transaction, in which the error is raised at last."""
    async with db.write() as conn:
        for id in ids:
            await conn.execute(ADD, {"id": id})
        if error:
            raise error


async def ids(db: Database) -> list[int]:
    async with db.read() as conn:
        return list((await conn.execute(ALL)).scalars())


async def test_what_is_written_is_there_and_what_raises_is_taken_back(db: Database) -> None:
    async with db.write() as conn:
        await conn.execute(ADD, [{"id": 1}, {"id": 2}])
        returned = await conn.execute(text("UPDATE things SET id = 3 WHERE id = 2 RETURNING id"))
        assert (returned.rowcount, returned.scalars().all()) == (1, [3])
    with pytest.raises(IntegrityError):
        await add(db, 4, 1)
    with pytest.raises(KeyError):
        await add(db, 5, 6, error=KeyError())
    assert await ids(db) == [1, 3]


async def test_a_transaction_without_a_statement_is_none(db: Database) -> None:
    await add(db)
    assert await ids(db) == []
    with pytest.raises(KeyError):
        await add(db, error=KeyError())
    await add(db, 1)
    assert await ids(db) == [1]


async def test_a_reader_sees_one_state_and_the_next_sees_what_came_since(db: Database) -> None:
    for n in range(20):
        async with db.read() as reader:
            before = list((await reader.execute(ALL)).scalars())
            async with db.write() as writer:
                await writer.execute(ADD, {"id": n})
            assert list((await reader.execute(ALL)).scalars()) == before
        assert await ids(db) == [*before, n]


async def test_a_statement_that_was_given_up_leaves_nothing_behind(db: Database) -> None:
    async def add_late() -> None:
        async with db.write() as conn:
            await conn.execute(ADD, {"id": 1})
            await asyncio.sleep(60)

    late = asyncio.create_task(add_late())
    await asyncio.sleep(0.05)
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    async with db.write() as conn:
        await conn.execute(ADD, {"id": 2})
    assert await ids(db) == [2]


async def test_on_sqlite_others_wait_from_the_first_statement_to_the_end(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/x.db")
    async with db.write() as conn:
        await conn.execute(text("CREATE TABLE things (id INTEGER PRIMARY KEY)"))
    other = sqlite3.connect(tmp_path / "x.db", timeout=0)
    async with db.write() as conn:
        other.execute("INSERT INTO things VALUES (1)")
        other.commit()
        assert list((await conn.execute(ALL)).scalars()) == [1]
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO things VALUES (2)")
    other.execute("INSERT INTO things VALUES (2)")
    other.close()
    await db.close()


async def test_a_connection_that_postgres_closed_is_made_anew(postgres_url: str) -> None:
    db = Database(postgres_url.replace("postgresql", "postgresql+asyncpg"))
    which = text("SELECT pg_backend_pid()")
    async with db.read() as first, db.read() as second:
        lost = [(await conn.execute(which)).scalar_one() for conn in (first, second)]
    killer = await asyncpg.connect(postgres_url)
    for pid in lost:
        await killer.execute("SELECT pg_terminate_backend($1)", pid)
    await killer.close()
    await asyncio.sleep(0.1)  # the sockets are told
    async with db.read() as first, db.write() as second:
        found = [(await conn.execute(which)).scalar_one() for conn in (first, second)]
    await db.close()
    assert len({*found, *lost}) == 4
