"""Predictions go on, and nothing is lost uncounted, whatever becomes of the stores behind the collectors."""

import asyncio
import shutil
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from pond import POND, Pond
from world import Tokens, World, world

from bowerbird.app import collecting

pytestmark = pytest.mark.anyio
WAIT_S = 0.3
CALLS = 40
LARGE = "cat=0.9 " + "x" * 100_000


@pytest.fixture
async def pond(tmp_path: Path, sqlite_pond: tuple[Path, Tokens]) -> AsyncIterator[Pond]:
    data, tokens = sqlite_pond
    shutil.copytree(data, tmp_path / "data")
    async with world(tmp_path / "data", dict(tokens), capture_wait_s=WAIT_S) as made:
        pond = Pond(made, made.tokens[POND])
        await pond.collect(pre_queue_random_sample=1.0)
        yield pond


@asynccontextmanager
async def collecting_anew(pond: Pond, **settings: Any) -> AsyncIterator[World]:
    """The same, collecting with other stores than the API uses."""
    app = pond.world.app
    app.settings = app.settings.model_copy(update=settings)
    async with collecting(app) as behind:
        pond.world.collecting = behind
        yield pond.world


async def all_are_answered(pond: Pond, text: str = "a=1") -> None:
    """Only the first may have to wait: else this would take twenty times as long as it may."""
    began = time.monotonic()
    for _ in range(CALLS):
        answer = await pond.predict(text)
        assert answer.status.code == 10000
        assert answer.outputs[0].status.code == 10000
    assert time.monotonic() - began < CALLS * WAIT_S / 2


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - what it waits for happens in another thread
            await asyncio.sleep(0.01)


async def offered(pond: Pond) -> int:
    writer = pond.world.collecting.writer
    await until(lambda: not writer.fill and not writer.trouble)
    return (await pond.funnel()).figures["offered"]


async def test_a_queue_that_another_process_has_locked_holds_up_nobody(pond: Pond) -> None:
    with closing(sqlite3.connect(pond.world.app.settings.queue_file)) as other:
        other.execute("BEGIN IMMEDIATE")
        await all_are_answered(pond)
        assert pond.world.collecting.writer.trouble == "the store is silent"
    assert await offered(pond) == CALLS


async def test_a_blob_store_that_hangs_holds_up_nobody(pond: Pond) -> None:
    services, gate = pond.world.app.services, threading.Event()
    blobs: Any = services.blobs

    class Slow:
        def __getattr__(self, name: str) -> object:
            return getattr(blobs, name)

        async def put_async(self, data: bytes) -> str:
            await asyncio.to_thread(gate.wait)
            return str(await blobs.put_async(data))

    slow: Any = Slow()
    services.blobs = slow
    async with collecting_anew(pond):
        await all_are_answered(pond, LARGE)
        gate.set()
        assert await offered(pond) == CALLS
        assert len(await pond.kept()) == CALLS


async def test_a_server_that_takes_connections_and_never_answers_holds_up_nobody(pond: Pond) -> None:
    held: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda reader, writer: held.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with collecting_anew(pond, database_url=f"postgresql://nobody@127.0.0.1:{port}/none") as made:
        await all_are_answered(pond)
        assert made.collecting.writer.trouble == "the store is silent"
        server.close()
        for writer in held:
            writer.close()
        made.collecting.tap.flush()
        await made.collecting.writer.stop(0.1)
    # What no store would take is counted by the next process.
    await server.wait_closed()
    async with collecting_anew(pond, database_url=""):
        funnel = await pond.funnel()
        assert funnel.skipped == {"overflow": CALLS}


async def test_a_store_that_is_gone_holds_up_nobody(pond: Pond) -> None:
    file = pond.world.app.settings.queue_file
    await pond.predict("a=1")
    away = file.rename(file.with_suffix(".away"))
    await all_are_answered(pond)
    away.rename(file)
    assert await offered(pond) == CALLS + 1


async def test_with_a_full_disk_nothing_is_captured_and_every_prediction_counted(pond: Pond) -> None:
    pond.world.collecting.writer.ring.pause(True)
    await all_are_answered(pond)
    funnel = await pond.funnel()
    assert funnel.skipped == {"overflow": CALLS}
    [row] = await pond.world.app.services.queue.funnel()
    assert row.uncontrolled == row.offered == CALLS
