"""The truth lies within the bounds as often as they say, in simulated production."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from estimate.traffic import (
    RUNS,
    SEED,
    STRENGTHS,
    Floats,
    collected,
    only_above,
    production,
    threshold,
    weighted,
)

from bowerbird.estimate.figures import Headline, Reason, Refused, headline
from bowerbird.estimate.presets import EXPLORED, PRESETS

COVERED = 0.93
OFF = 0.03
ERRORS = {"good": 0.02, "fair": 0.10}
COLLECTORS = [*PRESETS, "threshold"]
# Learning fastest leaves few effective items: it has a headline only after about thrice the labels.
RATES = {"balanced": 0.06, "learn-fastest": 0.16, "measure-first": 0.04}
TAKEN = 0.05  # by the threshold


@dataclass(frozen=True, slots=True)
class Told:
    """What the runs of one collector gave: shares and means over them."""

    headlines: float
    covered: float  # of those with a headline
    naive: float  # the kept items' error rate minus the truth
    bias: float  # the same of ours


@cache
def told(quality: str, collector: str) -> Told:
    offered, first = production(quality)
    wrong, rows = offered.wrong, []
    random = np.random.default_rng([SEED, *collector.encode()])
    for run, (kept, sample) in enumerate(collected(random, chances(offered.margin, collector), first)):
        truth, naive = wrong[run].mean(), wrong[run, kept].mean()
        found = headline(sample, wrong[run, kept])
        if isinstance(found, Headline):
            is_covered = found.lower <= truth <= found.upper
            rows.append((is_covered, naive - truth, found.value - truth))
    covered, off, bias = np.mean(rows, axis=0)
    return Told(len(rows) / RUNS, covered, off, bias)


def chances(scores: Floats, collector: str) -> Floats:
    """(runs, offered) π."""
    if collector == "threshold":
        return threshold(scores, TAKEN, EXPLORED)
    return weighted(scores, PRESETS[collector], RATES[collector])


@pytest.mark.parametrize("quality", STRENGTHS)
def test_the_models_are_as_good_as_they_should_be(quality: str) -> None:
    assert production(quality)[0].wrong.mean() == pytest.approx(ERRORS[quality], abs=0.005)


@pytest.mark.parametrize("collector", COLLECTORS)
@pytest.mark.parametrize("quality", STRENGTHS)
def test_the_mean_of_what_was_kept_is_far_off(quality: str, collector: str) -> None:
    assert told(quality, collector).naive > OFF


@pytest.mark.parametrize("collector", COLLECTORS)
@pytest.mark.parametrize("quality", STRENGTHS)
def test_the_headline_covers_the_truth(quality: str, collector: str) -> None:
    found = told(quality, collector)
    assert found.headlines == 1
    assert found.covered >= COVERED


@pytest.mark.parametrize("collector", COLLECTORS)
@pytest.mark.parametrize("quality", STRENGTHS)
def test_the_headline_is_not_biased(quality: str, collector: str) -> None:
    assert abs(told(quality, collector).bias) < 0.006


@pytest.mark.parametrize("quality", STRENGTHS)
def test_a_threshold_without_exploration_is_refused_a_headline(quality: str) -> None:
    offered, first = production(quality)
    wrong = offered.wrong
    kept_of = collected(
        np.random.default_rng(SEED), only_above(offered.margin, TAKEN), first, reaches_all=False
    )
    for run, (kept, sample) in enumerate(kept_of):
        found = headline(sample, wrong[run, kept])
        assert isinstance(found, Refused)
        assert found.reason == Reason.UNREACHED
        assert "exploration" in found.how_to_mend
