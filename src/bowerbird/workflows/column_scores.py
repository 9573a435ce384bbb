"""The scores of many predictions at once, by the definitions in `scores`; NaN where they are in doubt."""

from collections.abc import Callable

import numpy as np

from bowerbird.workflows.columns import SLACK, Columns, Floats
from bowerbird.workflows.scores import REMAINDER

ColumnScore = Callable[[Columns], Floats]  # of outputs with concepts


def max_prob(columns: Columns) -> Floats:
    found: Floats = _values(columns).max(axis=1)
    return found


def min_prob(columns: Columns) -> Floats:
    found: Floats = _values(columns).min(axis=1)
    return found


def least_confidence(columns: Columns) -> Floats:
    values = _values(columns)
    classes = values.shape[1] + (_remainder(values) > 0)
    spread = (1 - values.max(axis=1)) * classes / np.maximum(classes - 1, 1)
    return _where_clear(values, np.where(classes > 1, np.minimum(1.0, spread), 0.0))


def margin(columns: Columns) -> Floats:
    values = _values(columns)
    first, second = _two(values)
    return _where_clear(values, 1 - (first - second))


def ratio(columns: Columns) -> Floats:
    values = _values(columns)
    first, second = _two(values)
    return _where_clear(values, np.divide(second, first, out=np.zeros_like(first), where=first > 0))


def entropy(columns: Columns) -> Floats:
    values = _values(columns)
    rest = _remainder(values)
    count = values.shape[1] + (rest > 0)
    shares = np.column_stack([values, rest]) / np.maximum(1.0, values.sum(axis=1))[:, None]
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    bits = -(np.where(shares > 0, shares, 0.0) * logs).sum(axis=1)
    return _where_clear(values, np.where(count > 1, bits / np.log(np.maximum(count, 2)), 0.0))


def concept_prob(concept: str) -> ColumnScore:
    return lambda columns: columns.of(concept)


def distance_to_threshold(concept: str, threshold: float) -> ColumnScore:
    return lambda columns: np.abs(columns.of(concept) - threshold)


def _values(columns: Columns) -> Floats:
    return columns.values.astype(np.float64)


def _two(values: Floats) -> tuple[Floats, Floats]:
    """The greatest of each, and the next; of a list of one, that is the remainder."""
    if values.shape[1] == 1:
        first = values[:, 0]
        return first, np.minimum(first, _remainder(values))
    greatest = np.partition(values, -2, axis=1)
    return greatest[:, -1], greatest[:, -2]


def _remainder(values: Floats) -> Floats:
    rest = 1 - values.sum(axis=1)
    return np.where(rest > REMAINDER, rest, 0.0)


def _where_clear(values: Floats, score: Floats) -> Floats:
    """The sum alone tells whether there is a remainder, and it may be off by its last digits."""
    is_clear = np.abs(1 - values.sum(axis=1) - REMAINDER) >= SLACK  # a NaN is not
    return np.where(is_clear, score, np.nan)
