"""What is recorded, by columns: read once, and again when something was added or taken away."""

from collections.abc import Sequence

import pytest
from pond import Pond
from world import World

from bowerbird.collect.blocks import Block, Brief, Shelf
from bowerbird.collect.recorded import Entry, Recorded
from bowerbird.queue import hour_of
from bowerbird.workflows.draws import digest

pytestmark = pytest.mark.anyio

MODEL = 1  # the number of the only one


@pytest.fixture(name="recorded")
async def recorded_fixture(world: World) -> Recorded:
    await Pond.of(world)
    return world.app.services.recorded


def entry(at: float, n: int) -> Entry:
    seen = brief(n)._replace(at=at)._asdict()
    return Entry(MODEL, hour_of(at), sampled=True, taken="", output=b"", input=b"", content=b"", **seen)


def brief(n: int) -> Brief:
    values = b"\0\0\0\x3f\0\0\x80\x3e"  # 0.5 and 0.25
    return Brief(n, 10.0 + n, 0, f"r{n}", f"caller-{n % 2}", "v", "cat\ndog", values, n % 2 == 0, n)


async def add(recorded: Recorded, *entries: Entry) -> None:
    hours = [one.hour for one in entries]
    await recorded.add(entries, {(MODEL, hour): hours.count(hour) for hour in hours})


async def read(recorded: Recorded, since: float = 0) -> list[Block]:
    return [block async for blocks in recorded.blocks(MODEL, since) for block in blocks]


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


async def test_an_hour_that_is_as_it_was_is_not_read_again(world: World, recorded: Recorded) -> None:
    now = world.clock.now
    await add(recorded, entry(now - 3600, 1), entry(now, 2))
    before, after = await read(recorded), await read(recorded)
    assert hashes(after) == [1, 2]
    assert all(one is other for one, other in zip(before, after, strict=True))


async def test_what_another_process_records_is_read(world: World, recorded: Recorded) -> None:
    now = world.clock.now
    other = Recorded(recorded._db, world.clock, per_hour=2, hours=48)
    await add(recorded, entry(now - 3600, 1), entry(now, 5))
    earlier, _ = await read(recorded)
    await add(other, entry(now, 3))
    assert hashes(found := await read(recorded)) == [1, 5, 3]
    assert found[0] is earlier
    await add(other, entry(now, 2))  # 5 has to go
    assert hashes(await read(recorded)) == [1, 3, 2]


async def test_what_was_forgotten_is_not_remembered(world: World, recorded: Recorded) -> None:
    """Even where as many were recorded after that."""
    other = Recorded(recorded._db, world.clock, per_hour=100, hours=48)
    await add(recorded, entry(world.clock.now, 1))
    assert hashes(await read(recorded)) == [1]
    await other.forget([MODEL])
    assert await read(recorded) == []
    world.clock.advance(0.001)
    await add(other, entry(world.clock.now, 3))
    assert hashes(await read(recorded)) == [3]


async def test_what_is_too_old_is_left_out_though_its_hour_is_not_over(
    world: World, recorded: Recorded
) -> None:
    begin = hour_of(world.clock.now)
    await add(recorded, entry(begin + 10, 1), entry(begin + 20, 2))
    assert hashes(await read(recorded)) == [1, 2]
    world.clock.advance(begin + 15 + 48 * 3600 - world.clock.now)
    assert hashes(await read(recorded)) == [2]
    assert hashes(await read(recorded)) == [2]
    world.clock.advance(3600)
    await recorded.tidy()
    assert await read(recorded) == []


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
