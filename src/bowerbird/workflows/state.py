"""What operators remember from one prediction to the next."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self, TypeVar, cast
from weakref import WeakValueDictionary

T = TypeVar("T")
Place = tuple[str, str, str, bytes]  # collector, node, operator and its parameters


class State:
    """The memory of one process: no other sees it, and it ends with the process.

    A cell lives as long as a step that uses it. So it survives when a plan is compiled anew, as long as
    collector, node and parameters are the same, and is gone with the last plan that had it. Each kind of
    cell bounds itself.

    With `shares_budgets`, budgets spend only what is reserved for this process (by collect.budget.Budgets);
    without, each has all of its limit: for trying a plan out.
    """

    def __init__(self, clock: Callable[[], float] = time.time, *, shares_budgets: bool = False) -> None:
        self.clock = clock
        self.shares_budgets = shares_budgets
        self.need: Callable[[], None] = lambda: None  # called when a budget has little left to spend
        self._cells: WeakValueDictionary[Place, object] = WeakValueDictionary()

    def cell(self, place: Place, make: Callable[[], T]) -> T:
        """What is remembered at a place. An operator makes one kind of cell only."""
        found = self._cells.get(place)
        if found is None:
            self._cells[place] = found = make()
        return cast(T, found)

    def cells(self, kind: type[T]) -> list[T]:
        """All cells of a kind."""
        return [cell for cell in self._cells.values() if isinstance(cell, kind)]


@dataclass(frozen=True, slots=True)
class Memory:
    """Where one node of one collector remembers."""

    state: State
    collector: str
    node: str
    operator: str = ""
    parameters: bytes = b""

    @classmethod
    def of_nobody(cls) -> Self:
        """For an operator that runs outside of a collector: it starts afresh."""
        return cls(State(), "", "")

    def of(self, operator: str, parameters: bytes) -> Self:
        return replace(self, operator=operator, parameters=parameters)

    def cell(self, make: Callable[[], T]) -> T:
        return self.state.cell((self.collector, self.node, self.operator, self.parameters), make)
