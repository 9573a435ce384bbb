"""A plan that takes too long costs its items; a machine that is busy costs nothing."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pond import POND, Pond
from world import Tokens, world

from bowerbird.collect.watch import PREDICTIONS, Watch

pytestmark = pytest.mark.anyio
ALWAYS_SLOW_MS = 1e-6  # for the clock on the wall
MODEL = ("alice", "zoo", "said")


@dataclass
class Thread:
    """The time that a thread has used: so many seconds more whenever it is asked for."""

    each: float
    used: float = 0.0

    def __call__(self) -> float:
        self.used += self.each
        return self.used


@asynccontextmanager
async def pond_with(thread: Thread, data: Path, cast: tuple[Path, Tokens]) -> AsyncIterator[Pond]:
    shutil.copytree(cast[0], data)
    async with world(data, dict(cast[1]), used=thread, plan_budget_ms=ALWAYS_SLOW_MS) as made:
        yield Pond(made, made.tokens[POND])


@pytest.fixture
async def pond(tmp_path: Path, sqlite_pond: tuple[Path, Tokens]) -> AsyncIterator[Pond]:
    async with pond_with(Thread(each=0), tmp_path / "data", sqlite_pond) as made:
        yield made


async def test_a_machine_that_is_busy_is_not_the_plans_fault(
    tmp_path: Path, sqlite_pond: tuple[Path, Tokens]
) -> None:
    async with pond_with(Thread(each=0), tmp_path / "data", sqlite_pond) as pond:
        await pond.collect(pre_queue_random_sample=1.0)
        for _ in range(5):
            await pond.predict("a=1")
        assert (await pond.funnel()).figures["taken"] == 5


async def test_a_plan_that_takes_too_long_costs_its_items(
    tmp_path: Path, sqlite_pond: tuple[Path, Tokens]
) -> None:
    async with pond_with(Thread(each=1), tmp_path / "data", sqlite_pond) as pond:
        await pond.collect(pre_queue_random_sample=1.0)
        for _ in range(5):
            assert (await pond.predict("a=1")).status.code == 10000
        funnel = await pond.funnel()
        # The first accused it; what that one cost was spent.
        assert (funnel.figures["taken"], funnel.skipped) == (1, {"error": 4})
        assert pond.world.app.registry.get_sample_value("bowerbird_plan_overruns_total") == 4


async def test_a_collector_that_changes_while_it_is_watched_is_seen_changed(
    tmp_path: Path, sqlite_pond: tuple[Path, Tokens]
) -> None:
    async with pond_with(Thread(each=0), tmp_path / "data", sqlite_pond) as pond:
        await pond.collect(pre_queue_random_sample=1.0)
        await pond.predict("a=1")
        await pond.collect("later", pre_queue_random_sample=1.0)
        await pond.predict("a=1")
        assert (await pond.funnel("later")).figures["taken"] == 1


async def test_the_accused_alone_are_timed_and_only_for_a_while(pond: Pond) -> None:
    for id in ("slow", "quick"):
        await pond.collect(id, pre_queue_random_sample=1.0)
    plain = pond.world.collecting.plans.by_model[MODEL]
    watch = Watch(0.005, Thread(each=0))
    assert watch.timed(MODEL, plain) is plain
    watch.accuse(MODEL, plain[0])
    slow, quick = watch.timed(MODEL, plain)
    assert slow is not plain[0]
    assert quick is plain[1]
    seen = [watch.timed(MODEL, plain) is plain for _ in range(PREDICTIONS)]
    assert seen == [False] * (PREDICTIONS - 1) + [True]
    assert not watch.cases
