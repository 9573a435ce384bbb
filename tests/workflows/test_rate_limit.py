"""rate-limit: so many a second, and a few at once after a pause."""

import random

import pytest
from workflows.shapes import above, graph, info, model, output, view

from bowerbird.collect.inclusion import inclusion
from bowerbird.errors import ModelInvalid
from bowerbird.workflows.operators import compile_operator
from bowerbird.workflows.plan import Plan, compile_plan
from bowerbird.workflows.state import State


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def limited(clock: Clock, **params: object) -> Plan:
    flow = graph({"limit": (model("rate-limit", info(**params)), [])})
    return compile_plan(flow, "collector", state=State(clock))


def taken(plan: Plan, times: int = 1) -> int:
    return sum(plan.decide(view()).taken for _ in range(times))


def test_a_burst_and_then_the_rate() -> None:
    clock = Clock()
    plan = limited(clock, rate=2, burst=5)
    assert taken(plan, 20) == 5
    for _ in range(10):
        clock.now += 0.5
        assert taken(plan, 3) == 1
    clock.now += 3600
    assert taken(plan, 20) == 5


def test_one_that_was_refused_says_so_and_has_no_known_probability() -> None:
    plan = limited(Clock(), rate=1)
    assert taken(plan) == 1
    seen = view()
    assert plan.decide(seen).reason == "budget"
    assert inclusion(plan, seen) is None


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_clock_that_is_set_stops_nothing_and_lets_one_burst_through(jump: float) -> None:
    clock = Clock()
    plan = limited(clock, rate=1, burst=3)
    taken(plan, 10)
    clock.now += jump
    assert 1 <= taken(plan, 10) <= 3
    clock.now += 1
    assert taken(plan, 10) == 1


def test_in_the_long_run_it_is_the_rate() -> None:
    clock, rng = Clock(), random.Random(1)
    plan = limited(clock, rate=5, burst=10)
    total = 0
    for _ in range(20_000):
        clock.now += rng.expovariate(20)
        total += taken(plan)
    assert 0.98 * 5 * 1000 < total <= 5 * (clock.now - 1000) + 10


def test_what_a_later_node_drops_costs_nothing() -> None:
    nodes = {
        "limit": (model("rate-limit", info(rate=1)), []),
        "cats": (above({"cat": 0.5}), ["limit"]),
    }
    plan = compile_plan(graph(nodes), "collector", state=State(Clock()))
    reasons = [plan.decide(view(output({"cat": value}))).reason for value in (0.25, 0.25, 0.75, 0.75)]
    assert reasons == ["filtered", "filtered", "taken", "budget"]


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ModelInvalid, match="rate: expected a number above 0"):
        compile_operator("rate-limit", info(rate=0))
