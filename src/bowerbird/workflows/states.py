"""What workflows remember from call to call, for those who ask for it."""

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import Callable

from bowerbird.workflows.flow import Flow
from bowerbird.workflows.graph import Graph
from bowerbird.workflows.outside import Outside
from bowerbird.workflows.relations import Relations
from bowerbird.workflows.state import Memory, State

LASTS_S = 300.0  # after the last call
MOST = 1000  # of one process; the one that was not used for longest goes first
Owner = tuple[str, str, str, str]  # the caller; user, app and id of the workflow


class Series:
    """Calls of one workflow by one caller that belong together. They run one after another."""

    def __init__(self, owner: Owner, clock: Callable[[], float]) -> None:
        self.id = uuid.uuid4().hex
        self.owner = owner
        self.used_at = clock()
        self.lock = asyncio.Lock()
        self._state = State(clock)
        self._flow: Flow | None = None  # held, or what its steps remember would be forgotten

    def flow(self, graph: Graph, relations: Relations | None = None, outside: Outside | None = None) -> Flow:
        """The graph made ready; what nodes remembered they still do if they are as they were.

        Raises WorkflowInvalid.
        """
        self._flow = Flow.of(graph, self._memory, relations, outside)
        return self._flow

    def _memory(self, node_id: str) -> Memory:
        return Memory(self._state, self.id, node_id)


class States:
    """The series that there are. They are this process's, and end with it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._series: OrderedDict[str, Series] = OrderedDict()  # the one used last is last

    def begin(self, owner: Owner) -> Series:
        series = Series(owner, self._clock)
        self._series[series.id] = series
        self._forget()
        return series

    def find(self, id: str, owner: Owner) -> Series | None:
        """The owner's series of that id, which lives on; None when there is none, or none any more."""
        self._forget()
        series = self._series.get(id)
        if series is None or series.owner != owner:
            return None
        series.used_at = self._clock()
        self._series.move_to_end(id)
        return series

    def _forget(self) -> None:
        now = self._clock()
        while self._series:
            oldest = next(iter(self._series.values()))
            if len(self._series) <= MOST and now - oldest.used_at <= LASTS_S:
                return
            del self._series[oldest.id]
