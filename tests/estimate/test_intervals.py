"""Intervals: against their formulae, and what holds for any sample."""

import math
from itertools import product

import numpy as np
import pytest
from estimate.shapes import Floats, labelled
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.estimate.intervals import Interval, strata_of, stratified, wilson, z_of
from bowerbird.estimate.means import effective_size, hajek, horvitz_thompson

Z = z_of(0.95)
Labelled = tuple[Floats, Floats]


def of(pi: Floats, y: Floats, z: float = Z) -> Interval:
    return stratified(y, 1 / pi, strata_of(pi), pi, z)


def endless(pi: Floats, y: Floats) -> Interval:
    return stratified(y, 1 / pi, strata_of(pi), np.zeros_like(pi), Z)


def bounds(found: Interval) -> tuple[float, float, float]:
    return found.lower, found.value, found.upper


@pytest.mark.parametrize(
    ("hits", "of_all", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (15, 148, 0.0624, 0.1605), (10, 10, 0.7225, 1.0)],
)
def test_wilson_agrees_with_published_bounds(hits: int, of_all: int, low: float, high: float) -> None:
    found = wilson(np.array([hits / of_all]), np.array([float(of_all)]), Z)
    assert [bound.item() for bound in found] == pytest.approx([low, high], abs=5e-5)


def test_two_strata_are_combined_by_square_and_add() -> None:
    """Written out by hand, with plain numbers, for a coin of 0.1 beside everything doubtful."""
    pi = np.array([1.0] * 40 + [0.1] * 60)
    y = np.array([1.0] * 10 + [0.0] * 30 + [1.0] * 3 + [0.0] * 57)
    parts = [(40, 10, 1.0), (60, 3, 0.1)]
    total = sum(n / p for n, _, p in parts)
    value = sum(hits / p for _, hits, p in parts) / total
    below = above = between = 0.0
    for n, hits, p in parts:
        mean, share = hits / n, n / p / total
        middle, half = (mean + Z * Z / 2 / n), Z * math.sqrt(mean * (1 - mean) / n + Z * Z / 4 / n / n)
        low, high = (middle - half) / (1 + Z * Z / n), (middle + half) / (1 + Z * Z / n)
        below += (1 - p) * share**2 * (mean - low) ** 2
        above += (1 - p) * share**2 * (high - mean) ** 2
        between += n * (1 - p) / p**2 * (mean - value) ** 2 / total**2
    expected = (value - math.sqrt(below + Z * Z * between), value, value + math.sqrt(above + Z * Z * between))
    assert bounds(of(pi, y)) == pytest.approx(expected)


def test_up_to_five_chances_are_strata_and_of_more_the_quintiles() -> None:
    few = strata_of(np.array([0.5, 0.1, 0.5, 0.9, 0.2, 1.0]))
    assert few.tolist() == [2, 0, 2, 3, 1, 4]
    many = strata_of(np.linspace(0.01, 1, 100))
    assert np.bincount(many).tolist() == [20] * 5


def test_items_at_the_floor_are_a_stratum_of_their_own() -> None:
    strata = strata_of(np.concatenate([np.full(50, 0.01), np.linspace(0.02, 1, 50)]))
    assert set(strata[:50]) == {0}
    assert 0 not in strata[50:]


@given(labelled())
def test_bounds_contain_the_mean_and_lie_between_0_and_1(given: Labelled) -> None:
    for found in (of(*given), endless(*given)):
        assert 0 <= found.lower <= found.value <= found.upper <= 1


@given(labelled())
def test_the_value_is_hajeks_mean(given: Labelled) -> None:
    pi, y = given
    assert of(pi, y).value == pytest.approx(float(np.sum(y / pi) / np.sum(1 / pi)))
    assert hajek(y, 1 / pi) == pytest.approx(of(pi, y).value)


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=200), st.floats(0.5, 0.999))
def test_equal_chances_give_the_plain_mean_and_wilson(outcomes: list[float], confidence: float) -> None:
    y, z = np.array(outcomes), z_of(confidence)
    found = stratified(y, np.ones(len(y)), strata_of(np.ones(len(y))), np.zeros(len(y)), z)
    (low,), (high,) = wilson(np.array([y.mean()]), np.array([float(len(y))]), z)
    assert bounds(found) == pytest.approx((low, y.mean(), high))


@given(labelled())
def test_who_saw_everything_has_no_doubt(given: Labelled) -> None:
    _, y = given
    assert bounds(of(np.ones(len(y)), y)) == pytest.approx((y.mean(),) * 3)


@given(labelled(), st.floats(1e-6, 1e6))
def test_only_the_ratio_of_weights_matters(given: Labelled, factor: float) -> None:
    pi, y = given
    scaled = stratified(y, factor / pi, strata_of(pi), np.zeros_like(pi), Z)
    assert bounds(scaled) == pytest.approx(bounds(endless(pi, y)))
    assert effective_size(factor / pi) == pytest.approx(effective_size(1 / pi))


@given(labelled(), st.randoms(use_true_random=False))
def test_the_order_of_items_does_not_matter(given: Labelled, random: object) -> None:
    pi, y = given
    places = list(range(len(y)))
    random.shuffle(places)  # type: ignore[attr-defined]  # hypothesis' random.Random
    assert bounds(of(pi[places], y[places])) == pytest.approx(bounds(of(pi, y)))


@given(labelled(), st.floats(0.01, 0.999), st.floats(0.01, 0.999))
def test_more_confidence_is_never_narrower(given: Labelled, one: float, other: float) -> None:
    loose, strict = (of(*given, z_of(confidence)) for confidence in sorted((one, other)))
    assert strict.lower <= loose.lower + 1e-12
    assert strict.upper >= loose.upper - 1e-12


@given(labelled())
def test_what_is_not_wrong_is_right(given: Labelled) -> None:
    pi, y = given
    wrong, right = of(pi, y), of(pi, 1 - y)
    assert bounds(right) == pytest.approx((1 - wrong.upper, 1 - wrong.value, 1 - wrong.lower))


@given(labelled())
def test_effective_size_lies_between_one_and_the_number_of_items(given: Labelled) -> None:
    pi, _ = given
    assert 1 - 1e-9 <= effective_size(1 / pi) <= len(pi) + 1e-9


def test_effective_size_of_equal_weights_and_of_none() -> None:
    assert effective_size(np.full(7, 3.0)) == pytest.approx(7)
    assert effective_size(np.zeros(3)) == effective_size(np.zeros(0)) == 0


def test_the_least_chance_that_a_coin_can_have_does_not_overflow() -> None:
    pi = np.array([2.0**-64, 2.0**-64, 1.0])
    assert bounds(of(pi, np.array([1.0, 0.0, 1.0])))[1] == pytest.approx(0.5)


def test_horvitz_and_thompson_are_right_on_average_over_all_samples() -> None:
    """Every subset of four predictions, with its chance."""
    pi, y = np.array([0.2, 0.5, 0.9, 1.0]), np.array([1.0, 0.0, 1.0, 1.0])
    average = 0.0
    for outcome in product((False, True), repeat=4):
        taken = np.array(outcome)
        chance = float(np.where(taken, pi, 1 - pi).prod())
        average += chance * horvitz_thompson(y[taken], 1 / pi[taken], 4)
    assert average == pytest.approx(0.75)
