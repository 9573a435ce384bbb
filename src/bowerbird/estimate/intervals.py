"""Intervals that hold for chosen samples: Wilson's within strata of π, combined by square-and-add."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from bowerbird.estimate.sample import Codes, Floats

FEW = 5  # so many distinct π are strata of their own; of more, the quintiles are


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean of outcomes in 0..1, and its bounds."""

    value: float
    lower: float
    upper: float


def z_of(confidence: float) -> float:
    """How many standard deviations two-sided bounds lie away: 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson(mean: Floats, size: Floats, z: float) -> tuple[Floats, Floats]:
    """Bounds of (k,) means in 0..1 over `size` > 0 items each (Wilson 1927).

    For outcomes between 0 and 1 it is wider than need be: their variance is at most mean·(1 - mean).
    """
    centre = (mean + z * z / (2 * size)) / (1 + z * z / size)
    half = z / (1 + z * z / size) * np.sqrt(mean * (1 - mean) / size + z * z / (4 * size * size))
    # Neither beyond 0..1 nor, by rounding, beyond the mean itself.
    lower, upper = np.maximum(0.0, centre - half), np.minimum(1.0, centre + half)
    return np.minimum(lower, mean), np.maximum(upper, mean)


def strata_of(pi: Floats) -> Codes:
    """(n,): stratum of each item: its π if there are at most 5 distinct ones, else its quintile of π."""
    distinct, codes = np.unique(pi, return_inverse=True)
    if len(distinct) <= FEW:
        return codes.astype(np.intp)
    return np.searchsorted(np.quantile(pi, [0.2, 0.4, 0.6, 0.8]), pi)


def stratified(y: Floats, weights: Floats, strata: Codes, drawn: Floats, z: float) -> Interval:
    """Hájek's mean of (n,) outcomes in 0..1, n ≥ 1, with square-and-add bounds (Newcombe 1998).

    Per stratum h: its share of the weights W_h, mean p_h, effective size n_h and Wilson bounds (l_h, u_h).
    lower = p - sqrt(Σ (1 - f_h) W_h² (p_h - l_h)² + z²B), upper likewise with u_h, where
    B = Σ_h Σ_i∈h (1 - f_i) w_i² (p_h - p)² / (Σw)² is for the strata's sizes, which are drawn too.
    `drawn`: (n,) f, the part of such items that was drawn and labelled; 0 speaks of endless traffic.
    """
    w = weights / weights.max()
    _, codes = np.unique(strata, return_inverse=True)
    totals, squares = np.bincount(codes, w), np.bincount(codes, w * w)
    share = totals / totals.sum()
    # Rounding may carry a mean of ones past 1.
    means = np.clip(np.bincount(codes, w * y) / totals, 0.0, 1.0)
    value = min(1.0, float(share @ means))
    low, high = wilson(means, totals**2 / squares, z)
    left = 1 - np.bincount(codes, drawn) / np.bincount(codes)
    spread = np.bincount(codes, (1 - drawn) * w * w) @ (means - value) ** 2 / totals.sum() ** 2
    below = (left * share**2) @ (means - low) ** 2 + z * z * spread
    above = (left * share**2) @ (high - means) ** 2 + z * z * spread
    return Interval(value, max(0.0, value - float(np.sqrt(below))), min(1.0, value + float(np.sqrt(above))))
