"""Values against thresholds, for operators that keep some concepts and drop the others."""

import math
import operator
from collections.abc import Callable
from enum import IntEnum
from typing import cast

from clarifai_grpc.grpc.api import resources_pb2

from bowerbird.workflows.view import Values

Compare = Callable[[float, float], bool]
Select = Callable[[Values], Values]

FEW = 3  # so many thresholds are compared sooner than a greatest value is found


class Comparator(IntEnum):
    """How a value must compare with its threshold."""

    GREATER_THAN = resources_pb2.GREATER_THAN
    GREATER_THAN_OR_EQUAL = resources_pb2.GREATER_THAN_OR_EQUAL
    LESS_THAN = resources_pb2.LESS_THAN
    LESS_THAN_OR_EQUAL = resources_pb2.LESS_THAN_OR_EQUAL
    EQUAL = resources_pb2.EQUAL


# What is below its threshold passes none of these.
RISING = (Comparator.GREATER_THAN, Comparator.GREATER_THAN_OR_EQUAL, Comparator.EQUAL)
SIGNS = {
    Comparator.GREATER_THAN: ">",
    Comparator.GREATER_THAN_OR_EQUAL: "≥",
    Comparator.LESS_THAN: "<",
    Comparator.LESS_THAN_OR_EQUAL: "≤",
    Comparator.EQUAL: "=",
}
_COMPARE = cast(
    dict[Comparator, Compare],
    {
        Comparator.GREATER_THAN: operator.gt,
        Comparator.GREATER_THAN_OR_EQUAL: operator.ge,
        Comparator.LESS_THAN: operator.lt,
        Comparator.LESS_THAN_OR_EQUAL: operator.le,
        Comparator.EQUAL: operator.eq,
    },
)
# Comparators that a greater value passes sooner, with what a value that fails looks like.
_FAILURES = cast(
    dict[Comparator, Compare],
    {Comparator.GREATER_THAN: operator.le, Comparator.GREATER_THAN_OR_EQUAL: operator.lt},
)


def selector(thresholds: Values, comparator: Comparator, *, filter_other: bool) -> Select:
    """A function that returns the values which pass, in their order.

    Concepts without a threshold are dropped if `filter_other`, else kept.
    """
    compare = _COMPARE[comparator]
    if not filter_other:
        return _keeping_others(thresholds, compare)
    if len(thresholds) == 1:
        return _single(*next(iter(thresholds.items())), compare)
    select = _several(thresholds, compare)
    fails = _FAILURES.get(comparator)
    return _if_any(select, min(thresholds.values()), fails) if fails and len(thresholds) > FEW else select


def in_words(thresholds: Values, comparator: Comparator) -> str:
    """What is asked of the values: "cat > 0.5, dog > 0.7"."""
    return ", ".join(f"{concept} {SIGNS[comparator]} {limit:g}" for concept, limit in thresholds.items())


def those_of(values: Values, thresholds: Values) -> str:
    """The values that have a threshold: "cat 0.9"."""
    found = [f"{concept} {values[concept]:.4g}" for concept in thresholds if concept in values]
    return ", ".join(found) or "none of these"


def _if_any(select: Select, lowest: float, fails: Compare) -> Select:
    """Where even the greatest value fails the lowest threshold, no other has to be compared."""

    def select_if_any(values: Values) -> Values:
        return {} if not values or fails(max(values.values()), lowest) else select(values)

    return select_if_any


def _single(concept: str, threshold: float, compare: Compare) -> Select:
    def select(values: Values) -> Values:
        # Nothing compares with NaN: a concept that is not there passes no comparison.
        return {concept: values[concept]} if compare(values.get(concept, math.nan), threshold) else {}

    return select


def _several(thresholds: Values, compare: Compare) -> Select:
    limits = list(thresholds.items())

    def select(values: Values) -> Values:
        get = values.get
        passing = {concept for concept, threshold in limits if compare(get(concept, math.nan), threshold)}
        return {concept: value for concept, value in values.items() if concept in passing} if passing else {}

    return select


def _keeping_others(thresholds: Values, compare: Compare) -> Select:
    limit_of = thresholds.get

    def select(values: Values) -> Values:
        return {
            concept: value
            for concept, value in values.items()
            if (limit := limit_of(concept)) is None or compare(value, limit)
        }

    return select
