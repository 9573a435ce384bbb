"""What a worker clears away: dead letters that are old, payloads that no capture names; and nothing else."""

import pytest
from pond import Pond

from bowerbird.collect.tidy import DAY_S, ORPHANED_S, ROUND_S, Tidier
from bowerbird.queue import Failure, Pick

pytestmark = pytest.mark.anyio
LARGE = "cat=0.9 " + "x" * 100_000


@pytest.fixture
async def pond(pond: Pond) -> Pond:
    await pond.collect(pre_queue_random_sample=1.0)
    return pond


class Elapsed:
    """Time that passes when told to, and is set by nobody."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def payloads(pond: Pond) -> set[str]:
    return {key async for page in pond.world.app.services.payloads.pages_of_keys() for key in page}


async def bury(pond: Pond, text: str) -> None:
    await pond.predict(text)
    await pond.world.collecting.flush()
    queue, now = pond.world.app.services.queue, pond.world.clock()
    leased = await queue.lease(1, now=now, ttl=60, worker="w")
    await queue.bury(leased, error=Failure("post", "no", now))


async def test_dead_letters_are_kept_for_two_weeks_and_go_with_their_payloads(pond: Pond) -> None:
    await bury(pond, LARGE)
    pond.world.clock.advance(DAY_S)
    await bury(pond, f"{LARGE} a=1")
    tidier = Tidier(pond.world.app.services, Elapsed())
    pond.world.clock.advance(13 * DAY_S + 1)
    assert await tidier.purge() == 1
    assert len(await payloads(pond)) == 1
    figures = (await pond.funnel()).figures
    assert (figures["purged"], figures["dead"]) == (1, 1)
    assert await tidier.purge() == 0


async def test_payloads_that_nobody_names_are_swept_up_once_nobody_can_name_them_any_more(pond: Pond) -> None:
    services, elapsed = pond.world.app.services, Elapsed()
    await bury(pond, LARGE)
    await pond.predict(LARGE)
    await pond.world.collecting.flush()
    named = await payloads(pond)
    medium = services.blobs.put(b"a medium")
    orphan = services.payloads.put(b"of a process that was killed before its row was written")
    tidier = Tidier(services, elapsed)
    for seconds in (0.0, ROUND_S, ROUND_S):
        elapsed.now += seconds
        assert await tidier.sweep() == 0
    elapsed.now += ORPHANED_S
    assert await tidier.sweep() == 1
    assert await payloads(pond) == named
    assert len(named) == 2
    assert orphan not in named
    assert services.blobs.exists(medium)
    await services.queue.redrive(Pick())
    assert len(await pond.kept()) == 2
    assert await payloads(pond) == set()


async def test_a_payload_whose_row_came_late_stays(pond: Pond) -> None:
    services, elapsed = pond.world.app.services, Elapsed()
    tidier = Tidier(services, elapsed)
    await pond.predict(LARGE)
    await pond.world.collecting.flush()
    [held] = await services.queue.lease(1, now=pond.world.clock(), ttl=60, worker="w")
    await services.queue.ack([held])  # as if its row was not written yet
    for _ in range(2):
        assert await tidier.sweep() == 0
        elapsed.now += ROUND_S
    await services.queue.put_many([held.capture], {})
    elapsed.now += ORPHANED_S
    assert await tidier.sweep() == 0
    assert len(await pond.kept()) == 1


async def test_rounds_are_made_now_and_then(pond: Pond) -> None:
    elapsed = Elapsed()
    tidier = Tidier(pond.world.app.services, elapsed)
    await bury(pond, "a=1")
    pond.world.clock.advance(20 * DAY_S)
    assert await tidier.run_once() == 1
    await bury(pond, "b=1")
    pond.world.clock.advance(20 * DAY_S)
    elapsed.now += ROUND_S - 1
    assert await tidier.run_once() == 0
    elapsed.now += 1
    assert await tidier.run_once() == 1
