"""A decision step by step: what each operator looked at, which coin was thrown, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bowerbird.workflows.draws import Draw, HashedDraw
from bowerbird.workflows.operators import Learner, Look, Step, Teller
from bowerbird.workflows.plan import FILTERED, SAMPLED_OUT, TAKEN, Decision, Gate, Plan, Stop, judge
from bowerbird.workflows.view import View

Verdict = Literal["passed", "dropped", "not reached"]
NOTHING = Look("", "")


@dataclass(slots=True)
class Traced:
    """What became of a prediction at one node; the first is the collector's own coin, if it has one."""

    node_id: str
    operator: str
    verdict: Verdict = "not reached"
    look: Look = NOTHING
    coin: float | None = None
    probability: float | None = None

    def throw(self, draw: HashedDraw, p: float, key: int) -> bool:
        self.coin, self.probability = draw.u(key), p
        return draw.coin(p, key)


class _Watched:
    """A draw whose coins are noted."""

    def __init__(self, draw: HashedDraw, traced: Traced) -> None:
        self._draw = draw
        self._traced = traced

    def coin(self, p: float, key: int) -> bool:
        return self._traced.throw(self._draw, p, key)


class _Won:
    """A draw whose coins are won wherever there is a chance."""

    def coin(self, p: float, key: int) -> bool:
        return p > 0


def blamed(plan: Plan, view: View, decision: Decision) -> tuple[Decision, list[Traced]]:
    """The decision and its steps, as they are best told: coins come first, but one is to blame only where it
    made the difference. What would have been dropped though all coins had been won was filtered."""
    if decision.reason == "sampled_out" and (steps := _dropping(plan, view)):
        return FILTERED, steps
    return decision, trace(plan, view)[1]


def _dropping(plan: Plan, view: View) -> list[Traced]:
    """The steps that drop the view whichever way the coins fall; none if it has a chance.

    Steps that remember let it pass: what they have met since it was decided on may be the view itself.
    """
    met = [Traced(stop.node_id, stop.operator.id) for stop in plan.stops]
    stops = [
        replace(stop, step=_pass if isinstance(stop.step, Learner) else _watched(stop.step, one))
        for stop, one in zip(plan.stops, met, strict=True)
    ]
    if not stops or judge(stops, view, [_Won()] * len(stops)).taken:
        return []
    return [one for one in met if one.verdict == "dropped"]


def _pass(view: View, draw: Draw) -> View | None:
    return view


def trace(plan: Plan, view: View) -> tuple[Decision, list[Traced]]:
    """What the plan decides about the view and how; it learns nothing of it.

    What comes after a lost coin, or after something passed to the end, is not reached: it never is.
    """
    own = Gate(plan.fraction, plan.own, operator="pre_queue_random_sample")
    gates = [gate for gate in (own, *plan.gates) if gate.p < 1 or gate.node_id]
    thrown = [Traced(gate.node_id, gate.operator) for gate in gates]
    met = [Traced(stop.node_id, stop.operator.id) for stop in plan.stops]
    return _decide(gates, thrown, plan.stops, met, view), [*thrown, *met]


def _decide(
    gates: Sequence[Gate], thrown: Sequence[Traced], stops: Sequence[Stop], met: Sequence[Traced], view: View
) -> Decision:
    for gate, traced in zip(gates, thrown, strict=True):
        is_won = traced.throw(gate.draw, gate.p, view.digest)
        traced.verdict = "passed" if is_won else "dropped"
        if not is_won:
            return SAMPLED_OUT
    if not stops:
        return TAKEN
    watched = [replace(stop, step=_watched(stop.step, one)) for stop, one in zip(stops, met, strict=True)]
    return judge(watched, view, [_Watched(s.draw, one) for s, one in zip(stops, met, strict=True)])


def _watched(step: Step, traced: Traced) -> Step:
    def watched(view: View, draw: Draw) -> View | None:
        kept = step(view, draw)
        traced.verdict = "dropped" if kept is None else "passed"
        if isinstance(step, Teller):
            traced.look = step.look(view)
        return kept

    return watched
