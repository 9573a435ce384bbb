"""What only PostgreSQL can do to a put: commit it, and lose the answer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from stores import CATS, NOON, Store, capture, empty

from bowerbird.errors import Busy
from bowerbird.queue import FunnelRow, Queue
from bowerbird.queue.postgres import PostgresQueue

pytestmark = pytest.mark.anyio


class Deaf:
    """A pool whose answers are lost, as often as it is told; what was asked for is done."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.lost = 0

    async def fetch(self, sql: str, *values: object) -> Sequence[Any]:
        found: Sequence[Any] = await self._pool.fetch(sql, *values)
        if self.lost and "INSERT INTO captures" in sql:
            self.lost -= 1
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


@pytest.fixture
async def store(queue_database: str, tmp_path: Path) -> Store:
    await asyncio.to_thread(lambda: asyncio.run(empty(queue_database)))
    return Store(queue_database, tmp_path)


@pytest.fixture
async def queue(store: Store) -> AsyncIterator[Queue]:
    queue = await store.open()
    yield queue
    await queue.close()


@pytest.fixture
def deaf(queue: Queue) -> Deaf:
    assert isinstance(queue, PostgresQueue)
    deaf = Deaf(queue._pool)
    queue._pool = deaf
    return deaf


async def funnel(queue: Queue) -> FunnelRow:
    [row] = await queue.funnel(CATS)
    return row


@pytest.mark.parametrize("lost", [1, 2])
async def test_a_put_whose_answer_was_lost_happens_once(queue: Queue, deaf: Deaf, lost: int) -> None:
    made, skipped = [capture() for _ in range(3)], {(CATS, int(NOON), "sampled-out"): 5}
    deaf.lost = lost
    for _ in range(lost):
        with pytest.raises(Busy):
            await queue.put_many(made, skipped)
    assert await queue.put_many(made, skipped) == {one.capture_id for one in made}
    row = await funnel(queue)
    assert (row.taken, row.skipped) == (3, {"sampled-out": 5})


async def test_what_a_worker_posted_meanwhile_does_not_come_back(
    queue: Queue, deaf: Deaf, store: Store
) -> None:
    made = [capture() for _ in range(3)]
    deaf.lost = 1
    with pytest.raises(Busy):
        await queue.put_many(made, {})
    worker = await store.open()
    assert await worker.ack(await worker.lease(10, now=NOON, ttl=10, worker="one")) == 3
    await worker.close()
    await queue.put_many(made, {})
    assert (await queue.waiting()).count == 0
    row = await funnel(queue)
    assert (row.taken, row.posted, row.skipped) == (3, 3, {})


async def test_the_same_put_again_after_one_that_was_answered_is_one_more(queue: Queue) -> None:
    made = [capture() for _ in range(3)]
    assert len(await queue.put_many(made, {})) == 3
    assert await queue.put_many(made, {}) == set()
    assert (await funnel(queue)).skipped == {"duplicate": 3}


async def test_two_writers_do_not_mistake_each_other(queue: Queue, deaf: Deaf, store: Store) -> None:
    made = [capture() for _ in range(3)]
    other = await store.open()
    deaf.lost = 1
    with pytest.raises(Busy):
        await queue.put_many(made, {})
    assert await other.put_many(made, {}) == set()
    await queue.put_many(made, {})
    await other.close()
    row = await funnel(queue)
    assert (row.taken, row.skipped) == (3, {"duplicate": 3})


async def test_a_writer_that_is_long_gone_is_forgotten(queue: Queue, store: Store) -> None:
    async def writers() -> int:
        connection = await asyncpg.connect(store.database_url)
        count: int = await connection.fetchval("SELECT count(*) FROM capture_writers")
        await connection.execute("UPDATE capture_writers SET put_at = put_at - 100000")
        await connection.close()
        return count

    await queue.put_many([capture()], {})
    assert await writers() == 1
    other = await store.open()
    await other.put_many([capture()], {})
    await other.close()
    assert await writers() == 1
