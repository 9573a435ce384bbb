"""Jobs: run once they are due, tried again, given up; nothing is lost with a worker."""

import asyncio
from contextlib import suppress

import pytest
from world import World

from bowerbird.errors import Busy
from bowerbird.jobs import Job, drain, put, rows, run_due, work, worker
from bowerbird.jobs.topics import Interrupted, Topic, pause, topics
from bowerbird.services import Services

pytestmark = pytest.mark.anyio


class Errands:
    """A topic that notes what it did, and fails when told to."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.given_up: list[tuple[str, Exception]] = []
        self.error: Exception | None = None
        self.hold: asyncio.Event | None = None
        self.started = asyncio.Event()

    async def run(self, services: Services, job: Job) -> None:
        self.ran.append(job.key)
        self.started.set()
        if self.hold:
            await self.hold.wait()
        if self.error:
            raise self.error

    async def give_up(self, services: Services, job: Job, error: Exception) -> None:
        self.given_up.append((job.key, error))


@pytest.fixture
def errands(monkeypatch: pytest.MonkeyPatch) -> Errands:
    made = Errands()
    monkeypatch.setattr(
        worker, "topics", lambda: {"errand": Topic("errand", made.run, made.give_up, tries=3)}
    )
    return made


async def add(world: World, *keys: str) -> None:
    async with world.app.services.db.write() as conn:
        await put(conn, [Job("errand", key, b"") for key in keys], world.clock.now)


async def test_a_job_runs_once(world: World, errands: Errands) -> None:
    await add(world, "a", "b")
    assert await drain(world.app.services) == 2
    assert await drain(world.app.services) == 0
    assert sorted(errands.ran) == ["a", "b"]


async def test_a_job_that_waits_already_is_not_put_again(world: World, errands: Errands) -> None:
    await add(world, "a")
    await add(world, "a", "b")
    assert await drain(world.app.services) == 2
    await add(world, "a")
    assert await drain(world.app.services) == 1


async def test_a_job_of_a_transaction_that_fails_is_not_there(world: World, errands: Errands) -> None:
    with suppress(RuntimeError):
        async with world.app.services.db.write() as conn:
            await put(conn, [Job("errand", "a", b"")], world.clock.now)
            raise RuntimeError
    assert await drain(world.app.services) == 0


async def test_a_job_that_is_not_due_waits(world: World, errands: Errands) -> None:
    async with world.app.services.db.write() as conn:
        await put(conn, [Job("errand", "later", b"")], world.clock.now + 10)
    assert await drain(world.app.services) == 0
    world.clock.advance(11)
    assert await drain(world.app.services) == 1


async def test_what_fails_is_tried_again_later_and_then_given_up(world: World, errands: Errands) -> None:
    errands.error = Busy("not now")
    await add(world, "a")
    for attempt in (1, 2, 3):
        assert await drain(world.app.services) == 1
        world.clock.advance(pause(attempt) + 1)
    assert await drain(world.app.services) == 0
    assert errands.ran == ["a"] * 3
    assert errands.given_up == [("a", errands.error)]


async def test_one_that_fails_does_not_hold_up_the_others(world: World, errands: Errands) -> None:
    errands.error = ValueError("a mistake")
    await add(world, "a")
    await drain(world.app.services)
    errands.error = None
    await add(world, "b")
    await drain(world.app.services)
    assert errands.ran == ["a", "b"]


async def test_the_job_of_a_killed_worker_is_taken_by_another(world: World, errands: Errands) -> None:
    services = world.app.services
    await add(world, "a")
    async with services.db.write() as conn:
        (lost,) = await rows.lease(conn, limit=5, now=world.clock.now, until=world.clock.now + 60)
    assert await drain(services) == 0
    world.clock.advance(61)
    assert await drain(services) == 1
    assert errands.ran == ["a"]
    async with services.db.write() as conn:
        assert not await rows.postpone(conn, lost, world.clock.now)


async def test_a_job_that_kills_its_workers_is_given_up(world: World, errands: Errands) -> None:
    await add(world, "a")
    for _ in range(3):
        async with world.app.services.db.write() as conn:
            await rows.lease(conn, limit=5, now=world.clock.now, until=world.clock.now + 60)
        world.clock.advance(61)
    assert await drain(world.app.services) == 1
    assert not errands.ran
    assert isinstance(errands.given_up[0][1], Interrupted)


async def test_two_workers_never_hold_the_same_job(world: World, errands: Errands) -> None:
    await add(world, *(f"job-{n}" for n in range(20)))
    done = await asyncio.gather(*(run_due(world.app.services, limit=10) for _ in range(4)))
    assert sum(done) == 20
    assert len(set(errands.ran)) == 20


async def test_jobs_of_an_unknown_kind_wait_for_a_version_that_knows_them(
    world: World, errands: Errands
) -> None:
    async with world.app.services.db.write() as conn:
        await put(conn, [Job("future", "x", b"")], world.clock.now)
    assert await drain(world.app.services) == 1
    assert await drain(world.app.services) == 0


async def test_a_worker_takes_jobs_as_they_come_and_ends_what_it_began(
    world: World, errands: Errands
) -> None:
    errands.hold, stop = asyncio.Event(), asyncio.Event()
    working = asyncio.create_task(work(world.app.services, stop))
    await add(world, "a")
    await asyncio.wait_for(errands.started.wait(), 5)
    stop.set()
    errands.hold.set()
    await asyncio.wait_for(working, 5)
    assert errands.ran == ["a"]
    assert await drain(world.app.services) == 0


def test_pauses_grow_to_ten_minutes() -> None:
    assert [pause(n) for n in (1, 2, 3, 10, 1000)] == [2.0, 8.0, 32.0, 600.0, 600.0]


def test_topics_are_found() -> None:
    assert "ingest" in topics()
