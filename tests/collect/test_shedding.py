"""Shedding: as the ring fills less is taken, of low priority first, and the probabilities are recorded."""

import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from pond import KEPT, POND, Pond
from world import Clock, Tokens, world

from bowerbird.collect.shedding import GAP, HIGHEST, LOWEST, MOST_HALVINGS, Shedding
from bowerbird.proto.bowerbird_v1_pb2 import CollectorOptions, PatchCollectorOptionsRequest
from bowerbird.proto.capture_pb2 import Capture

pytestmark = pytest.mark.anyio


def shedding(fill: float) -> Shedding:
    """As it is some seconds after the ring came to that fill."""
    made = Shedding(clock := Clock())
    clock.advance(60)
    made.look(fill)
    return made


def test_nothing_is_shed_below_half_full() -> None:
    made = shedding(0.499)
    assert made.pressure == 0
    assert made.part(LOWEST) == 1


def test_low_priorities_are_shed_first_and_none_to_nothing() -> None:
    parts = [[shedding(fill / 100).part(p) for p in (LOWEST, 0, HIGHEST)] for fill in range(50, 101)]
    for low, usual, high in parts:
        assert low <= usual <= high
    assert [next(n for n, row in enumerate(parts, 50) if row[p] < 1) for p in range(3)] == [51, 68, 85]
    assert parts[-1] == [0.5**MOST_HALVINGS, 0.5**MOST_HALVINGS, 0.0625]


def test_the_pressure_falls_only_once_the_fill_has_fallen_by_a_gap() -> None:
    made = Shedding(clock := Clock())
    for fill, expected in [(0.7, 0.7), (0.7 - GAP, 0.7), (0.45, 0.65), (0.6, 0.65), (0.2, 0.0)]:
        clock.advance(60)
        made.look(fill)
        assert made.pressure == pytest.approx(expected)


def test_the_pressure_moves_no_faster_than_its_rates() -> None:
    made = Shedding(clock := Clock())
    for seconds, fill, expected in [(0, 1.0, 0), (0.02, 1.0, 0.6), (0, 1.0, 0.6), (1, 1.0, 1), (1, 0.0, 0.9)]:
        clock.advance(seconds)
        made.look(fill)
        assert made.pressure == pytest.approx(expected)


def test_a_clock_that_is_put_back_does_no_harm() -> None:
    made = Shedding(clock := Clock())
    clock.advance(-3600)
    made.look(0.9)
    clock.advance(1)
    made.look(0.9)
    assert made.pressure == pytest.approx(0.9)


@pytest.mark.parametrize("share", [0.9, 0.7, 0.35, 0.1, 0.02])
def test_a_store_that_is_too_slow_settles_on_one_part_or_two_neighbours(share: float) -> None:
    made, fill = Shedding(clock := Clock()), 0.0
    parts: list[float] = []
    for _ in range(6000):  # a minute; full in a second when nothing is drained
        clock.advance(0.01)
        part = made.part(0)
        fill = max(fill + 0.01 * (part - share), 0.0)
        made.look(fill)
        assert fill < 1
        parts.append(part)
    settled = parts[1000:]
    assert max(settled) <= 2 * min(settled)
    assert sum(a != b for a, b in pairwise(settled)) < 100  # fewer than two a second


@pytest.fixture
async def pond(tmp_path: Path, sqlite_pond: tuple[Path, Tokens]) -> AsyncIterator[Pond]:
    data, tokens = sqlite_pond
    shutil.copytree(data, tmp_path / "data")
    settings = {"capture_ring_items": 200, "capture_durability": "buffered"}
    async with world(tmp_path / "data", dict(tokens), **settings) as made:
        yield Pond(made, made.tokens[POND])


@contextmanager
def locked(pond: Pond) -> Iterator[None]:
    """Another process holds the lock of the capture queue."""
    with closing(sqlite3.connect(pond.world.app.settings.queue_file)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


async def collect(pond: Pond, id: str, priority: int) -> None:
    await pond.collect(id, pre_queue_random_sample=1.0)
    options = CollectorOptions(priority=priority)
    request = PatchCollectorOptionsRequest(user_app_id=KEPT, collector_id=id, options=options)
    await pond.world.ok("alice", "PatchCollectorOptions", request)
    await pond.settle()


async def predict(pond: Pond, count: int, *, waits: bool = False) -> None:
    """Ask so often; one that waits lets the store keep up, however busy the machine is."""
    for n in range(count):
        if waits and n % 50 == 0:
            await pond.world.collecting.flush()
        pond.world.clock.advance(0.02)
        await pond.predict("a=1", request_id=f"request {n}")


async def taken(pond: Pond) -> dict[str, list[float]]:
    """The recorded probabilities of all that waits, by collector."""
    await pond.world.collecting.flush()
    services = pond.world.app.services
    leased = await services.queue.lease(10_000, now=services.clock() + 1, ttl=0, worker="reader")
    known = pond.world.collecting.plans.known
    found: dict[str, list[float]] = {}
    for one in leased:
        payload = Capture.FromString(one.capture.payload)
        found.setdefault(known[one.capture.collector].message.id, []).append(payload.inclusion_probability)
    return found


async def test_under_pressure_less_is_taken_and_its_probability_says_so(pond: Pond) -> None:
    await collect(pond, "low", LOWEST)
    await collect(pond, "high", HIGHEST)
    with locked(pond):
        await predict(pond, 200)
    found = await taken(pond)
    for id, counts in {id: Counter(found[id]) for id in ("low", "high")}.items():
        funnel = await pond.funnel(id)
        assert funnel.figures["offered"] == 200
        assert funnel.skipped == {"shed": 200 - counts.total()}
        assert set(counts) <= {0.5**n for n in range(MOST_HALVINGS + 1)}
        # What was taken stands for all that was offered: within three standard deviations, or so.
        variance = sum((1 / pi - 1) / pi * n for pi, n in counts.items())
        assert abs(sum(n / pi for pi, n in counts.items()) - 200) < 3 * variance**0.5 + 1
    assert len(found["low"]) < 75 < len(found["high"])


async def test_once_the_store_keeps_up_again_everything_is_taken(pond: Pond) -> None:
    await collect(pond, "c", 0)
    with locked(pond):
        await predict(pond, 300)
    collecting = pond.world.collecting
    assert collecting.shedding.part(0) < 1
    await recover(pond)
    before = (await pond.funnel()).skipped["shed"]
    await pond.predict("a=1", "b=1")
    assert (await pond.funnel()).skipped["shed"] == before


async def recover(pond: Pond) -> None:
    collecting = pond.world.collecting
    await collecting.flush()
    pond.world.clock.advance(60)
    collecting.shedding.look(collecting.writer.fill)


async def test_a_request_that_is_sent_again_with_less_pressure_is_never_lost(pond: Pond) -> None:
    await collect(pond, "c", 0)
    with locked(pond):
        await predict(pond, 250)
    await recover(pond)
    first = (await pond.funnel()).figures["taken"]
    await predict(pond, 250, waits=True)
    funnel = await pond.funnel()
    assert funnel.figures["taken"] == 250
    assert (funnel.skipped["duplicate"], funnel.skipped["shed"]) == (first, 250 - first)
