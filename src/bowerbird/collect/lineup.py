"""The collectors of a model for one caller and version, arranged so that few of them have to be asked."""

import math
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Literal

from clarifai_grpc.grpc.api.resources_pb2 import Concept

from bowerbird.collect.compiled import Compiled
from bowerbird.collect.inclusion import inclusion
from bowerbird.queue import Reason
from bowerbird.workflows.draws import MASK
from bowerbird.workflows.plan import Plan
from bowerbird.workflows.view import Values, View, read_values

_VALUE = attrgetter("value")


class Ready:
    """A collector that can decide, asked about few predictions: `usual` is what becomes of the others."""

    __slots__ = ("one", "part", "plan", "usual")

    def __init__(self, one: Compiled, plan: Plan) -> None:
        self.one = one
        self.plan = plan
        self.part = 1.0  # of what it would take
        self.usual: Reason = "sampled_out" if plan.first else "filtered"

    def thinned(self, part: float) -> "Ready":
        """As it is while it takes only a part of what it would take."""
        if part == 1:
            return self
        thinned = Ready(self.one, self.plan)
        thinned.part = part
        return thinned

    def chance(self, view: View) -> float | None:
        """With which probability it takes this."""
        return inclusion(self.plan.thinned(self.part) if self.part < 1 else self.plan, view)

    def count(self, reason: Reason | Literal["taken"]) -> None:
        """It was not the usual; what was taken is counted by the writer."""
        self.one.tally[self.usual] -= 1
        if reason != "taken":
            self.one.tally[reason] += 1


class Lineup:
    """Coins are thrown for all at once, and thresholds are looked up by concept: what is asked of collectors
    that take nothing does not grow with their number.

    What became of the others is counted for all of them together, and told to each by `settle`.
    """

    __slots__ = (
        "_always",
        "_coins",
        "_lowest",
        "_never",
        "_selective",
        "least",
        "ready",
        "seen",
    )

    def __init__(self, collectors: Sequence[Compiled], version_id: str, caller: str) -> None:
        self.seen = 0  # predictions since it was last settled
        self.ready: list[Ready] = []
        self._never: dict[Reason, list[Compiled]] = {"inactive": [], "caller": [], "error": []}
        for one in collectors:
            if one.version_id in ("", version_id):
                self._place(one, caller)
        self._always = [each for each in self.ready if not (each.plan.first or each.plan.least)]
        self._coins = [(*each.plan.first, each) for each in self.ready if each.plan.first]
        self._selective: dict[str, list[tuple[float, Ready]]] = {}
        self.least: dict[str, float] = {}  # of all of these
        for each in self.ready:
            if each.plan.least and not each.plan.first:
                self._look_up(each, each.plan.least)
        self._lowest = min(self.least.values(), default=math.inf)

    def _place(self, one: Compiled, caller: str) -> None:
        if not one.is_active:
            self._never["inactive"].append(one)
        elif one.caller_user_id and one.caller_user_id != caller:
            self._never["caller"].append(one)
        elif one.plan is None:
            self._never["error"].append(one)
        else:
            self.ready.append(Ready(one, one.plan))

    def _look_up(self, each: Ready, least: Mapping[str, float]) -> None:
        for concept, value in least.items():
            self._selective.setdefault(concept, []).append((value, each))
            self.least[concept] = min(value, self.least.get(concept, math.inf))

    def values(self, concepts: Sequence[Concept]) -> Values | None:
        """Those of the concepts, if one of them is as high as any collector asks."""
        if not self.least or max(map(_VALUE, concepts), default=-math.inf) < self._lowest:
            return None
        return read_values(concepts)

    def asked(self, digest: int, values: Values | None) -> Sequence[Ready]:
        """Those whose `plan.rest` has to be asked: the usual becomes of it at all others. `values` are those
        of the concepts, if they can pass."""
        asked = self._always
        if self._coins:
            asked = [each for a, b, limit, each in self._coins if a * digest + b & MASK < limit] + asked
        if values:
            asked = [*asked, *self._passed(values)]
        return asked

    def _passed(self, values: Values) -> Iterable[Ready]:
        """Each once, whichever of its concepts it was found by."""
        least = self.least
        found = [concept for concept, value in values.items() if value >= least.get(concept, math.inf)]
        return dict.fromkeys(
            each for concept in found for value, each in self._selective[concept] if values[concept] >= value
        )

    def settle(self) -> None:
        """Count for each collector what became of the predictions since the last time."""
        seen, self.seen = self.seen, 0
        if seen:
            for each in self.ready:
                each.one.tally[each.usual] += seen
            for reason, collectors in self._never.items():
                for one in collectors:
                    one.tally[reason] += seen


class _Crowd:
    """The collectors of a model, with the line-ups that were made of them: one for each caller and version
    that any of them names, and one for all others."""

    def __init__(self, collectors: Sequence[Compiled]) -> None:
        self.collectors = collectors
        self.callers = {one.caller_user_id for one in collectors}
        self.versions = {one.version_id for one in collectors}
        self.lineups: dict[tuple[str, str], Lineup] = {}


class Lineups:
    """Line-ups, made when they are asked for and remembered."""

    def __init__(self) -> None:
        self._crowds: dict[int, _Crowd] = {}

    def of(self, collectors: Sequence[Compiled], version_id: str, caller: str) -> Lineup:
        # A crowd holds on to its collectors, so nothing else has their number.
        crowd = self._crowds.get(id(collectors))
        if crowd is None:
            crowd = self._crowds[id(collectors)] = _Crowd(collectors)
        place = (
            version_id if version_id in crowd.versions else "",
            caller if caller in crowd.callers else "",
        )
        found = crowd.lineups.get(place)
        if found is None:
            found = crowd.lineups[place] = Lineup(collectors, *place)
        return found

    def settle(self, current: Iterable[Sequence[Compiled]]) -> None:
        """Settle all, and forget those of collectors that are not among the current ones any more."""
        for crowd in self._crowds.values():
            for lineup in crowd.lineups.values():
                lineup.settle()
        numbers = {id(collectors) for collectors in current}
        self._crowds = {number: crowd for number, crowd in self._crowds.items() if number in numbers}
