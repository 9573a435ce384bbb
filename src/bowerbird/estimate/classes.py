"""Figures by class, each with the effective size of its own items."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bowerbird.estimate.figures import (
    CLASS_SIZE,
    CONFIDENCE,
    Basis,
    Headline,
    Observed,
    Refused,
    TooFew,
    observe,
    refusal,
)
from bowerbird.estimate.intervals import Interval
from bowerbird.estimate.means import effective_size
from bowerbird.estimate.sample import Bools, Floats, Sample, one_hot, outcomes, wrong

Figures = tuple[Headline | TooFew, ...]


def class_shares(sample: Sample, shares: npt.ArrayLike, confidence: float = CONFIDENCE) -> Figures | Refused:
    """Share of each of K classes in what was offered, from (n, K) shares in 0..1, as `one_hot` makes them.

    A row with NaN is not labelled. The effective size is that of the items of the class. Raises Invalid.
    """
    table = _table("shares", sample, shares)
    labelled = ~np.asarray(np.isnan(table).any(axis=1), np.bool_)
    seen = observe(sample, labelled, confidence)
    refused = refusal(sample, seen.basis, 0)
    if refused:
        return refused
    columns = table[seen.chosen].T
    return tuple(
        _figure(seen.interval(column), _of_class(seen.basis, column, seen.weights)) for column in columns
    )


def class_means(
    sample: Sample, y: npt.ArrayLike, members: npt.ArrayLike, confidence: float = CONFIDENCE
) -> Figures | Refused:
    """Mean of (n,) outcomes in 0..1 within each of K classes, given (n, K) who belongs: 0 or 1.

    A NaN in either is not labelled. A class without an item has the bounds 0 and 1. Raises Invalid.
    """
    values, table = outcomes("y", y, sample.pi.shape), _table("members", sample, members)
    labelled = ~np.asarray(np.isnan(values) | np.isnan(table).any(axis=1), np.bool_)
    seen = observe(sample, labelled, confidence)
    refused = refusal(sample, seen.basis, 0)
    if refused:
        return refused
    return tuple(_within(sample, seen, values, column) for column in table.T)


def class_errors(
    sample: Sample,
    truth: npt.ArrayLike,
    predicted: npt.ArrayLike,
    classes: int,
    confidence: float = CONFIDENCE,
) -> Figures | Refused:
    """Error rate among the predictions whose truth is the class, 1 - recall, from (n,) class codes."""
    return class_means(sample, wrong(truth, predicted), one_hot(truth, classes), confidence)


def class_false_alarms(
    sample: Sample,
    truth: npt.ArrayLike,
    predicted: npt.ArrayLike,
    classes: int,
    confidence: float = CONFIDENCE,
) -> Figures | Refused:
    """Error rate among the predictions that said the class, 1 - precision, from (n,) class codes."""
    return class_means(sample, wrong(truth, predicted), one_hot(predicted, classes), confidence)


def _within(sample: Sample, seen: Observed, y: Floats, members: Floats) -> Headline | TooFew:
    belongs = members[seen.chosen] > 0
    basis = _of_class(seen.basis, belongs.astype(np.float64), seen.weights)
    if not basis.items:
        return _figure(Interval(0.0, 0.0, 1.0), basis)
    return _figure(_part(sample, seen, belongs).interval(y[seen.chosen][belongs]), basis)


def _part(sample: Sample, seen: Observed, belongs: Bools) -> Observed:
    """The items of a class. Their strata are their own quintiles, not those of all."""
    chosen = seen.chosen.copy()
    chosen[seen.chosen] = belongs
    part = observe(sample, chosen, seen.basis.confidence)
    return replace(part, drawn=seen.drawn[belongs])


def _of_class(basis: Basis, shares: Floats, weights: Floats) -> Basis:
    return replace(basis, items=int((shares > 0).sum()), effective=effective_size(weights * shares))


def _figure(found: Interval, basis: Basis) -> Headline | TooFew:
    if basis.effective < CLASS_SIZE:
        return TooFew(found.lower, found.upper, basis)
    return Headline(found.value, found.lower, found.upper, basis)


def _table(name: str, sample: Sample, values: npt.ArrayLike) -> Floats:
    table = np.asarray(values, np.float64)
    return outcomes(name, table, (len(sample.pi), table.shape[-1] if table.ndim == 2 else 1))
