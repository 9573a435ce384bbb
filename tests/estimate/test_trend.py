"""The regression estimator, for lines over time."""

import numpy as np
import pytest
from estimate.shapes import even, uneven
from estimate.traffic import OFFERED, SEED, collected, production, weighted

from bowerbird.errors import Invalid
from bowerbird.estimate.figures import Headline, Reason, Refused, headline
from bowerbird.estimate.presets import BALANCED
from bowerbird.estimate.trend import TrendPoint, trend_point


def test_errors_that_follow_doubt_exactly_are_known_exactly() -> None:
    doubt = np.linspace(0, 0.8, 200)
    found = trend_point(even(200, 0.1, offered=2000), doubt / 2, doubt, 2000 * 0.1)
    assert isinstance(found, TrendPoint)
    assert found.value == pytest.approx(0.05)


def test_doubt_that_never_differs_corrects_nothing() -> None:
    wrong = (np.arange(200) < 20).astype(float)
    found = trend_point(even(200, 0.1), wrong, np.full(200, 0.3), 0)
    assert isinstance(found, TrendPoint)
    assert found.value == pytest.approx(0.1)


def test_a_point_has_no_bounds() -> None:
    found = trend_point(even(200, 0.1), np.zeros(200), np.zeros(200), 0)
    assert isinstance(found, TrendPoint)
    assert not hasattr(found, "lower")


def test_a_point_stays_between_0_and_1() -> None:
    doubt = np.linspace(0, 0.5, 100)
    found = trend_point(even(100, offered=1000), doubt, doubt * 0.5, 1000)
    assert isinstance(found, TrendPoint)
    assert found.value == 1


@pytest.mark.parametrize(("n", "is_refused"), [(29, True), (30, False)])
def test_below_thirty_effective_items_there_is_no_point(n: int, is_refused: bool) -> None:
    found = trend_point(even(n), np.zeros(n), np.zeros(n), 0)
    assert isinstance(found, Refused) == is_refused
    assert not isinstance(found, Refused) or found.reason == Reason.TOO_FEW


def test_what_is_never_kept_cannot_be_drawn_as_a_line() -> None:
    found = trend_point(even(200, reaches_all=False), np.zeros(200), np.zeros(200), 0)
    assert isinstance(found, Refused)
    assert found.reason == Reason.UNREACHED


def test_totals_are_checked() -> None:
    with pytest.raises(Invalid):
        trend_point(uneven([0.5], offered=10), [0.0], [0.0], 11)


def test_it_is_nearer_to_the_truth_than_the_headline() -> None:
    offered, first = production("fair")
    wrong, doubt = offered.wrong, offered.doubt
    runs = collected(np.random.default_rng(SEED), weighted(offered.margin, BALANCED, 0.06), first)
    misses = []
    for run, (kept, sample) in enumerate(runs):
        plain = headline(sample, wrong[run, kept])
        point = trend_point(sample, wrong[run, kept], doubt[run, kept], doubt[run].sum())
        assert isinstance(plain, Headline)
        assert isinstance(point, TrendPoint)
        truth = wrong[run].sum() / OFFERED
        misses.append(((plain.value - truth) ** 2, (point.value - truth) ** 2))
    of_headlines, of_points = np.sqrt(np.mean(misses, axis=0))
    assert of_points < of_headlines
