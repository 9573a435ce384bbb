"""What is recorded, by columns: read once, and again when something was added or taken away."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from pond import Pond
from sqlalchemy import select
from world import World

from bowerbird.collect.blocks import Block, Brief, Shelf
from bowerbird.collect.recorded import Entry, Recorded
from bowerbird.queue import hour_of
from bowerbird.store.tables import models
from bowerbird.workflows.draws import digest

pytestmark = pytest.mark.anyio

MODEL = 1  # where there is no database


@dataclass(frozen=True, slots=True)
class Tape:
    """What is recorded of the pond's model, by one process or another."""

    recorded: Recorded
    model: int  # its number

    async def add(self, *entries: Entry, by: Recorded | None = None) -> None:
        hours = [one.hour for one in entries]
        of_this = [one._replace(model=self.model) for one in entries]
        await (by or self.recorded).add(of_this, {(self.model, hour): hours.count(hour) for hour in hours})

    async def read(self) -> list[Block]:
        return [block async for blocks in self.recorded.blocks(self.model, 0) for block in blocks]


@pytest.fixture(name="tape")
async def tape_fixture(world: World, pond: Pond) -> Tape:
    async with world.app.services.db.read() as conn:
        (number,) = (await conn.execute(select(models.c.seq).where(models.c.id == "said"))).scalars()
    return Tape(world.app.services.recorded, number)


def entry(at: float, n: int) -> Entry:
    seen = brief(n)._replace(at=at)._asdict()
    return Entry(MODEL, hour_of(at), sampled=True, taken="", output=b"", input=b"", content=b"", **seen)


def brief(n: int) -> Brief:
    values = b"\0\0\0\x3f\0\0\x80\x3e"  # 0.5 and 0.25
    return Brief(n, 10.0 + n, 0, f"r{n}", f"caller-{n % 2}", "v", "cat\ndog", values, n % 2 == 0, n)


def hashes(blocks: Sequence[Block]) -> list[int]:
    return [hash for block in blocks for hash in block.hashes.tolist()]


def test_a_block_tells_of_each_prediction_what_is_recorded() -> None:
    rows = [brief(0), brief(1)._replace(concepts="", values=b""), brief(2)._replace(concepts="dog\ncat")]
    block = Block.of(7, rows)
    assert (block.hour, len(block), block.seqs.tolist()) == (7, 3, [0, 1, 2])
    assert block.digests.tolist() == [digest("r0:0"), digest("r1:0"), digest("r2:0")]
    assert block.callers.are("caller-1").tolist() == [False, True, False]
    assert not block.callers.are("nobody").any()
    assert block.has_media.tolist() == [True, False, True]
    assert [(one.ids, one.rows.tolist(), one.values.tolist()) for one in block.alike] == [
        (("cat", "dog"), [0], [[0.5, 0.25]]),
        ((), [1], [[]]),
        (("dog", "cat"), [2], [[0.5, 0.25]]),
    ]
    assert [one.ids[one.tops[0]] for one in block.alike if one.ids] == ["cat", "dog"]


async def test_an_hour_that_is_as_it_was_is_not_read_again(world: World, tape: Tape) -> None:
    now = world.clock.now
    await tape.add(entry(now - 3600, 1), entry(now, 2))
    before, after = await tape.read(), await tape.read()
    assert hashes(after) == [1, 2]
    assert all(one is other for one, other in zip(before, after, strict=True))


async def test_what_another_process_records_is_read(world: World, tape: Tape) -> None:
    now = world.clock.now
    other = Recorded(tape.recorded._db, world.clock, per_hour=2, hours=48)
    await tape.add(entry(now - 3600, 1), entry(now, 5))
    earlier, _ = await tape.read()
    await tape.add(entry(now, 3), by=other)
    assert hashes(found := await tape.read()) == [1, 5, 3]
    assert found[0] is earlier
    await tape.add(entry(now, 2), by=other)  # 5 has to go
    assert hashes(await tape.read()) == [1, 3, 2]


async def test_what_was_forgotten_is_not_remembered(world: World, tape: Tape) -> None:
    """Even where as many were recorded after that."""
    other = Recorded(tape.recorded._db, world.clock, per_hour=100, hours=48)
    await tape.add(entry(world.clock.now, 1))
    assert hashes(await tape.read()) == [1]
    await other.forget([tape.model])
    assert await tape.read() == []
    world.clock.advance(0.001)
    await tape.add(entry(world.clock.now, 3), by=other)
    assert hashes(await tape.read()) == [3]


async def test_what_is_too_old_is_left_out_though_its_hour_is_not_over(world: World, tape: Tape) -> None:
    begin = hour_of(world.clock.now)
    await tape.add(entry(begin + 10, 1), entry(begin + 20, 2))
    assert hashes(await tape.read()) == [1, 2]
    world.clock.advance(begin + 15 + 48 * 3600 - world.clock.now)
    assert hashes(await tape.read()) == [2]
    assert hashes(await tape.read()) == [2]
    world.clock.advance(3600)
    await tape.recorded.tidy()
    assert await tape.read() == []


def test_a_shelf_lets_go_of_what_was_not_asked_for_for_the_longest_time() -> None:
    blocks = [Block.of(7, [brief(n)]) for n in range(4)]
    shelf = Shelf(2 * blocks[0].nbytes)
    for n in (0, 1):
        shelf.put((MODEL, n), (1, None), [blocks[n]])
    assert shelf.find((MODEL, 0), (1, None)) == [blocks[0]]
    shelf.put((MODEL, 2), (1, None), [blocks[2]])
    assert shelf.find((MODEL, 1), (1, None)) is None
    assert shelf.find((MODEL, 0), (1, None)) == [blocks[0]]
    shelf.put((MODEL, 0), (2, None), [blocks[3]])  # in its place
    assert shelf.find((MODEL, 0), (1, None)) is None
    assert shelf.find((MODEL, 2), (1, None)) == [blocks[2]]
    shelf.put((MODEL, 3), (1, None), blocks)  # too large
    assert shelf.find((MODEL, 3), (1, None)) is None
