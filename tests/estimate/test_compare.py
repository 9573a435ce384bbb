"""The paired difference of two models, and whether the challenger takes over."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from estimate.shapes import even, uneven
from estimate.traffic import OFFERED, POOL, RUNS, SEED, model, only_above, predictions, weighted
from hypothesis import example, given
from hypothesis import strategies as st

from bowerbird.errors import Invalid
from bowerbird.estimate.compare import Comparison, compare
from bowerbird.estimate.figures import Reason, Refused
from bowerbird.estimate.intervals import wilson, z_of
from bowerbird.estimate.presets import BALANCED, EXPLORED, exploration_rate
from bowerbird.estimate.sample import Sample, sample

NAN = float("nan")
INCUMBENT, WORSE, BETTER = 3.45, 3.07, 4.2  # strengths: wrong of 0.10, of 0.13 and of 0.05
TAKEN, RATE = 0.05, 0.06
ALWAYS, HARDLY = 0.99, 0.05  # of the runs


def both(sample: Sample, incumbent: object, challenger: object) -> Comparison:
    found = compare(sample, np.asarray(incumbent, np.float64), np.asarray(challenger, np.float64))
    assert isinstance(found, Comparison), found
    return found


def errors(n: int, *wrong: range) -> np.ndarray:
    return np.isin(np.arange(n), [place for places in wrong for place in places]).astype(float)


def test_a_difference_is_that_of_the_error_rates() -> None:
    found = both(even(200, 0.1), errors(200, range(30)), errors(200, range(20, 35)))
    assert found.difference == pytest.approx((15 - 30) / 200)
    assert found.lower < found.difference < found.bound < found.upper


def test_two_alike_models_do_not_differ_and_nobody_is_promoted() -> None:
    found = both(even(200, 0.1), errors(200, range(30)), errors(200, range(30)))
    assert found.difference == 0
    assert found.lower == pytest.approx(-found.upper)
    assert not found.promotes


def test_where_no_item_is_wrong_of_both_the_bounds_are_newcombes_for_pairs() -> None:
    """10 against 30 wrong of 200: his score bounds with φ, the correlation of the two in a 2×2 table."""
    p, n, z = np.array([10 / 200, 30 / 200]), 200.0, z_of(0.95)
    (low, low_too), (high, high_too) = wilson(p, np.full(2, n), z)
    phi = (0 * 160 - 10 * 30) / math.sqrt(10 * 190 * 30 * 170)
    below, above = (p[0] - low, high_too - p[1]), (high - p[0], p[1] - low_too)
    lower, upper = (math.sqrt(a * a - 2 * phi * a * b + b * b) for a, b in (below, above))
    found = both(even(200, 0.1), errors(200, range(30)), errors(200, range(30, 40)))
    assert (found.lower, found.upper) == pytest.approx((-0.1 - lower, -0.1 + upper))


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**32 - 1))
@example(0.0, 1.0, 1)  # all differ: rounding once put the bound above the interval
def test_swapping_the_models_swaps_the_bounds(wrong: float, wrong_too: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    pi = random.uniform(0.5, 1, 150)
    one, other = (random.random((2, 150)) < [[wrong], [wrong_too]]).astype(np.float64)
    there, back = both(uneven(pi), one, other), both(uneven(pi), other, one)
    assert (there.lower, there.difference, there.upper) == pytest.approx(
        (-back.upper, -back.difference, -back.lower)
    )
    assert -1 <= there.lower <= there.difference <= there.bound <= there.upper <= 1


def test_a_clear_gain_promotes() -> None:
    found = both(even(200, 0.1), errors(200, range(40)), errors(200, range(10)))
    assert found.bound < 0
    assert found.promotes


def test_having_seen_everything_does_not_make_a_chance_gain_sure() -> None:
    found = both(even(200), errors(200, range(3)), errors(200, range(2)))
    assert found.bound > 0
    assert not found.promotes


def test_a_gain_that_exploration_denies_does_not_promote() -> None:
    explored = np.arange(200) >= 190
    found = both(
        even(200, 0.1, explored=explored), errors(200, range(40)), errors(200, range(10), range(198, 200))
    )
    assert found.bound < 0
    assert found.explored == pytest.approx(0.2)
    assert found.explored_items == 10
    assert found.is_contradicted
    assert not found.promotes


def test_exploration_counts_items_of_unknown_chance_too() -> None:
    """Its own coin is a plain one, whatever the rules' chance was."""
    pi = np.where(np.arange(200) < 150, 0.1, NAN)
    found = both(uneven(pi, explored=np.isnan(pi)), errors(200, range(160)), errors(200))
    assert found.explored == pytest.approx(-10 / 50)
    assert found.explored_items == 50
    assert found.basis.unknown == 50


