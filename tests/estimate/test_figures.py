"""Headlines, and when there is none."""

from itertools import product

import numpy as np
import pytest
from estimate.shapes import even, told, uneven
from hypothesis import given, settings
from hypothesis import strategies as st

from bowerbird.errors import Invalid
from bowerbird.estimate.figures import (
    Headline,
    Reason,
    Refused,
    accuracy,
    error_rate,
    headline,
    outlook,
    total_share,
)
from bowerbird.estimate.intervals import wilson, z_of
from bowerbird.estimate.means import effective_size
from bowerbird.estimate.sample import Sample, sample

NAN = float("nan")
ERRORS = np.array([1.0] * 10 + [0.0] * 190)


def refused(sample: Sample, y: object = ERRORS) -> Refused:
    found = headline(sample, np.asarray(y, np.float64))
    assert isinstance(found, Refused)
    return found


def test_a_plain_sample_gives_the_plain_mean_and_wilson() -> None:
    found = told(outlook(even(200), ERRORS))
    (low,), (high,) = wilson(np.array([0.05]), np.array([200.0]), z_of(0.95))
    assert (found.lower, found.value, found.upper) == pytest.approx((low, 0.05, high))
    assert found.basis.effective == pytest.approx(200)


def test_a_headline_speaks_of_what_was_offered_an_outlook_of_what_comes() -> None:
    now, later = told(headline(even(200, 0.75), ERRORS)), told(outlook(even(200, 0.75), ERRORS))
    assert now.value == later.value
    assert now.upper - now.value == pytest.approx((later.upper - later.value) / 2)
    census = told(headline(even(200), ERRORS))
    assert (census.lower, census.upper) == pytest.approx((0.05, 0.05))


def test_what_is_not_labelled_is_no_part_of_what_was_seen() -> None:
    """Of items that were all kept, a quarter is labelled: that is a sample of a quarter, not of all."""
    half = np.concatenate([ERRORS, np.full(600, NAN)])
    found, quarter = told(headline(even(800), half)), told(headline(even(200, 0.25), ERRORS))
    assert (found.lower, found.upper) == pytest.approx((quarter.lower, quarter.upper))
    assert (found.basis.items, found.basis.unlabelled) == (200, 600)


def test_items_of_unknown_chance_are_left_out_and_counted() -> None:
    known, mixed = even(200, 0.1), uneven([0.1] * 200 + [NAN] * 50)
    found = told(headline(mixed, np.concatenate([ERRORS, np.ones(50)])))
    assert found.value == told(headline(known, ERRORS)).value
    assert (found.basis.items, found.basis.unknown, found.basis.unlabelled) == (200, 50, 0)


def test_rare_items_count_for_those_that_were_not_taken() -> None:
    found = told(headline(uneven([1.0] * 100 + [0.1] * 150), np.repeat([1.0, 0.0], [100, 150])))
    assert found.value == pytest.approx(100 / 1600)


def test_repeats_count() -> None:
    found = told(headline(even(200, 0.5, repeats=np.repeat([2, 0], [100, 100])), np.repeat([1.0, 0.0], 100)))
    assert found.value == pytest.approx(0.75)


def test_repeats_that_passed_the_coin_are_counted_without_bias() -> None:
    """Three alike, a coin of π for each: the first that falls stays, with a count of the others."""
    pi, average = 0.3, 0.0
    for coins in product((False, True), repeat=3):
        chance = np.where(coins, pi, 1 - pi).prod()
        if any(coins):
            average += chance * even(1, pi, repeats=sum(coins) - 1).weights[0]
    assert average == pytest.approx(3)


def test_given_strata_replace_those_of_chance() -> None:
    sure, mixed = np.repeat([0, 1], [10, 190]), np.tile([0, 1], 100)
    apart = told(headline(even(200, 0.1, strata=sure), ERRORS))
    together = told(headline(even(200, 0.1, strata=mixed), ERRORS))
    assert apart.value == pytest.approx(together.value)
    assert (apart.lower, apart.upper) != pytest.approx((together.lower, together.upper))


def test_error_rate_and_accuracy_are_two_sides() -> None:
    truth = np.repeat([0, 1, -1], [150, 50, 20])
    predicted = np.repeat([0, 1], [140, 80])
    wrong, right = (told(of(even(220, 0.2), truth, predicted)) for of in (error_rate, accuracy))
    assert wrong.value == pytest.approx(10 / 200)
    assert (right.lower, right.value, right.upper) == pytest.approx(
        (1 - wrong.upper, 1 - wrong.value, 1 - wrong.lower)
    )
    assert wrong.basis.unlabelled == 20


