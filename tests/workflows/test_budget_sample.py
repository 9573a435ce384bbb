"""budget-sample: never more than the limit, nearly all of it, evenly, and with a known probability."""

import math
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from workflows.calibration import Fate, assert_calibrated
from workflows.shapes import above, graph, info, model, output, view

from bowerbird.collect.inclusion import inclusion
from bowerbird.errors import ModelInvalid
from bowerbird.workflows.operators import compile_operator
from bowerbird.workflows.operators.budget_sample import MOST_ACCOUNTS, Purse
from bowerbird.workflows.pacing import Account, Answer, Report
from bowerbird.workflows.periods import Period, Window, window_at
from bowerbird.workflows.plan import Plan, compile_plan
from bowerbird.workflows.state import Memory, State
from bowerbird.workflows.view import View

START = 1_799_971_200.0  # midnight, UTC
DAY = 86_400
ROUND_S = 5.0  # between two rounds of a process, short beside a day


class Clock:
    now = START

    def __call__(self) -> float:
        return self.now


class Store:
    """What the table of budgets does."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.was_unheard = False
        self.rows: dict[Window, list[int]] = {}

    def __call__(self, report: Report) -> Answer:
        row = self.rows.setdefault(report.window, [0, 0, 0])
        given = min(report.want, max(self.limit - row[0], 0))
        for place, n in enumerate((given, report.spent, report.offered)):
            row[place] += n
        assert 0 <= row[0] <= self.limit
        assert row[1] <= row[0] or self.was_unheard  # who heard no answer tells again what it spent
        return Answer(given, row[1], row[2])


class Processes:
    """Several processes with one budget, each asking the store when it must and every now and then."""

    def __init__(self, count: int, limit: int, period: Period, now: float) -> None:
        self.store = Store(limit)
        self.wanting: set[int] = set()
        self.accounts = [Account(limit, period, now, self._need(n)) for n in range(count)]
        self.next_round = now

    def _need(self, number: int) -> Callable[[], None]:
        return lambda: self.wanting.add(number)

    def offer(self, number: int, now: float, rng: random.Random) -> bool:
        while self.next_round <= now:
            for n in range(len(self.accounts)):
                self.supply(n, self.next_round)
            self.next_round += ROUND_S
        if number in self.wanting:
            self.supply(number, now)
        account = self.accounts[number]
        is_taken = rng.random() < account.chance(now)
        account.learn(now, is_spent=is_taken)
        return is_taken

    def supply(self, number: int, now: float) -> None:
        self.wanting.discard(number)
        account = self.accounts[number]
        for report in account.reports(now, 2 * ROUND_S):
            account.settle(report, self.store(report), now)


def diurnal(part: float, rng: random.Random) -> float:
    """Traffic at a part of the day, 1 in the mean: four times as much at noon as at midnight."""
    return 1 - 0.6 * math.cos(2 * math.pi * part)


class Bursty:
    """Now much, now next to nothing, changing some hundred times a day."""

    def __init__(self) -> None:
        self.level, self.until = 0.1, 0.0

    def __call__(self, part: float, rng: random.Random) -> float:
        if part >= self.until:
            self.level = 5.0 if self.level < 1 else 0.2
            self.until = part + rng.expovariate(2000 if self.level > 1 else 400)
        return self.level


Shape = Callable[[float, random.Random], float]


def arrivals(shape: Shape, a_day: int, rng: random.Random) -> Iterator[float]:
    """A day's, in seconds from its beginning."""
    at = 0.0
    while at < DAY:
        at += rng.expovariate(a_day / DAY * shape(at / DAY, rng))
        yield at


