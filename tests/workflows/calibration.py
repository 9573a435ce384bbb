"""Whether things are taken as often as their inclusion probabilities say."""

import math
import random
from collections.abc import Callable, Iterator

from bowerbird.collect.inclusion import inclusion
from bowerbird.workflows.plan import Plan
from bowerbird.workflows.view import View

DRAWS = 100_000
GROUPS = 20

Fate = tuple[float, bool]  # the probability, and whether it was taken


def fates(plan: Plan, views: Iterator[View], draws: int = DRAWS) -> Iterator[Fate]:
    """Decide on as many views; the probability is worked out afterwards, as the tap does."""
    for _ in range(draws):
        view = next(views)
        taken = plan.decide(view).taken
        p = inclusion(plan, view)
        assert p is not None
        yield p, taken


def views(rng: random.Random, like: Callable[[], View]) -> Iterator[View]:
    """Views like others, each of a request of its own. What was read of those is not read again."""
    while True:
        old = like()
        view = View.of(old.output, input=None, caller="alice", key="")
        view.values, view.ranked = old.values, old.ranked
        view.digest = rng.getrandbits(64)
        yield view


def assert_calibrated(found: Iterator[Fate]) -> list[Fate]:
    """χ² over groups of like probability: within five standard deviations of what chance gives."""
    ordered = sorted(found, key=lambda fate: fate[0])
    size = -(-len(ordered) // GROUPS)
    statistic, freedom = 0.0, 0
    for start in range(0, len(ordered), size):
        group = ordered[start : start + size]
        expected = math.fsum(p for p, _ in group)
        variance = math.fsum(p * (1 - p) for p, _ in group)
        taken = sum(was_taken for _, was_taken in group)
        if variance < 1:
            assert abs(taken - expected) <= 10
            continue
        statistic += (taken - expected) ** 2 / variance
        freedom += 1
    assert freedom > 0
    assert statistic < freedom + 5 * math.sqrt(2 * freedom)
    return ordered