def test_a_region_that_is_never_kept_is_refused() -> None:
    found = refused(even(200, reaches_all=False))
    assert found.reason == Reason.UNREACHED
    assert "exploration" in found.how_to_mend


@pytest.mark.parametrize(("lost", "is_refused"), [(0.01, False), (0.0101, True), (1.0, True)])
def test_more_than_one_percent_of_loss_is_refused(lost: float, is_refused: bool) -> None:
    found = headline(even(200, lost=lost), ERRORS)
    assert isinstance(found, Refused) == is_refused
    assert not isinstance(found, Refused) or found.reason == Reason.LOST


@pytest.mark.parametrize(("n", "is_refused"), [(99, True), (100, False)])
def test_fewer_than_a_hundred_effective_items_are_refused(n: int, is_refused: bool) -> None:
    found = headline(even(n, 0.5), np.zeros(n))
    assert isinstance(found, Refused) == is_refused
    assert not isinstance(found, Refused) or found.reason == Reason.TOO_FEW


def test_who_is_refused_hears_how_many_labels_are_missing() -> None:
    assert refused(even(80, 0.5), np.zeros(80)).how_to_mend == (
        "80 of 100 labelled: label 20 more. All that was kept is labelled: let it collect more."
    )
    labels = np.where(np.arange(120) < 41, 0.0, NAN)
    assert refused(even(120, 0.5), labels).how_to_mend == "41 of 100 labelled: label 59 more."
    uneven_chances = np.repeat([1.0, 0.01], [100, 50])
    assert "tell as much as 5" in refused(uneven(uneven_chances), np.zeros(150)).how_to_mend


@pytest.mark.parametrize("sample", [even(0), even(150)])
def test_nothing_labelled_is_refused(sample: Sample) -> None:
    found = refused(sample, np.full(len(sample.pi), NAN))
    assert (found.reason, "Label" in found.how_to_mend) == (Reason.UNLABELLED, True)


def test_nothing_of_known_chance_is_refused() -> None:
    found = refused(even(200, NAN))
    assert (found.reason, "rate limit" in found.how_to_mend) == (Reason.UNLABELLED, True)


@settings(max_examples=50)
@given(
    st.integers(60, 300),
    st.sampled_from([1, 4, 16]),
    st.integers(0, 2**32 - 1),
    st.floats(0, 0.02),
    st.booleans(),
)
def test_a_headline_appears_exactly_when_every_rule_is_met(
    n: int, unevenness: int, seed: int, lost: float, reaches_all: bool
) -> None:
    random = np.random.default_rng(seed)
    chances = np.maximum(random.random(n) ** unevenness, 0.001)
    chances[random.random(n) < 0.1] = NAN
    known = chances[~np.isnan(chances)]
    may = reaches_all and lost <= 0.01 and effective_size(1 / known) >= 100
    found = headline(uneven(chances, lost=lost, reaches_all=reaches_all), np.zeros(n))
    assert isinstance(found, Headline) == may


def test_totals_are_over_everything_offered() -> None:
    found = total_share(even(200, 0.1, offered=4000), ERRORS)
    assert found == pytest.approx(10 / 0.1 / 4000)
    half = np.where(np.arange(200) % 2 == 0, ERRORS, NAN)
    assert total_share(even(200, 0.1, offered=4000), half) == pytest.approx(5 * 2 / 0.1 / 4000)


def test_there_is_no_total_where_a_part_is_unknown_or_nothing_is_labelled() -> None:
    assert total_share(uneven([0.5, NAN]), [0.0, 1.0]) is None
    assert total_share(even(2), [NAN, NAN]) is None


@pytest.mark.parametrize(
    ("pi", "others"),
    [
        ([0.0], {}),
        ([1.5], {}),
        ([-0.1], {}),
        ([[0.5]], {}),
        ([0.5], {"offered": 0}),
        ([0.5], {"lost": 1.5}),
        ([0.5], {"lost": NAN}),
        ([0.5], {"repeats": -1}),
        ([0.5], {"repeats": NAN}),
        ([0.5], {"repeats": [1, 2]}),
        ([0.5, 0.5], {"explored": [True]}),
        ([0.5, 0.5], {"strata": [1]}),
    ],
)
def test_a_sample_that_cannot_be_is_not_made(pi: object, others: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        uneven(pi, **others)  # type: ignore[arg-type]  # that is the test


@pytest.mark.parametrize("y", [[0.5], [0.5, 2.0], [0.5, -0.1]])
def test_outcomes_must_be_shares_one_for_each_item(y: list[float]) -> None:
    with pytest.raises(Invalid):
        headline(sample([0.5, 0.5], offered=9, lost=0, reaches_all=True), y)
