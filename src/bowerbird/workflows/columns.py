"""Predictions by columns: many are told apart at once, where a preview goes through all that was recorded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bowerbird.workflows.draws import HashedDraw

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
S = TypeVar("S")
SLACK = 1e-9  # of scores


@dataclass(frozen=True, slots=True)
class Columns:
    """Predictions whose outputs name the same concepts; without concepts little is known of them."""

    ids: tuple[str, ...]
    values: NDArray[np.float32]  # (predictions, concepts)
    digests: NDArray[np.uint64]  # of their request keys

    def __len__(self) -> int:
        return len(self.digests)

    def of(self, concept: str) -> Floats:
        """Its values, 0 where the outputs do not name it."""
        if concept not in self.ids:
            return np.zeros(len(self))
        return self.values[:, self.ids.index(concept)].astype(np.float64)


@runtime_checkable
class Columnar(Protocol):
    """A step that tells by columns which predictions it may keep. All others it drops for sure."""

    def may_keep(self, columns: Columns, draw: HashedDraw) -> Flags: ...


def by_concepts(step: S, keeps: Callable[[Columns], Flags]) -> S:
    """The step itself, now Columnar; `keeps` is asked about outputs with concepts only."""

    def may_keep(columns: Columns, draw: HashedDraw) -> Flags:
        return keeps(columns) if columns.ids else np.ones(len(columns), bool)

    step.may_keep = may_keep  # type: ignore[attr-defined]  # functions take any attribute
    return step


def reaching(least: Mapping[str, float]) -> Callable[[Columns], Flags]:
    """Those with a concept of at least its value here."""

    def keeps(columns: Columns) -> Flags:
        places = [place for place, concept in enumerate(columns.ids) if concept in least]
        limits = np.array([least[columns.ids[place]] for place in places], np.float64)
        found: Flags = np.logical_or.reduce(columns.values[:, places] >= limits, axis=1)
        return found

    return keeps


def between(measured: Callable[[Columns], Floats], lo: float, hi: float) -> Callable[[Columns], Flags]:
    """Those whose score may lie there: sums differ a little with their order, and NaN says nothing."""
    lowest, highest = lo - SLACK, hi + SLACK

    def keeps(columns: Columns) -> Flags:
        score = measured(columns)
        found: Flags = ~((score < lowest) | (score > highest))
        return found

    return keeps


def topped_by(concepts: Sequence[str]) -> Callable[[Columns], Flags]:
    """Those of which one of the concepts has the greatest value."""

    def keeps(columns: Columns) -> Flags:
        wanted = [place for place, concept in enumerate(columns.ids) if concept in concepts]
        found: Flags = ~(columns.values[:, wanted] < columns.values.max(axis=1, keepdims=True)).all(axis=1)
        return found  # of NaN nothing is known

    return keeps
