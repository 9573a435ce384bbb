"""Figures by class."""

import numpy as np
import pytest
from estimate.shapes import even, told, uneven

from bowerbird.errors import Invalid
from bowerbird.estimate.classes import class_errors, class_false_alarms, class_means, class_shares
from bowerbird.estimate.figures import Headline, Reason, Refused, TooFew, headline
from bowerbird.estimate.sample import one_hot

NAN = float("nan")
TRUTH = np.repeat([0, 1, 2], [150, 40, 10])
PREDICTED = np.repeat([0, 1, 1, 2], [140, 10, 45, 5])


def test_shares_add_up_and_each_has_the_effective_size_of_its_class() -> None:
    found = class_shares(even(200, 0.1), one_hot(TRUTH, 3))
    assert not isinstance(found, Refused)
    common, less, rare = found
    assert isinstance(common, Headline)
    assert isinstance(less, Headline)
    assert (common.value, less.value) == pytest.approx((0.75, 0.2))
    assert [figure.basis.items for figure in found] == [150, 40, 10]
    assert rare.basis.effective == pytest.approx(10)


def test_a_class_of_few_has_bounds_but_no_number() -> None:
    found = class_shares(even(200, 0.1), one_hot(TRUTH, 3))
    assert not isinstance(found, Refused)
    rare = found[2]
    assert isinstance(rare, TooFew)
    assert rare.note == "too few"
    assert not hasattr(rare, "value")
    assert 0 < rare.lower < 0.05 < rare.upper < 1


@pytest.mark.parametrize(("n", "kind"), [(29, TooFew), (30, Headline)])
def test_thirty_effective_items_make_a_number(n: int, kind: type) -> None:
    found = class_errors(even(n, 0.5), np.zeros(n, int), np.zeros(n, int), 1)
    assert not isinstance(found, Refused)
    assert isinstance(found[0], kind)


def test_a_heavy_coin_leaves_a_rare_class_with_few_effective_items() -> None:
    """Sixty items of a class are few when two stand for nearly all of it."""
    pi = np.repeat([1.0, 0.005, 0.005], [58, 2, 140])
    found = class_shares(uneven(pi), one_hot(np.repeat([1, 0], [60, 140]), 2))
    assert not isinstance(found, Refused)
    assert isinstance(found[1], TooFew)
    assert found[1].basis.effective < 4


def test_shares_may_be_of_several_classes_at_once() -> None:
    found = class_shares(even(100, 0.1), np.tile([0.5, 1.0], (100, 1)))
    assert not isinstance(found, Refused)
    assert [figure.value for figure in found if isinstance(figure, Headline)] == pytest.approx([0.5, 1.0])


def test_errors_are_among_what_is_of_the_class_false_alarms_among_what_was_said_to_be() -> None:
    errors = class_errors(even(200, 0.1), TRUTH, PREDICTED, 3)
    alarms = class_false_alarms(even(200, 0.1), TRUTH, PREDICTED, 3)
    assert not isinstance(errors, Refused)
    assert not isinstance(alarms, Refused)
    assert isinstance(errors[0], Headline)
    assert isinstance(alarms[1], Headline)
    assert errors[0].value == pytest.approx(10 / 150)
    assert alarms[1].value == pytest.approx(15 / 55)
    assert [figure.basis.items for figure in alarms] == [140, 55, 5]


def test_a_class_is_a_sample_of_its_own() -> None:
    """The figures of a class are those that its items give by themselves."""
    pi = np.linspace(0.3, 1, 200)
    wrong = (np.arange(200) % 7 == 0).astype(float)
    members = np.arange(200) < 150
    found = class_means(uneven(pi), wrong, members[:, None])
    alone = told(headline(uneven(pi[members]), wrong[members]))
    assert not isinstance(found, Refused)
    assert isinstance(found[0], Headline)
    assert (found[0].lower, found[0].value, found[0].upper) == (alone.lower, alone.value, alone.upper)


def test_a_class_without_items_may_be_anything() -> None:
    found = class_errors(even(200, 0.1), TRUTH, PREDICTED, 4)
    assert not isinstance(found, Refused)
    assert isinstance(found[3], TooFew)
    assert (found[3].lower, found[3].upper, found[3].basis.items) == (0, 1, 0)


def test_what_is_not_labelled_belongs_to_no_class() -> None:
    truth = np.where(np.arange(200) < 20, -1, TRUTH)
    found = class_shares(even(200, 0.1), one_hot(truth, 3))
    assert not isinstance(found, Refused)
    assert isinstance(found[0], Headline)
    assert found[0].value == pytest.approx(130 / 180)
    assert (found[0].basis.items, found[0].basis.unlabelled) == (130, 20)


@pytest.mark.parametrize(
    ("others", "reason"), [({"reaches_all": False}, Reason.UNREACHED), ({"lost": 0.02}, Reason.LOST)]
)
def test_what_bars_a_headline_for_all_bars_those_of_classes(others: dict[str, float], reason: Reason) -> None:
    sample = even(200, 0.1, **others)
    for found in (class_shares(sample, one_hot(TRUTH, 3)), class_errors(sample, TRUTH, PREDICTED, 3)):
        assert isinstance(found, Refused)
        assert found.reason == reason


def test_codes_and_tables_are_checked() -> None:
    with pytest.raises(Invalid):
        one_hot([3], 3)
    with pytest.raises(Invalid):
        one_hot([-2], 3)
    with pytest.raises(Invalid):
        class_shares(even(2), [0.5, 0.5])
