"""Durable capture and draining, on SQLite and PostgreSQL."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import asyncpg
from sqlalchemy.ext.asyncio import create_async_engine

from bench.postgres import database
from bench.rows import Row, at_least, at_least_of
from bowerbird.blobs import Blobs
from bowerbird.collect.capture import Writer
from bowerbird.queue import Capture, Queue, open_queue_of_thread
from bowerbird.queue.rows import put_row
from bowerbird.queue.sqlite import create_file
from bowerbird.queue.tables import metadata

T = TypeVar("T")

GROUP = 64
GROUPS = 1600
SECONDS = 1.2
PAYLOAD = os.urandom(1024)
BARE = "bare groups of SQLite"


def captures(count: int) -> list[Capture]:
    now = time.time()
    return [
        Capture(os.urandom(16).hex(), f"alice/pets/cats-{n % 4}", now + n / 1e6, PAYLOAD)
        for n in range(count)
    ]


def stock() -> list[list[Capture]]:
    """Groups made beforehand, so that making them is not measured."""
    return [captures(GROUP) for _ in range(GROUPS)]


async def rate(groups: Sequence[T], work: Callable[[T], Awaitable[int]]) -> float:
    """What `work` gets done in a second, taking one group after the other."""
    done, start, spent = 0, time.perf_counter(), 1e-9
    for group in groups:
        done += await work(group)
        spent = time.perf_counter() - start
        if spent > SECONDS:
            break
    return done / spent


async def fdatasyncs(folder: Path) -> float:
    """4 KiB appended and synced, as often as the disk can."""
    block = os.urandom(4096)
    file = os.open(folder / "floor", os.O_WRONLY | os.O_CREAT)

    async def append(_: int) -> int:
        os.write(file, block)
        os.fdatasync(file)
        return 1

    try:
        return await rate(range(1_000_000), append)
    finally:
        os.close(file)


async def raw_sqlite(folder: Path) -> float:
    """Rows a second of bare groups: no index, no counters, no threads."""
    db = sqlite3.connect(folder / "raw.db", isolation_level=None)
    for statement in (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "CREATE TABLE c (seq INTEGER PRIMARY KEY, id TEXT, collector TEXT, taken_at REAL, payload BLOB)",
    ):
        db.execute(statement)

    async def put(group: list[Capture]) -> int:
        rows = [(one.capture_id, one.collector, one.taken_at, one.payload) for one in group]
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO c (id, collector, taken_at, payload) VALUES (?, ?, ?, ?)", rows)
        db.execute("COMMIT")
        return len(group)

    try:
        return await rate(stock(), put)
    finally:
        db.close()


def sqlite_opener(folder: Path, name: str) -> Callable[[], Awaitable[Queue]]:
    create_file(folder / name)
    return lambda: open_queue_of_thread("", folder / name)


def writer_on(folder: Path, opener: Callable[[], Awaitable[Queue]]) -> Writer:
    writer = Writer(opener, Blobs(str(folder / "blobs")), disk_free=lambda: (1 << 40, 1 << 40))
    writer.start()
    return writer


async def grouped(writer: Writer) -> float:
    """Captures a second that a writer makes durable for two callers, who wait after every 64."""

    async def offer(group: list[Capture]) -> int:
        kept = [writer.offer(one, wait=n == GROUP - 1) for n, one in enumerate(group)]
        last = kept[-1]
        assert isinstance(last, asyncio.Future)
        assert await last
        return GROUP

    groups = stock()
    try:
        return sum(await asyncio.gather(rate(groups[::2], offer), rate(groups[1::2], offer)))
    finally:
        await writer.stop()


async def awaited(writer: Writer) -> float:
    """Captures a second when each is awaited before the next."""

    async def offer(one: Capture) -> int:
        kept = writer.offer(one, wait=True)
        assert isinstance(kept, asyncio.Future)
        assert await kept
        return 1

    try:
        return await rate(captures(20_000), offer)
    finally:
        await writer.stop()


async def put_groups(queue: Queue) -> float:
    async def put(group: list[Capture]) -> int:
        return len(await queue.put_many(group, {}))

    return await rate(stock(), put)


async def drained(queue: Queue) -> float:
    """Captures a second that are leased and acknowledged in batches of 64."""
    for _ in range(200):
        await queue.put_many(captures(200), {})

    async def batch(_: int) -> int:
        return await queue.ack(await queue.lease(GROUP, now=time.time(), ttl=60, worker="bench"))

    return await rate(range(200 * 200 // GROUP), batch)


async def copied(url: str) -> float:
    """Rows a second of PostgreSQL's COPY in groups of 64, into a table with the same indexes."""
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE floor (LIKE captures INCLUDING ALL)")
    columns = ["capture_id", "fingerprint", "collector", "taken_at", "ready_at", "payload"]

    async def copy(group: list[Capture]) -> int:
        rows = [
            (id, fingerprint, collector, taken_at, taken_at, payload)
            for id, fingerprint, collector, taken_at, _, _, payload in map(put_row, group)
        ]
        await connection.copy_records_to_table("floor", records=rows, columns=columns)
        return len(group)

    try:
        return await rate(stock(), copy)
    finally:
        await connection.close()


async def rows(scratch: Path) -> list[Row]:
    folder = scratch / "capture"
    folder.mkdir()
    found = await _on_sqlite(folder)
    try:
        return [*found, *await _on_postgres(folder)]
    except OSError:
        return [*found, Row("PostgreSQL: none at 127.0.0.1:5432", 0, "/s", "", False)]


async def _on_sqlite(folder: Path) -> list[Row]:
    raw = await raw_sqlite(folder)
    writer = await grouped(writer_on(folder, sqlite_opener(folder, "grouped.db")))
    queue = await sqlite_opener(folder, "put.db")()
    put = await put_groups(queue)
    await queue.close()
    syncs = await fdatasyncs(folder)
    single = await awaited(writer_on(folder, sqlite_opener(folder, "single.db")))
    queue = await sqlite_opener(folder, "drain.db")()
    drain = await drained(queue)
    await queue.close()
    return [
        at_least("SQLite: put_many, groups of 64 x 1 KiB", put, 40_000, "/s", raw, BARE),
        at_least("SQLite: the writer, groups of 64 x 1 KiB", writer, 40_000, "/s", raw, BARE),
        at_least_of("SQLite: one capture, awaited", [single], [syncs], 0.7, "fdatasync of 4 KiB"),
        at_least("SQLite: lease and ack, batches of 64", drain, 15_000, "/s", raw, BARE),
    ]


async def _on_postgres(folder: Path) -> list[Row]:
    """Raises OSError when there is no server."""
    async with database() as url:
        engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await engine.dispose()
        copy = await copied(url)
        queue = await open_queue_of_thread(url, folder)
        put = await put_groups(queue)
        await queue.close()
        writer = await grouped(writer_on(folder, lambda: open_queue_of_thread(url, folder)))
        queue = await open_queue_of_thread(url, folder)
        drain = await drained(queue)
        await queue.close()
    return [
        at_least_of("PostgreSQL: put_many, groups of 64 x 1 KiB", [put], [copy], 0.5, "COPY"),
        at_least_of("PostgreSQL: the writer, groups of 64 x 1 KiB", [writer], [copy], 0.5, "COPY"),
        at_least("PostgreSQL: lease and ack, batches of 64", drain, 15_000, "/s", copy, "COPY"),
    ]
