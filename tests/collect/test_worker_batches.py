"""What the worker does with a batch: it holds on to it, is bounded in time, and finds out who is at fault."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data, Input, Text
from faults import Destination
from pond import Pond
from world import world

from bowerbird.app import poster
from bowerbird.collect.breakers import Breakers
from bowerbird.proto.capture_pb2 import Capture as Payload
from bowerbird.queue import Capture, Pick, Queue
from bowerbird.settings import Settings

pytestmark = pytest.mark.anyio
QUICK = {"lease_s": 0.3, "post_timeout_s": 30.0}
BACKLOG = 100_000
MIB = 1024 * 1024


@pytest.fixture
async def quick(tmp_path: Path) -> AsyncIterator[Pond]:
    """One whose workers hold leases of 0.3 s."""
    async with world(tmp_path / "data", **QUICK) as made:
        yield await Pond.of(made)


class Watched:
    """The queue, with an event for each time that leases were extended."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.extended = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    async def extend(self, *args: Any, **options: Any) -> int:
        held = await self._queue.extend(*args, **options)
        self.extended.set()
        return held


async def begun(pond: Pond, destination: Destination, name: str) -> "asyncio.Task[int]":
    """A worker that waits for the destination."""
    destination.hangs.add("kept")
    working = asyncio.create_task(poster(pond.world.app, name).run_once())
    async with asyncio.timeout(10):
        while not destination.called["kept"]:  # noqa: ASYNC110 - nobody else could tell
            await asyncio.sleep(0)
    return working


async def test_a_lease_is_renewed_while_its_batch_is_in_hand(quick: Pond) -> None:
    services, clock = quick.world.app.services, quick.world.clock
    services.queue = watched = Watched(services.queue)  # type: ignore[assignment]  # it has all methods
    destination = Destination.of(quick.world)
    await quick.collect(pre_queue_random_sample=1.0)
    await quick.predict("a=1")
    await quick.world.collecting.flush()
    working = await begun(quick, destination, "slow")
    for _ in range(4):
        watched.extended.clear()
        await asyncio.wait_for(watched.extended.wait(), 10)
        clock.advance(0.25)
        assert await services.queue.lease(9, now=clock(), ttl=1, worker="other") == []
    destination.mended.set()
    await working
    figures = (await quick.funnel()).figures
    assert (figures["posted"], figures["waiting"]) == (1, 0)


@pytest.mark.parametrize("fails", [False, True])
async def test_a_worker_whose_lease_was_taken_over_overwrites_nothing(pond: Pond, fails: bool) -> None:
    destination = Destination.of(pond.world)
    await pond.collect(pre_queue_random_sample=1.0)
    await pond.predict("a=1", "b=1")
    await pond.world.collecting.flush()
    working = await begun(pond, destination, "slow")
    pond.world.clock.advance(pond.world.app.settings.lease_s + 1)
    destination.hangs.clear()
    assert await poster(pond.world.app, "next").drain() >= 2
    destination.down |= {"kept"} if fails else set()
    destination.mended.set()
    await working
    figures = (await pond.funnel()).figures
    assert (figures["posted"], figures["waiting"], figures["dead"]) == (2, 0, 0)
    assert len(await pond.kept()) == 2


async def test_a_destination_that_hangs_is_given_up_for_now(tmp_path: Path) -> None:
    async with world(tmp_path / "data", post_timeout_s=0.1) as made:
        pond = await Pond.of(made)
        destination = Destination.of(made)
        await pond.collect(pre_queue_random_sample=1.0)
        await pond.predict("a=1")
        destination.hangs.add("kept")
        assert await made.drain() == 1
        made.clock.advance(2)
        queue = made.app.services.queue
        [held] = await queue.lease(1, now=made.clock(), ttl=0, worker="looks")
        assert (held.attempt, [f.stage for f in held.history]) == (2, ["post"])
        assert "0.1 s" in held.history[0].text
        await queue.retry([held], not_before=made.clock(), error=None, burn=False)
        destination.hangs.clear()
        services = made.app.services
        services.settings = services.settings.model_copy(update={"post_timeout_s": 60.0})
        assert len(await pond.kept()) == 1


