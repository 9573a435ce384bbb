"""A closer look at a trial: node by node, what was nearly kept, the chances, and what a decision costs."""

import heapq
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import Workflow
from numpy.typing import NDArray

from bowerbird.collect.inclusion import inclusion
from bowerbird.collect.recorded import Entry
from bowerbird.workflows.columns import Flags
from bowerbird.workflows.draws import HashedDraw
from bowerbird.workflows.gaps import gap_of
from bowerbird.workflows.graph import Graph
from bowerbird.workflows.operators import FixedCoin, Learner, Step, find
from bowerbird.workflows.plan import FILTERED, Decision, Plan
from bowerbird.workflows.trace import Traced, trace
from bowerbird.workflows.types import find_type
from bowerbird.workflows.view import View, union

TRACED = 2000  # predictions; the others are only decided on
CHANCES = 300  # kept predictions whose chances are looked at
BITS = 16
OWN = "pre_queue_random_sample"
N = TypeVar("N", int, NDArray[np.int64])


@dataclass(frozen=True, slots=True)
class Missed:
    """A prediction that was left out, though near to what the node asks for. `steps` has only the node's."""

    entry: Entry
    decision: Decision
    steps: Sequence[Traced]
    node_id: str
    gap: float


@dataclass(slots=True)
class Place:
    """A node of the workflow, where the workflow has it: the plan may throw its coin before all others."""

    node_id: str
    operator: str
    step: Step
    draw: HashedDraw
    sources: tuple[int, ...]  # 0 is what the workflow was given, n the n-th place
    terminal: bool
    learns: bool
    reached: int = 0
    passed: int = 0


@dataclass(slots=True)
class Closely:
    """Decides as the plan does, and looks closer at an even part of all predictions.

    A step that learns is asked only where the plan has asked it: its answer is in the prediction's memo.
    """

    plan: Plan
    places: list[Place]
    examples: int
    share: float = 1.0  # of the predictions that are looked at closely
    traced: int = 0
    own_passed: int = 0
    costs: list[float] = field(default_factory=list)  # seconds
    _missed: list[tuple[float, int, Missed]] = field(default_factory=list)
    _chances: list[tuple[int, int, float | None]] = field(default_factory=list)

    @classmethod
    def of(cls, plan: Plan, workflow: Workflow | None, examples: int, share: float) -> "Closely":
        return cls(plan, places_of(plan, workflow), examples, share)

    def decide(self, entry: Entry, view: View) -> Decision:
        """What the plan decides; it learns, as it does when it decides."""
        if self.traces(entry.hash):
            began = time.perf_counter()
            decision = self.plan.decide(view)
            self.costs.append(time.perf_counter() - began)
            self._look(entry, view, decision)
        else:
            decision = self.plan.decide(view)
        if decision.taken:
            self._note_chance(_drawn(entry.hash), entry, view)
        return decision

    def traces(self, hash: int) -> bool:
        """Whether a prediction with this hash is looked at closely."""
        return _drawn(hash) < self.share * (1 << BITS)

    def among(self, hashes: NDArray[np.int64]) -> Flags:
        """The same of each of many."""
        found: Flags = _drawn(hashes) < self.share * (1 << BITS)
        return found

    def missed(self) -> list[Missed]:
        """The nearest first."""
        return [one for _, _, one in sorted(self._missed, key=lambda item: (-item[0], item[1]))]

    def chances(self) -> list[float | None]:
        """Of kept predictions, at most so many, evenly drawn; None: it cannot be told."""
        return [chance for _, _, chance in self._chances]

    def cost_us(self) -> float:
        """The median."""
        return 1e6 * sorted(self.costs)[len(self.costs) // 2] if self.costs else 0.0

    def _look(self, entry: Entry, view: View, decision: Decision) -> None:
        self.traced += 1
        if not self.plan.own.coin(self.plan.fraction, view.digest):
            return
        self.own_passed += 1
        lost = any(not gate.draw.coin(gate.p, view.digest) for gate in self.plan.gates)
        gap, node_id = self._walk(view, lost)
        if gap < math.inf and not (decision.taken or lost):
            self._note_missed(entry, view, gap, node_id)

    def _walk(self, view: View, lost: bool) -> tuple[float, str]:
        """Count the view at each place that it comes to; the smallest gap at one that dropped it."""
        ended = False
        kept: list[View | None] = [view]
        best, where = math.inf, ""
        for place in self.places:
            left = [one for source in place.sources if (one := kept[source]) is not None]
            if not left or (place.learns and (lost or ended)):
                kept.append(None)
                continue
            given = union(left)
            result = _asked(place, given)
            kept.append(result)
            place.reached += 1
            if result is None:
                if (gap := _gap(place.step, given)) < best:
                    best, where = gap, place.node_id
                continue
            place.passed += 1
            ended = ended or place.terminal
        return best, where

    def _note_missed(self, entry: Entry, view: View, gap: float, node_id: str) -> None:
        if self.examples <= 0 or (len(self._missed) >= self.examples and gap >= -self._missed[0][0]):
            return
        steps = [step for step in trace(self.plan, view)[1] if step.node_id == node_id]
        item = (-gap, entry.seq, Missed(entry, FILTERED, steps, node_id, gap))
        if len(self._missed) < self.examples:
            heapq.heappush(self._missed, item)
        else:
            heapq.heapreplace(self._missed, item)

    def _note_chance(self, key: int, entry: Entry, view: View) -> None:
        if len(self._chances) < CHANCES:
            heapq.heappush(self._chances, (-key, entry.seq, inclusion(self.plan, view)))
        elif key < -self._chances[0][0]:
            heapq.heapreplace(self._chances, (-key, entry.seq, inclusion(self.plan, view)))


def places_of(plan: Plan, workflow: Workflow | None) -> list[Place]:
    """The nodes in the order of the workflow, with the steps of the plan."""
    if workflow is None:
        return []
    graph = Graph.of(workflow, lambda model: find_type(model.model_type_id))
    steps: dict[str, tuple[Step, HashedDraw]] = {stop.node_id: (stop.step, stop.draw) for stop in plan.stops}
    steps |= {gate.node_id: (FixedCoin(gate.p), gate.draw) for gate in plan.gates}
    order = [node for node in graph.order if node.id in steps]  # a node that changes nothing has none
    numbers = {node.id: number for number, node in enumerate(order, 1)}
    terminals = {node.id for node in graph.terminals}
    return [
        Place(
            node.id,
            found.id if (found := find(node.type.id)) else node.type.id,
            *steps[node.id],
            tuple(numbers[name] for name in node.inputs if name in numbers) or (0,),
            node.id in terminals,
            isinstance(steps[node.id][0], Learner),
        )
        for node in order
    ]


def _drawn(hash: N) -> N:
    """A number that is evenly spread also where an hour is full: there only small hashes were kept."""
    return hash & (1 << BITS) - 1


def _asked(place: Place, view: View) -> View | None:
    try:
        return place.step(view, place.draw)
    except Exception:  # it costs the item, as in the plan, which says so
        return None


def _gap(step: Step, view: View) -> float:
    told = gap_of(step)
    try:
        gap = told(view) if told else None
    except Exception:  # as above
        return math.inf
    return math.inf if gap is None else gap
