"""Whether a collector gives every prediction a chance: what never has one, nobody can tell anything of."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from bowerbird.workflows.draws import digest
from bowerbird.workflows.operators import FixedCoin, Sampler
from bowerbird.workflows.operators.dedup import Deduplicating
from bowerbird.workflows.plan import Plan, Stop

IsExplored = Callable[[str], bool]  # of a prediction's key, "request:index"


def unreached(plan: Plan, *, has_post_queue: bool = False) -> str:
    """Why some predictions have no chance of being kept, in words; empty if all have one.

    It looks at the shape of the workflow only, and doubts what it cannot tell: a filter may always drop
    something. What is needed is a way from the start to the end on which there are only samplers; a dedup
    may stand at the very end of everything, where what it drops has had its coin and is counted.
    """
    if plan.fraction <= 0 or any(gate.p <= 0 for gate in plan.gates):
        return "A coin with the chance 0 lets nothing through."
    if has_post_queue:
        return "What the post-queue workflow drops is never kept."
    stops = _without_last_dedup(plan.stops)
    if misplaced := [stop.node_id for stop in stops if isinstance(stop.step, Deduplicating)]:
        return f"What {_listed(misplaced)} drops is counted right only if dedup is the one last node."
    if not stops or _reached(stops, _lets_all_through):
        return ""
    closed = _listed(stop.node_id for stop in stops if not _lets_all_through(stop))
    return f"No random part leads to the end by itself: what {closed} drops is never kept."


def explored(plan: Plan) -> IsExplored | None:
    """Tells which predictions an exploration coin drew, whatever the rules beside it said; None without one.

    Such a coin stands beside the rules: it reads what the collector is given and leads to the end by itself.
    Its draws are thrown again, as they fall the same for the same prediction.
    """
    stops = _without_last_dedup(plan.stops)
    coins = [
        stop
        for stop in stops
        if isinstance(stop.step, FixedCoin) and 0 in stop.sources and stop.terminal and stop.step.p < 1
    ]
    if not coins or len(coins) == len(stops):
        return None

    def is_explored(key: str) -> bool:
        hashed = digest(key)
        return any(stop.draw.coin(stop.step.p, hashed) for stop in coins if isinstance(stop.step, FixedCoin))

    return is_explored


def _without_last_dedup(stops: Sequence[Stop]) -> Sequence[Stop]:
    """The stops without a dedup that everything has to pass at the end; its sources are terminal then."""
    ends = [place for place, stop in enumerate(stops) if stop.terminal]
    if len(ends) != 1 or not isinstance(stops[ends[0]].step, Deduplicating):
        return stops
    last = stops[ends[0]]
    if 0 in last.sources:
        return ()
    return [replace(s, terminal=place in last.sources) for place, s in enumerate(stops, 1) if s is not last]


def _reached(stops: Sequence[Stop], passes: Callable[[Stop], bool]) -> bool:
    """Whether a way of such stops leads to the end."""
    reached = [True]
    for stop in stops:
        reached.append(passes(stop) and any(reached[source] for source in stop.sources))
    return any(reached[place] for place, stop in enumerate(stops, 1) if stop.terminal)


def _lets_all_through(stop: Stop) -> bool:
    if stop.kind == "blind-sampler":
        return True  # π of what passes is unknown, and such items are left out and counted
    return stop.kind == "sampler" and isinstance(stop.step, Sampler) and stop.step.reaches_all


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
