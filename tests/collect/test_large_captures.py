"""Captures that are too large for a row: their payload lies in the blob store until they are posted."""

import pytest
from pond import Pond

from bowerbird.app import poster
from bowerbird.queue import Pick

pytestmark = pytest.mark.anyio
LARGE = "cat=0.9 " + "x" * 100_000


async def test_collectors_that_took_the_same_input_have_nothing_in_common(pond: Pond) -> None:
    for id in ("c", "d"):
        await pond.collect(id, pre_queue_random_sample=1.0)
    await pond.predict(LARGE)
    assert sorted(i.data.metadata["collector_id"] for i in await pond.kept()) == ["c", "d"]


async def test_a_worker_that_was_too_slow_leaves_the_payload_to_its_successor(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    await pond.predict(LARGE)
    await pond.world.collecting.flush()
    services, clock = pond.world.app.services, pond.world.clock
    slow, next_one = poster(pond.world.app, "slow"), poster(pond.world.app, "next")
    queue, lease_s = services.queue, services.settings.lease_s

    class Stalled:
        """The queue, at which the slow worker arrives after its lease has ended and another has begun."""

        def __getattr__(self, name: str) -> object:
            return getattr(queue, name)

        async def ack(self, leased: object) -> int:
            services.queue = queue
            clock.advance(lease_s + 1)
            await queue.lease(1, now=clock(), ttl=lease_s, worker="next")
            return await queue.ack(leased)

    services.queue = Stalled()
    await slow.drain()
    clock.advance(lease_s + 1)
    assert await next_one.drain() == 1
    assert await queue.dead(Pick()) == []
    assert len(await pond.kept()) == 1
    assert (await pond.funnel()).figures["posted"] == 1
