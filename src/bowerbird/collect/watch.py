"""Plans that are too slow: accused by the clock, and held to the time of this thread then."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import thread_time

from bowerbird.collect.compiled import Compiled
from bowerbird.services import ModelKey
from bowerbird.workflows.plan import Decide, Decision, Plan
from bowerbird.workflows.view import View

PREDICTIONS = 100  # for which a model's accused are watched, since the last proof


@dataclass(slots=True)
class _Case:
    """The accused collectors of a model."""

    left: int = PREDICTIONS
    accused: set[str] = field(default_factory=set)  # keys
    plain: Sequence[Compiled] | None = None  # the model's collectors, and
    timed: Sequence[Compiled] = ()  # the same with the plans of the accused timed


class Watch:
    """Drops what was decided on too slowly, whatever else the machine was busy with.

    The time that a thread has used is dear to ask for. So decisions are timed by the clock, which may only
    accuse; the plans of the accused are timed by the thread's time for a while, and it alone condemns. The
    decision that an accusation rests on is not dropped: what it cost is spent.
    """

    def __init__(self, budget_s: float, used: Callable[[], float] = thread_time) -> None:
        self.budget_s = budget_s
        self.overruns = 0  # decisions that were dropped
        self.cases: dict[ModelKey, _Case] = {}
        self._used = used

    def accuse(self, model: ModelKey, one: Compiled) -> None:
        """By the clock it took too long; perhaps the machine was busy."""
        case = self.cases.setdefault(model, _Case())
        if one.key not in case.accused:
            case.accused.add(one.key)
            case.plain = None

    def timed(self, model: ModelKey, collectors: Sequence[Compiled]) -> Sequence[Compiled]:
        """The same collectors for one prediction, the plans of the accused timed."""
        case = self.cases.get(model)
        if case is None:
            return collectors
        if not case.left:
            del self.cases[model]
            return collectors
        case.left -= 1
        if case.plain is not collectors:
            case.plain = collectors
            case.timed = [
                replace(one, plan=one.plan and self._timed(one.plan, case))
                if one.key in case.accused
                else one
                for one in collectors
            ]
        return case.timed

    def _timed(self, plan: Plan, case: _Case) -> Plan:
        return replace(plan, rest=self._deciding(plan.rest, case))

    def _deciding(self, decide: Decide, case: _Case) -> Decide:
        def decide_in_time(view: View) -> Decision:
            before = self._used()
            decision = decide(view)
            took = self._used() - before
            if took <= self.budget_s:
                return decision
            self.overruns += 1
            case.left = PREDICTIONS
            return Decision(False, "error", f"it took {took * 1e3:.1f} ms, of {self.budget_s * 1e3:g}")

        return decide_in_time
