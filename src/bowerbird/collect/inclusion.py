"""The inclusion probability of a collected item: π, with which biased samples give unbiased figures."""

import math
from collections.abc import Sequence
from itertools import product

from bowerbird.workflows.plan import Plan, Stop, judge
from bowerbird.workflows.view import View


class _Told:
    """A draw whose coin falls as told, and that remembers with which probability it was thrown."""

    __slots__ = ("outcome", "p")

    def __init__(self, outcome: bool = False) -> None:
        self.outcome = outcome
        self.p: float | None = None

    def coin(self, p: float, key: int) -> bool:
        self.p = p
        return self.outcome

    @property
    def chance(self) -> float:
        """Of this outcome. A coin that was not thrown counts as fallen to False, and once only."""
        if self.p is None:
            return float(not self.outcome)
        return self.p if self.outcome else 1 - self.p


def inclusion(plan: Plan, view: View) -> float | None:
    """Probability, over all its coins, that the plan takes this item; None if a sampler cannot tell its own.

    Exact: the outcomes of the k samplers' coins are enumerated, 2^k of them. A chance that moves with the
    traffic is the one that this view met when it was decided on: its memo has it. Under a budget that has
    nothing left the chance is 0, so nothing is taken and no π is recorded; what comes then is not
    represented by anything that was taken.
    """
    if any(stop.kind == "blind-sampler" for stop in plan.stops):
        return None
    return plan.fraction * math.prod(gate.p for gate in plan.gates) * _chance(plan.stops, view)


def _chance(stops: Sequence[Stop], view: View) -> float:
    """That any terminal stop keeps the view."""
    if not stops:
        return 1.0
    samplers = [place for place, stop in enumerate(stops) if stop.kind == "sampler"]
    chances = []
    for outcomes in product((False, True), repeat=len(samplers)):
        draws = [_Told() for _ in stops]
        for place, outcome in zip(samplers, outcomes, strict=True):
            draws[place].outcome = outcome
        if judge(stops, view, draws).taken:
            chances.append(math.prod(draws[place].chance for place in samplers))
    return math.fsum(chances)
