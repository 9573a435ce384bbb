"""A store goes away under load and comes back: each prediction is answered, nothing is lost or twice."""

import asyncio
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from clarifai_grpc.grpc.api.service_pb2 import StreamInputsRequest
from nats_server import PROGRAM, NatsServer
from pond import KEPT, Pond
from postgres_server import PostgresServer, programs
from structlog.testing import capture_logs
from world import SUCCESS, world

from bowerbird.processes import run_worker

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

CLIENTS = 4
PACE_S = 0.01  # between two predictions of a client: load, not a wait for anything
PATIENCE_S = 120.0
MUST = os.environ.get("BOWERBIRD_REQUIRE_SERVICES") == "1"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """To print a traceback for all that fails while a store is away would take longer than the drill."""
    with capture_logs():
        yield


class Load:
    """Clients that predict all the time; each answer has to be a success."""

    def __init__(self, pond: Pond) -> None:
        self._pond = pond
        self._more = asyncio.Event()
        self.sent = 0
        self.answered: list[str] = []

    async def client(self, until: asyncio.Event) -> None:
        while not until.is_set():
            self.sent += 1
            text = f"cat=0.9 number {self.sent}"
            answer = await self._pond.predict(text, metadata={"text": text})
            assert answer.status.code == SUCCESS, answer
            self.answered.append(text)
            self._more.set()
            await asyncio.sleep(PACE_S)

    async def answers(self, n: int) -> None:
        """Wait until so many more predictions were answered."""
        enough = len(self.answered) + n
        async with asyncio.timeout(PATIENCE_S):
            while len(self.answered) < enough:
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def under_load(pond: Pond) -> AsyncIterator[Load]:
    """Clients and a worker at work beside the block; after it, all that was taken has been posted."""
    load, enough, stop = Load(pond), asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        worker = group.create_task(run_worker(pond.world.app.settings, stop))
        clients = [group.create_task(load.client(enough)) for _ in range(CLIENTS)]
        yield load
        enough.set()
        await asyncio.gather(*clients)
        assert not worker.done()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await pond.world.collecting.flush()
                figures = (await pond.world.app.funnel("alice", "kept", "c")).figures
                if figures["offered"] == load.sent and not figures["waiting"]:
                    break
                await asyncio.sleep(0.05)
        stop.set()


@asynccontextmanager
async def pond_of(data: Path, **settings: object) -> AsyncIterator[Pond]:
    """A pond at the present time, as the worker reads the clock on the wall; its collector takes all."""
    async with world(data, lease_s=10.0, **settings) as made:  # for what a worker could not give back
        made.clock.now = time.time()
        pond = await Pond.of(made)
        await pond.collect(pre_queue_random_sample=1.0)
        yield pond


async def texts_in(pond: Pond) -> Counter[str]:
    """The texts of everything in the app."""
    found: Counter[str] = Counter()
    last = ""
    while True:
        request = StreamInputsRequest(user_app_id=KEPT, per_page=1000, last_id=last)
        page = (await pond.world.ok("alice", "StreamInputs", request)).inputs
        found.update([await pond.text_of(one) for one in page])
        if len(page) < 1000:
            return found
        last = page[-1].id


async def check_all_are_there_once(pond: Pond, load: Load) -> None:
    assert await texts_in(pond) == Counter(load.answered)
    funnel = await pond.funnel()
    assert not funnel.skipped
    assert funnel.figures["posted"] == funnel.figures["offered"] == len(load.answered) == load.sent


async def test_nats_is_killed_under_load(tmp_path: Path, sqlite_template: Path) -> None:
    if not PROGRAM:
        assert not MUST
        pytest.skip("no nats-server program")
    shutil.copytree(sqlite_template, tmp_path / "data")
    server = NatsServer(tmp_path / "nats", "-js")
    await server.start()
    try:
        async with pond_of(tmp_path / "data", queue_url=f"{server.url}/drill") as pond:
            async with under_load(pond) as load:
                await load.answers(30)
                server.kill()
                await load.answers(30)
                await server.start()
                await load.answers(30)
            await check_all_are_there_once(pond, load)
    finally:
        server.kill()


async def test_postgres_is_killed_under_load(tmp_path: Path) -> None:
    found = programs()
    if found is None:
        assert not MUST
        pytest.skip("no programs of PostgreSQL")
    server = await asyncio.to_thread(PostgresServer, found)
    await asyncio.to_thread(server.start)
    try:
        async with pond_of(tmp_path / "data", database_url=server.url) as pond:
            async with under_load(pond) as load:
                await load.answers(30)
                await asyncio.to_thread(server.kill)
                await load.answers(30)
                await asyncio.to_thread(server.start)
                await load.answers(30)
            await check_all_are_there_once(pond, load)
    finally:
        await asyncio.to_thread(server.kill)
        server.remove()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 MiB in memory."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "none", str(disk)]
    done = subprocess.run(mount, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


async def test_the_disk_is_full_and_has_room_again(small_disk: Path, sqlite_template: Path) -> None:
    shutil.copytree(sqlite_template, small_disk / "data")
    async with pond_of(small_disk / "data") as pond:
        async with under_load(pond) as load:
            await load.answers(30)
            before = list(load.answered)
            fill(small_disk / "filler")
            await load.answers(30)
            # A write may fail before this is seen, and what waits for it is kept.
            while "nearly full" not in pond.world.app.capture_trouble():
                await load.answers(1)
            await load.answers(30)
            (small_disk / "filler").unlink()
            while pond.world.app.capture_trouble():
                await load.answers(1)
            seen = len(load.answered) + CLIENTS  # those under way may have been refused
            await load.answers(30)
        funnel = await pond.funnel()
        assert set(funnel.skipped) == {"overflow"}
        assert funnel.figures["offered"] == len(load.answered)
        found = await texts_in(pond)
        assert found.total() == len(found) == funnel.figures["posted"]
        assert set(before) | set(load.answered[seen:]) <= set(found) <= set(load.answered)


def fill(path: Path) -> None:
    """Take every byte that is left."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:  # no space left
                continue
