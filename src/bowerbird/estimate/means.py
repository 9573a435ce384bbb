"""Means from items of unequal chance, and how many items of equal chance would tell as much."""

from bowerbird.estimate.sample import Floats


def hajek(y: Floats, weights: Floats) -> float:
    """Σwy/Σw for (n,) outcomes and weights, n ≥ 1. Does not need the offered number (Hájek 1971)."""
    relative = weights / weights.max()
    return float(relative @ y / relative.sum())


def horvitz_thompson(y: Floats, weights: Floats, offered: int) -> float:
    """Σwy/N for N offered predictions; unbiased, but may exceed 1 (Horvitz & Thompson 1952).

    Sharper than Hájek's where y is nearly proportional to π, as errors are under a weighted sampler;
    worse for shares. `weights` must be 1/π itself, of every item that was kept.
    """
    return float(weights @ y / offered)


def effective_size(weights: Floats) -> float:
    """(Σw)²/Σw² of (n,) weights: so many items of equal weight tell as much (Kish 1965). 0 for none."""
    heavy = weights[weights > 0]
    if not heavy.size:
        return 0.0
    relative = heavy / heavy.max()
    return float(relative.sum() ** 2 / (relative @ relative))


def total_weight(pi: Floats, repeats: Floats) -> tuple[float, float]:
    """How many predictions (n,) kept items stand for, Σ(1 + repeats)/π, and its standard deviation."""
    again = 1 + repeats
    return float((again / pi).sum()), float(((1 - pi) * again**2 / pi**2).sum() ** 0.5)