async def test_a_call_that_is_refused_for_one_of_its_inputs_buries_that_one_only(pond: Pond) -> None:
    destination = Destination.of(pond.world)
    await pond.collect(pre_queue_random_sample=1.0)
    texts = [f"a{n}=1" for n in range(20)]
    await pond.predict(*texts)
    destination.chokes_on = {texts[7]}
    assert len(await pond.kept()) == 19
    [letter] = await pond.world.app.services.queue.dead(Pick())
    assert [(f.stage, f.text) for f in letter.history] == [
        ("post", "The input is not valid. one of all these")
    ]
    destination.chokes_on = set()
    await pond.world.app.services.queue.redrive(Pick())
    assert len(await pond.kept()) == 20


async def test_what_a_worker_may_have_died_of_is_handled_alone(pond: Pond) -> None:
    destination, clock = Destination.of(pond.world), pond.world.clock
    await pond.collect(pre_queue_random_sample=1.0)
    queue = pond.world.app.services.queue
    await pond.predict("a=1", "b=1", "c=1")
    await pond.world.collecting.flush()
    suspects = await queue.lease(2, now=clock(), ttl=1, worker="died")
    [poison] = suspects[:1]
    for _ in range(3):
        clock.advance(1)
        held = await queue.lease(3, now=clock(), ttl=1, worker="died")
        others = [one for one in held if one.capture != poison.capture]
        await queue.retry(others, not_before=clock(), error=None, burn=False)
    clock.advance(1)
    await pond.world.drain()
    assert [letter.capture for letter in await queue.dead(Pick())] == [poison.capture]
    assert sorted(map(len, destination.sent)) == [1, 1]
    assert len(await pond.kept()) == 2


async def test_a_backlog_of_100_000_is_worked_off_at_flat_memory(tmp_path: Path) -> None:
    async with world(tmp_path / "data") as made:
        pond = await Pond.of(made)
        await pond.collect(pre_queue_random_sample=1.0)
        await pond.predict("a=1")
        assert len(await pond.kept()) == 1
        queue = made.app.services.queue
        [row] = await queue.funnel()
        await put_backlog(queue, row.collector, made.clock())
        worker = poster(made.app, "w")
        handled = [await worker.run_once() for _ in range(4)]
        before = resident()
        handled += [await worker.run_once() for _ in range(8)]
        assert handled == [1, *[128] * 11]
        assert resident() - before < 24 * MIB
        assert (await queue.waiting()).count == BACKLOG - sum(handled)


async def put_backlog(queue: Queue, collector: str, now: float) -> None:
    given = Input(data=Data(text=Text(raw="a=1")))
    payload = Payload(input=given.SerializeToString(), model_id="said").SerializeToString()
    for start in range(0, BACKLOG, 10_000):
        ids = (f"{n * 2**100 + n:032x}" for n in range(start + 1, start + 10_001))
        await queue.put_many([Capture(id, collector, now, payload) for id in ids], {})


def resident() -> int:
    """Bytes of memory that this process has."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * 4096


def test_a_breaker_opens_is_tried_and_closes() -> None:
    now = [100.0]
    breakers = Breakers(lambda: now[0], after=2, first_s=4, longest_s=10)
    assert breakers.state("app") == "closed"
    breakers.failed("app", "timeout")
    assert breakers.state("app") == "closed"
    pauses = []
    for _ in range(3):
        breakers.failed("app", "timeout")
        breakers.failed("app", "another of the same batch")
        assert breakers.state("app") == "open"
        start = now[0]
        while breakers.state("app") == "open":
            now[0] += 1
        assert breakers.state("app") == "half-open"
        pauses.append(now[0] - start)
    assert pauses == [4, 8, 10]
    assert breakers.opened == 3
    assert breakers.reasons() == {"app": "another of the same batch"}
    assert breakers.state("other") == "closed"
    breakers.succeeded("app")
    assert (breakers.state("app"), breakers.reason("app")) == ("closed", "")


def test_a_clock_that_is_set_back_keeps_no_breaker_open() -> None:
    now = [10_000.0]
    breakers = Breakers(lambda: now[0], after=1, first_s=4, longest_s=10)
    breakers.failed("app", "timeout")
    now[0] -= 3600
    assert breakers.state("app") == "half-open"


def test_the_worker_may_take_its_time_by_default() -> None:
    settings = Settings(_env_file=None)
    assert settings.post_timeout_s > settings.call_timeout_s > settings.lease_s
