"""Sharper points for a line over time, from what the model said of everything: not for headlines."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bowerbird.errors import Invalid
from bowerbird.estimate.figures import CLASS_SIZE, Basis, Refused, observe, refusal
from bowerbird.estimate.means import hajek
from bowerbird.estimate.sample import Floats, Sample, outcomes

FLAT = 1e-12  # doubts that vary by less lie at one point, but for rounding


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """An estimate in 0..1 without bounds: those that the theory offers are too narrow."""

    value: float
    basis: Basis


def trend_point(
    sample: Sample, y: npt.ArrayLike, doubt: npt.ArrayLike, offered_doubt: float
) -> TrendPoint | Refused:
    """Mean of (n,) outcomes, corrected by how doubtful the kept items were and all the offered were.

    doubt: (n,) 1 - max_prob of each item; offered_doubt: Σ(1 - max_prob) over everything offered.
    The regression estimator ȳ + β(X̄ - x̄) with weighted means (Särndal, Swensson & Wretman 1992, ch. 6).
    Raises Invalid.
    """
    if not 0 <= offered_doubt <= sample.offered:
        raise Invalid(f"offered_doubt: expected 0 to {sample.offered}; it is {offered_doubt}")
    values, doubts = outcomes("y", y, sample.pi.shape), outcomes("doubt", doubt, sample.pi.shape)
    seen = observe(sample, ~np.isnan(values) & ~np.isnan(doubts))
    refused = refusal(sample, seen.basis, CLASS_SIZE)
    if refused:
        return refused
    y, x, w = values[seen.chosen], doubts[seen.chosen], seen.weights
    away = offered_doubt / sample.offered - hajek(x, w)
    return TrendPoint(min(1.0, max(0.0, hajek(y, w) + _slope(x, y, w) * away)), seen.basis)


def _slope(x: Floats, y: Floats, weights: Floats) -> float:
    """Of the line through (m,) points by weighted least squares; 0 if all lie at one x."""
    from_mean = x - hajek(x, weights)
    spread = hajek(from_mean * from_mean, weights)
    return hajek(from_mean * y, weights) / spread if spread > FLAT else 0.0