@pytest.mark.parametrize("make", [lambda: diurnal, Bursty], ids=["diurnal", "bursty"])
@pytest.mark.parametrize("processes", [1, 3])
def test_the_budget_is_spent_to_one_percent_and_never_exceeded(
    make: Callable[[], Shape], processes: int
) -> None:
    rng, limit = random.Random(5), 2000
    world = Processes(processes, limit, Period.DAY, START)
    for day in range(2):
        hours = [0] * 24
        for at in arrivals(make(), 30_000, rng):
            if at < DAY and world.offer(rng.randrange(processes), START + day * DAY + at, rng):
                hours[int(at // 3600)] += 1
        assert 0.99 * limit <= sum(hours) <= limit
        evenly = limit / 24
        assert all(0.6 * evenly < hour < 1.4 * evenly for hour in hours)


def test_when_there_is_little_traffic_all_of_it_is_taken() -> None:
    rng = random.Random(6)
    world = Processes(1, 1000, Period.DAY, START)
    fates = [world.offer(0, START + at, rng) for at in arrivals(diurnal, 300, rng) if at < DAY]
    assert sum(fates) > 0.9 * len(fates)


def test_a_process_that_dies_takes_only_what_it_held_with_it() -> None:
    rng, limit = random.Random(7), 1000
    world = Processes(3, limit, Period.DAY, START)
    alive, taken = 3, 0
    for at in arrivals(diurnal, 20_000, rng):
        if at > DAY / 2:
            alive = 2
        if at < DAY:
            taken += world.offer(rng.randrange(alive), START + at, rng)
    assert 0.97 * limit <= taken <= limit


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["offer", "supply", "lost", "close", "wait"]), st.integers(0, 2), st.floats(0, 40)
    ),
    max_size=120,
)


@settings(max_examples=60)
@given(OPERATIONS, st.integers(1, 30), st.integers(0, 2**32))
@example([("supply", 0, 0.0), ("offer", 0, 1.0), ("lost", 0, 0.0), ("supply", 0, 0.0)], 1, 0)
def test_whatever_happens_the_limit_holds(
    operations: list[tuple[str, int, float]], limit: int, seed: int
) -> None:
    """Also when answers of the store are lost, and when the clock goes back."""
    rng = random.Random(seed)
    world = Processes(3, limit, Period.MINUTE, START)
    world.next_round = math.inf
    now, taken = START, dict[Window, int]()
    for what, number, amount in operations:
        account = world.accounts[number]
        if what == "offer":
            window = window_at(Period.MINUTE, now)
            for _ in range(int(amount)):
                taken[window] = taken.get(window, 0) + world.offer(number, now, rng)
        elif what == "supply":
            world.supply(number, now)
        elif what == "wait":
            now += amount - 5
        else:
            reports = account.close(now) if what == "close" else account.reports(now, 60)
            for report in reports:
                world.store.was_unheard |= what == "lost"
                answer = world.store(report)
                account.settle(report, answer if what == "close" else None, now)
        assert all(n <= limit for n in taken.values())


def budget(clock: Clock, *, state: State | None = None, **params: object) -> Plan:
    flow = graph({"budget": (model("budget-sample", info(**params)), [])})
    return compile_plan(flow, "collector", state=state or State(clock))


def test_the_first_is_taken_and_the_limit_says_that_it_is_reached() -> None:
    clock = Clock()
    plan = budget(clock, limit=1)
    assert plan.decide(view()).reason == "taken"
    clock.now += 1
    seen = view()
    assert plan.decide(seen).reason == "budget"
    assert inclusion(plan, seen) == 0
    clock.now += DAY
    assert plan.decide(view()).reason == "taken"


def test_a_lost_coin_is_no_matter_of_the_budget() -> None:
    clock = Clock()
    plan = budget(clock, limit=10)
    reasons = []
    for number in range(100):
        clock.now += 0.001
        reasons.append(plan.decide(view(key=f"{number}")).reason)
    assert set(reasons) == {"taken", "sampled_out"}


