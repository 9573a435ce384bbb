"""Budgets on real stores: reserved atomically, reported, given back."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select
from workflows.shapes import graph, info, model, view

from bowerbird.collect.budget import Budgets, reserve
from bowerbird.settings import Settings
from bowerbird.store.db import Database
from bowerbird.store.tables import budgets
from bowerbird.workflows.pacing import Report
from bowerbird.workflows.periods import Period, window_at
from bowerbird.workflows.plan import Plan, compile_plan
from bowerbird.workflows.state import State

pytestmark = pytest.mark.anyio
HOUR = 3600


class Clock:
    now = 1_800_000_000.0  # the beginning of an hour

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def db(database_url: str, tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Database]:
    """Each database in turn, migrated."""
    settings = Settings(data=tmp_path / "data", database_url=database_url, _env_file=None)
    if not database_url:
        shutil.copytree(sqlite_template, settings.data)
    db = Database(settings.main_url)
    yield db
    await db.close()


class Process:
    """An API process with a collector that has a budget of so many an hour."""

    def __init__(self, db: Database, clock: Clock, **params: object) -> None:
        self.state = State(clock, shares_budgets=True)
        self.params = {"limit": 50, "period": "hour", **params}
        self.plan: Plan | None = self.compiled()
        self.budgets = Budgets(db, self.state, clock)
        self.is_wanting = False

    def compiled(self) -> Plan:
        flow = graph({"budget": (model("budget-sample", info(**self.params)), [])})
        return compile_plan(flow, "alice/kept/c", state=self.state)

    def offer(self, key: str) -> str:
        assert self.plan is not None
        return self.plan.decide(view(key=key)).reason


async def rows(db: Database) -> list[tuple[int, int, int]]:
    """Granted, spent and offered, by window."""
    query = select(budgets.c.granted, budgets.c.spent, budgets.c.offered).order_by(budgets.c.start)
    async with db.read() as conn:
        return [tuple(row) for row in await conn.execute(query)]


async def test_what_is_asked_for_is_granted_until_the_limit_is_reached(db: Database) -> None:
    window = window_at(Period.HOUR, Clock.now)
    given = []
    for want in (4, 4, 4, -3, 5, 100):
        async with db.write() as conn:
            given.append((await reserve(conn, "c", 10, Report(window, want, 1, 2))).given)
    assert given == [4, 4, 2, -3, 3, 0]
    assert await rows(db) == [(10, 6, 12)]


async def test_a_first_wish_is_bounded_too_and_a_limit_may_be_lowered(db: Database) -> None:
    window = window_at(Period.HOUR, Clock.now)
    async with db.write() as conn:
        assert (await reserve(conn, "c", 10, Report(window, 99))).given == 10
        assert (await reserve(conn, "c", 5, Report(window, 1))).given == 0
        assert (await reserve(conn, "c", 5, Report(window, -2))).given == -2
        assert (await reserve(conn, "d", 5, Report(window, -2))).given == 0


async def test_processes_that_ask_at_once_never_get_more_than_there_is(db: Database) -> None:
    window = window_at(Period.HOUR, Clock.now)

    async def ask(number: int) -> int:
        async with db.write() as conn:
            return (await reserve(conn, "c", 100, Report(window, 7 + number % 3))).given

    assert sum(await asyncio.gather(*(ask(n) for n in range(30)))) == 100


async def test_three_processes_spend_one_budget(db: Database) -> None:
    clock, rng, limit = Clock(), random.Random(1), 300
    processes = [Process(db, clock, limit=limit) for _ in range(3)]
    taken = 0
    for number in range(3000):
        clock.now = Clock.now + HOUR * (number + rng.random()) / 3000
        if number % 50 == 0:
            for process in processes:
                await process.budgets.supply()
        taken += rng.choice(processes).offer(f"{number}") == "taken"
    assert 0.98 * limit <= taken <= limit
    clock.now = Clock.now + HOUR - 1
    for process in processes:
        await process.budgets.supply()
    for process in processes:
        await process.budgets.close()
    first, *following = await rows(db)
    assert first == (taken, taken, 3000)
    assert [row[:2] for row in following] == [(0, 0)]  # what was reserved for the next hour was given back


async def test_what_a_closed_process_held_is_there_for_the_others(db: Database) -> None:
    clock = Clock()
    one, other = Process(db, clock, limit=3), Process(db, clock, limit=3)
    one.offer("a")
    await one.budgets.supply()
    other.offer("b")
    await other.budgets.supply()
    assert other.offer("c") == "budget"  # all three are reserved
    await one.budgets.close()
    await other.budgets.supply()
    clock.now += 1800
    assert other.offer("d") == "taken"


async def test_a_collector_that_is_gone_gives_back_what_it_held(db: Database) -> None:
    process = Process(db, Clock())
    process.offer("a")
    await process.budgets.supply()
    assert (await rows(db))[0][0] > 0
    process.plan = None
    await process.budgets.supply()
    assert [row[0] for row in await rows(db)] == [0]


async def test_the_next_period_begins_with_something_to_spend(db: Database) -> None:
    clock = Clock()
    process = Process(db, clock)
    clock.now += HOUR - 1.5
    process.offer("a")
    await process.budgets.supply()
    clock.now += 2
    assert process.offer("b") in ("taken", "sampled_out")


async def test_while_the_store_is_away_what_is_held_is_spent_and_no_more(db: Database) -> None:
    clock = Clock()
    process = Process(db, clock)
    process.offer("first")
    await process.budgets.supply()
    [(held, _, _)] = await rows(db)
    await db.close()
    process.budgets._db = Database("postgresql+asyncpg://postgres@127.0.0.1:1/nobody-listens")
    taken = 0
    for number in range(200):
        clock.now += 17.0
        taken += process.offer(f"{number}") == "taken"
        if number % 50 == 0:
            await process.budgets.supply()
    assert 0 < taken <= held


async def test_asking_wakes_the_background_task(db: Database) -> None:
    process = Process(db, Clock())
    supplying = asyncio.create_task(process.budgets.keep_supplied())
    await asyncio.sleep(0)
    assert process.offer("a") == "budget"
    for number in range(1000):
        await asyncio.sleep(0.002)
        if process.offer(f"{number}") != "budget":
            break
    else:
        pytest.fail("nothing was reserved")
    supplying.cancel()


async def test_rows_of_long_ago_are_deleted(db: Database) -> None:
    clock = Clock()
    process = Process(db, clock)
    process.offer("a")
    await process.budgets.supply()
    clock.now += 2 * 86_400
    process.offer("b")
    await process.budgets.supply()
    assert len(await rows(db)) == 1
