"""Workflows of light operators, compiled: the decision whether a prediction is collected."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from bowerbird.errors import OutOfRange, WorkflowInvalid
from bowerbird.workflows.draws import MASK, Draw, HashedDraw, limit_of
from bowerbird.workflows.graph import Graph, Node
from bowerbird.workflows.operators import (
    Explainer,
    FixedCoin,
    Kind,
    Learner,
    Operator,
    Selective,
    Skip,
    Step,
    find,
)
from bowerbird.workflows.relations import Relations
from bowerbird.workflows.state import Memory, State
from bowerbird.workflows.view import View, union

SAMPLERS = ("sampler", "blind-sampler")
MAX_SAMPLERS = 8  # 2^8 outcomes have to be looked at for an exact inclusion probability

Reason = Literal["taken", "filtered", "duplicate", "budget", "sampled_out", "error"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a plan says about a prediction; `details` tell of an operator that raised."""

    taken: bool
    reason: Reason
    details: str = ""


TAKEN = Decision(True, "taken")
SAMPLED_OUT = Decision(False, "sampled_out")
FILTERED = Decision(False, "filtered")
_DROPPED: dict[Skip, Decision] = {
    "filtered": FILTERED,
    "duplicate": Decision(False, "duplicate"),
    "budget": Decision(False, "budget"),
    "sampled_out": SAMPLED_OUT,
}
# Of several reasons the one that came last here counts: that a coin was lost means there was a chance.
_RANK: dict[Reason, int] = {reason: rank for rank, reason in enumerate(_DROPPED)}

Why = Callable[[View], Decision]
Decide = Callable[[View], Decision]  # never raises
Coin = tuple[int, int, int]  # a, b and limit: won by the keys with a·key + b mod 2^64 < limit


@dataclass(frozen=True, slots=True)
class Stop:
    """A compiled node. Its sources are numbers: 0 is what the plan was given, n the n-th stop."""

    node_id: str
    operator: Operator
    step: Step
    draw: HashedDraw
    sources: tuple[int, ...]
    terminal: bool
    why: Why  # it dropped a view

    @property
    def kind(self) -> Kind:
        return self.operator.kind


@dataclass(frozen=True, slots=True)
class Gate:
    """A coin of fixed probability without which nothing is taken."""

    p: float
    draw: HashedDraw
    node_id: str = ""  # empty: the collector's own
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled workflow behind the collector's own coin. A value: it is swapped as a whole."""

    fraction: float  # the collector's random sample
    own: HashedDraw  # the draw of the fraction
    gates: tuple[Gate, ...]  # of the workflow, thrown next
    stops: tuple[Stop, ...]  # each after those that it reads from; none: whatever the coins let through
    first: Coin | None  # the coin that is thrown before anything else, if there is one
    rest: Decide  # what is decided once that is won
    least: Mapping[str, float] | None  # `rest` filters a view without a concept of at least its value here

    def decide(self, view: View) -> Decision:
        """Never raises."""
        return self.rest(view) if self.is_let_in(view.digest) else SAMPLED_OUT

    def is_let_in(self, digest: int) -> bool:
        """Whether the first coin is won, if there is one."""
        if self.first is None:
            return True
        a, b, limit = self.first
        return a * digest + b & MASK < limit

    def thinned(self, factor: float) -> "Plan":
        """The plan that takes this part, 0..1, of what this one takes: for shedding."""
        if not 0 <= factor <= 1:
            raise OutOfRange(f"factor: expected a number from 0 to 1; it is {factor:g}")
        return _plan(self.fraction * factor, self.own, self.gates, self.stops)

    def sheds(self, digest: int, factor: float) -> bool:
        """Whether the plan's own coin lets it through, but that of the plan thinned so does not."""
        return self.own.coin(self.fraction, digest) and not self.own.coin(self.fraction * factor, digest)


