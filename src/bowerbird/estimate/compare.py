"""Is the challenger better than the incumbent? The paired difference of two models on the same items."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bowerbird.estimate.figures import CONFIDENCE, HEADLINE_SIZE, Basis, Observed, Refused, observe, refusal
from bowerbird.estimate.intervals import Interval, stratified, z_of
from bowerbird.estimate.means import hajek
from bowerbird.estimate.sample import Floats, Sample, outcomes


@dataclass(frozen=True, slots=True)
class Comparison:
    """Error rate of the challenger minus the incumbent's, over traffic like that offered."""

    difference: float  # below 0: the challenger is better
    lower: float  # two-sided, at the basis' confidence
    upper: float
    bound: float  # the one-sided upper bound, at the same confidence
    explored: float | None  # the difference on the items of the exploration coin alone; None without any
    explored_items: int
    basis: Basis

    @property
    def is_contradicted(self) -> bool:
        """Does the exploration stream, which needs no weights, point the other way?"""
        return self.explored is not None and self.explored > 0

    @property
    def promotes(self) -> bool:
        """May the challenger take over? Only if it is surely better and exploration does not deny it."""
        return self.bound < 0 and not self.is_contradicted


def compare(
    sample: Sample, incumbent: npt.ArrayLike, challenger: npt.ArrayLike, confidence: float = CONFIDENCE
) -> Comparison | Refused:
    """From (n,) errors in 0..1 of both models on the same items; NaN: not labelled. Raises Invalid."""
    differences = outcomes("challenger", challenger, sample.pi.shape) - outcomes(
        "incumbent", incumbent, sample.pi.shape
    )
    seen = observe(sample, ~np.isnan(differences), confidence)
    refused = refusal(sample, seen.basis, HEADLINE_SIZE)
    if refused:
        return refused
    seen, d = seen.endless(), differences[seen.chosen]  # the winner is for the traffic to come
    both, one_sided = _difference(seen, d, z_of(confidence)), _difference(seen, d, z_of(2 * confidence - 1))
    drawn = sample.explored & ~np.isnan(differences)
    return Comparison(
        difference=both.value,
        lower=both.lower,
        upper=both.upper,
        bound=min(one_sided.upper, both.upper),  # rounding may put it an ulp above
        explored=hajek(differences[drawn], 1 + sample.repeats[drawn]) if drawn.any() else None,
        explored_items=int(drawn.sum()),
        basis=seen.basis,
    )


def _difference(seen: Observed, d: Floats, z: float) -> Interval:
    """Mean of (m,) differences in -1..1: that of their positive parts minus that of their negative ones.

    The bounds of both are squared and added, less their correlation (Newcombe 1998, paired). As no item
    is in both parts, that is taken for a multinomial's: -sqrt(ab/((1 - a)(1 - b))).
    """
    worse = stratified(np.maximum(d, 0), seen.weights, seen.strata, seen.drawn, z)
    better = stratified(np.maximum(-d, 0), seen.weights, seen.strata, seen.drawn, z)
    a, b = worse.value, better.value
    correlation = -math.sqrt(min(1.0, a * b / ((1 - a) * (1 - b)))) if a < 1 and b < 1 else 0.0
    value = a - b
    below = _added(a - worse.lower, better.upper - b, correlation)
    above = _added(worse.upper - a, b - better.lower, correlation)
    return Interval(value, max(-1.0, value - below), min(1.0, value + above))


def _added(one: float, other: float, correlation: float) -> float:
    """The deviation of a difference from those of its two parts."""
    return math.sqrt(one * one + other * other - 2 * correlation * one * other)