def test_until_something_is_reserved_a_shared_budget_takes_nothing_and_asks() -> None:
    asked = []
    state = State(Clock(), shares_budgets=True)
    state.need = lambda: asked.append(1)
    plan = budget(Clock(), limit=10, state=state)
    assert [plan.decide(view()).reason for _ in range(3)] == ["budget"] * 3
    assert len(asked) == 1
    [account] = state.cells(Purse)[0].accounts().values()
    for report in account.reports(START, 1):
        account.settle(report, Answer(report.want, 0, 0), START)
    assert plan.decide(view()).reason in ("taken", "sampled_out")


def test_each_caller_and_concept_has_a_budget_if_asked() -> None:
    clock = Clock()
    plan = budget(clock, limit=1, per=["caller", "concept"])
    cat, dog = output({"cat": 0.9, "dog": 0.1}), output({"dog": 0.9})
    views = [view(cat), view(cat), view(dog), view(cat, caller="bob")]
    assert [plan.decide(one).reason for one in views] == ["taken", "budget", "taken", "taken"]


def test_there_are_only_so_many_accounts() -> None:
    purse = Purse(Memory(State(), "c", "n"), 5, Period.DAY)
    for number in range(MOST_ACCOUNTS + 50):
        purse.account(f"user-{number}", START)
    assert len(purse.accounts()) == MOST_ACCOUNTS
    assert f"c\nn\nuser-{MOST_ACCOUNTS + 49}" in purse.accounts()


def test_what_a_later_node_drops_costs_nothing() -> None:
    nodes = {
        "budget": (model("budget-sample", info(limit=1)), []),
        "cats": (above({"cat": 0.5}), ["budget"]),
    }
    clock = Clock()
    plan = compile_plan(graph(nodes), "collector", state=State(clock))
    reasons = []
    for value in (0.25, 0.75, 0.75):
        seen = view(output({"cat": value}))
        seen.digest = 1
        reasons.append(plan.decide(seen).reason)
        clock.now += DAY - 2  # so long that the next has a chance of 1
    assert reasons[0] == "filtered"
    assert "taken" in reasons[1:]


def test_what_is_spent_survives_a_new_plan() -> None:
    clock = Clock()
    state = State(clock)
    old = budget(clock, limit=1, state=state)
    old.decide(view())
    assert budget(clock, limit=1, state=state).decide(view()).reason == "budget"


def test_it_is_taken_as_often_as_its_probability_says() -> None:
    rng, clock = random.Random(8), Clock()
    plan = budget(clock, limit=3000)
    shape = Bursty()

    def fates() -> Iterator[Fate]:
        data = output()
        for _ in range(100_000):
            clock.now += rng.expovariate(100_000 / DAY * shape((clock.now - START) / DAY, rng))
            seen = View.of(data, input=None, caller="alice", key="")
            seen.digest = rng.getrandbits(64)
            taken = plan.decide(seen).taken
            p = inclusion(plan, seen)
            assert p is not None
            assert p > 0 or not taken
            yield p, taken

    assert_calibrated(fates())


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("minute", "12:34:00", "12:35:00"),
        ("hour", "12:00:00", "13:00:00"),
        ("day", "00:00:00", "00:00:00"),
    ],
)
def test_periods_are_those_of_the_calendar(period: str, start: str, end: str) -> None:
    at = datetime(2024, 2, 29, 12, 34, 56, tzinfo=UTC).timestamp()
    window = window_at(Period(period), at)
    shown = [datetime.fromtimestamp(t, UTC).strftime("%H:%M:%S") for t in (window.start, window.end)]
    assert shown == [start, end]
    month = window_at(Period.MONTH, at)
    assert month.length == 29 * DAY
    assert month.start <= window.start < window.end <= month.end


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"limit": 0}, "limit: expected a number from 1"),
        ({"limit": 1.5}, "limit: expected a whole number"),
        ({"period": "week"}, "period: expected one of minute, hour, day, month"),
        ({"per": ["app"]}, "per: expected caller, concept or both"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(params: dict[str, object], says: str) -> None:
    with pytest.raises(ModelInvalid, match=f"output_info.params.{says}"):
        compile_operator("budget-sample", info(**{"limit": 5, **params}))