def compile_plan(
    graph: Graph | None,
    salt: str,
    fraction: float = 1.0,
    state: State | None = None,
    relations: Relations | None = None,
) -> Plan:
    """`salt` is the collector's; without a graph the collector's coin alone decides. What operators remember
    is in `state`, under the salt and the node; without one they start afresh. `relations` are those of the
    collector's app.

    Raises WorkflowInvalid for nodes that cannot run inside a predict call and for more than 8 samplers,
    ModelInvalid for parameters of an operator, and OutOfRange for a fraction outside 0..1.
    """
    if not 0 < fraction <= 1:
        raise OutOfRange(
            f"pre_queue_random_sample: expected a number above 0 and up to 1; it is {fraction:g}"
        )
    gates, stops = _without_gates(_stops(graph, salt, state, relations) if graph else ())
    return _plan(fraction, HashedDraw(salt, ""), gates, stops)


def judge(stops: Sequence[Stop], view: View, draws: Sequence[Draw]) -> Decision:
    """Run the stops, each with its draw: taken if any terminal stop keeps the view."""
    kept: list[View | None] = [view]
    decision = FILTERED
    for stop, draw in zip(stops, draws, strict=True):
        left = [one for source in stop.sources if (one := kept[source]) is not None]
        try:
            result = stop.step(union(left), draw) if left else None
        except Exception as error:  # an operator's fault costs the item, never the prediction
            return _failed(stop.node_id, error)
        if result is not None and stop.terminal:
            return TAKEN
        if result is None and left:
            dropped = stop.why(view)
            if dropped is not decision and _RANK[dropped.reason] > _RANK[decision.reason]:
                decision = dropped
        kept.append(result)
    return decision


def _failed(node_id: str, error: Exception) -> Decision:
    return Decision(False, "error", f"{node_id}: {error!r}")


def _plan(fraction: float, own: HashedDraw, gates: tuple[Gate, ...], stops: tuple[Stop, ...]) -> Plan:
    coins = [
        (gate.draw.a, gate.draw.b, limit_of(gate.p)) for gate in (Gate(fraction, own), *gates) if gate.p < 1
    ]
    first = coins[0] if coins else None
    least = None if coins[1:] else _least(stops)  # what a second coin drops is sampled out, not filtered
    return Plan(fraction, own, gates, stops, first, _behind(coins[1:], _decider(stops)), least)


def _least(stops: Sequence[Stop]) -> Mapping[str, float] | None:
    """What the one stop that all others hang on asks of the concepts, if none has to see what it drops."""
    if not stops or any(0 in stop.sources for stop in stops[1:]):
        return None
    steps: list[object] = [stop.step for stop in stops]
    if any(isinstance(step, Learner) for step in steps):
        return None
    entry = steps[0]
    return entry.least if isinstance(entry, Selective) else None


def _behind(coins: Sequence[Coin], decide: Decide) -> Decide:
    if not coins:
        return decide
    if len(coins) > 1:
        return _behind(coins[:1], _behind(coins[1:], decide))
    ((a, b, limit),) = coins

    def throw(view: View) -> Decision:
        return decide(view) if a * view.digest + b & MASK < limit else SAMPLED_OUT

    return throw


def _decider(stops: tuple[Stop, ...]) -> Decide:
    if not stops:
        return lambda view: TAKEN
    draws = [stop.draw for stop in stops]
    decide: Decide = _single(stops[0]) if len(stops) == 1 else lambda view: judge(stops, view, draws)
    steps: list[tuple[str, object]] = [(stop.node_id, stop.step) for stop in stops]
    learners = [(node_id, step) for node_id, step in steps if isinstance(step, Learner)]
    return _learning(decide, learners) if learners else decide


def _learning(decide: Decide, learners: Sequence[tuple[str, Learner]]) -> Decide:
    def decide_and_learn(view: View) -> Decision:
        decision = decide(view)
        for node_id, learner in learners:
            try:
                learner.learn(view, decision.taken)
            except Exception as error:  # as in judge
                return _failed(node_id, error)
        return decision

    return decide_and_learn