def test_without_exploration_nothing_contradicts() -> None:
    found = both(even(200, 0.1), errors(200, range(40)), errors(200, range(10)))
    assert (found.explored, found.explored_items, found.is_contradicted) == (None, 0, False)


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (even(200, reaches_all=False), Reason.UNREACHED),
        (even(200, lost=0.02), Reason.LOST),
        (even(99), Reason.TOO_FEW),
    ],
)
def test_a_comparison_is_refused_as_a_headline_is(sample: Sample, reason: Reason) -> None:
    zeros = np.zeros(len(sample.pi))
    found = compare(sample, zeros, zeros)
    assert isinstance(found, Refused)
    assert found.reason == reason


def test_errors_must_be_shares() -> None:
    with pytest.raises(Invalid):
        compare(even(2), [0.0, 1.0], [0.0, -1.0])


@dataclass(frozen=True, slots=True)
class Picked:
    """In which share of the runs the challenger was picked, and the bound was right."""

    naive: float
    ours: float
    bounded: float


@cache
def picked(strength: float, collector: str) -> Picked:
    """The challenger beside the incumbent, on what a collector kept of the incumbent's traffic."""
    random = np.random.default_rng(SEED)
    old = model(random, INCUMBENT)
    new = predictions(random, old.truth, strength)
    gain = new.wrong.mean() - old.wrong.mean()
    drawn = random.integers(0, POOL, (RUNS, OFFERED))
    margins, was, now = old.margin[drawn], old.wrong[drawn], new.wrong[drawn]
    rows = []
    chances, exploration = chances_of(collector, margins)
    for run in range(RUNS):
        explored = random.random(OFFERED) < exploration
        kept = np.flatnonzero(explored | (random.random(OFFERED) < chances[run]))
        pi = 1 - (1 - exploration) * (1 - chances[run, kept])
        of = sample(pi, offered=OFFERED, lost=0, reaches_all=True, explored=explored[kept])
        found = both(of, was[run, kept], now[run, kept])
        rows.append((now[run, kept].mean() < was[run, kept].mean(), found.promotes, found.bound >= gain))
    return Picked(*np.mean(rows, axis=0))


def chances_of(collector: str, margins: np.ndarray) -> tuple[np.ndarray, float]:
    """(runs, offered) π of the rules, and the rate of the exploration beside them."""
    if collector == "threshold":
        return only_above(margins, TAKEN), exploration_rate(TAKEN, EXPLORED)
    return weighted(margins, BALANCED, RATE), 0.0


@pytest.mark.parametrize("collector", ["threshold", "balanced"])
def test_a_challenger_that_is_three_points_worse_looks_better_and_is_not_promoted(collector: str) -> None:
    """The incumbent's doubtful items are those it is bad at: any other model shines on them."""
    found = picked(WORSE, collector)
    assert found.naive > ALWAYS
    assert found.ours <= HARDLY


@pytest.mark.parametrize("collector", ["threshold", "balanced"])
def test_a_challenger_that_is_five_points_better_is_promoted_in_half_of_the_runs(collector: str) -> None:
    assert picked(BETTER, collector).ours > 0.5


@pytest.mark.parametrize("collector", ["threshold", "balanced"])
@pytest.mark.parametrize("strength", [WORSE, INCUMBENT, BETTER])
def test_the_one_sided_bound_holds(strength: float, collector: str) -> None:
    assert picked(strength, collector).bounded >= 0.93