def _single(stop: Stop) -> Decide:
    """What most collectors have: one operator."""
    step, draw, why = stop.step, stop.draw, stop.why
    dropped = None if isinstance(step, Explainer) else _DROPPED[_skip_of(stop.kind)]

    def decide(view: View) -> Decision:
        try:
            return TAKEN if step(view, draw) is not None else dropped or why(view)
        except Exception as error:  # an operator's fault costs the item, never the prediction
            return _failed(stop.node_id, error)

    return decide


def _stops(
    graph: Graph, salt: str, state: State | None = None, relations: Relations | None = None
) -> tuple[Stop, ...]:
    numbers = {node.id: number for number, node in enumerate(graph.order, 1)}
    terminals = {node.id for node in graph.terminals}
    stops = tuple(
        _stop(
            node,
            salt,
            state,
            relations,
            tuple(numbers[name] for name in node.inputs) or (0,),
            node.id in terminals,
        )
        for node in graph.order
    )
    samplers = [stop.node_id for stop in stops if stop.kind == "sampler"]
    if len(samplers) > MAX_SAMPLERS:
        raise WorkflowInvalid(
            f"at most {MAX_SAMPLERS} samplers, or the inclusion probability could not be computed exactly; "
            f"there are {len(samplers)}: {', '.join(samplers)}"
        )
    return stops


def _stop(
    node: Node,
    salt: str,
    state: State | None,
    relations: Relations | None,
    sources: tuple[int, ...],
    terminal: bool,
) -> Stop:
    found = find(node.type.id)
    if found is None or not found.light:
        raise WorkflowInvalid(
            f"node {node.id!r}: a {node.type.id} needs more than a pre-queue workflow may use, which runs "
            f"inside the predict call; it can be used in {_place_of(found)} workflow"
        )
    memory = Memory(state, salt, node.id) if state else None
    step = cast(Step, found.compile(node.info, memory, relations))  # as it is light
    draw = HashedDraw(salt, node.id)
    return Stop(node.id, found, step, draw, sources, terminal, _why(step, found.kind))


def _place_of(operator: Operator | None) -> str:
    return "an app's base" if operator is not None and operator.base_only else "a post-queue"


def _skip_of(kind: Kind) -> Skip:
    return "sampled_out" if kind in SAMPLERS else "filtered"


def _why(step: Step, kind: Kind) -> Why:
    if isinstance(step, Explainer):
        why = step.why
        return lambda view: _DROPPED[why(view)]
    always = _DROPPED[_skip_of(kind)]
    return lambda view: always


def _without_gates(stops: tuple[Stop, ...]) -> tuple[tuple[Gate, ...], tuple[Stop, ...]]:
    """The fixed coins that everything hangs on, which may be thrown first, and the stops without them."""
    gates: list[Gate] = []
    place = 0
    while place < len(stops):
        stop = stops[place]
        if isinstance(stop.step, FixedCoin) and not _reaches_end(stops, without=place):
            gates.append(Gate(stop.step.p, stop.draw, stop.node_id, stop.operator.id))
            stops = _bypassed(stops, place)
        else:
            place += 1
    return tuple(gates), stops


def _reaches_end(stops: Sequence[Stop], without: int) -> bool:
    reached = [True]
    for place, stop in enumerate(stops):
        reached.append(place != without and any(reached[source] for source in stop.sources))
    return any(reached[place + 1] for place, stop in enumerate(stops) if stop.terminal)


def _bypassed(stops: Sequence[Stop], place: int) -> tuple[Stop, ...]:
    """The stops without one: who read from it reads what it read; if it was terminal, its sources are."""
    gone, number = stops[place], place + 1
    ends = gone.sources if gone.terminal else ()
    if 0 in ends:
        return ()  # the view itself has come to the end

    def closed_up(sources: Sequence[int]) -> tuple[int, ...]:
        through = [s for source in sources for s in (gone.sources if source == number else (source,))]
        return tuple(dict.fromkeys(source - (source > number) for source in through))

    return tuple(
        replace(stop, sources=closed_up(stop.sources), terminal=stop.terminal or other + 1 in ends)
        for other, stop in enumerate(stops)
        if other != place
    )
