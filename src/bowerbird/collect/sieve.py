"""What a plan makes of most recorded predictions, told by their coins and concepts, many at a time."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from bowerbird.collect.blocks import Block
from bowerbird.workflows.columns import Columnar, Columns, Flags
from bowerbird.workflows.operators import Explainer, FixedCoin, Learner
from bowerbird.workflows.plan import SAMPLERS, Plan, Stop

EDITORS = ("editor", "maker")
Keeps = Callable[[Columnar, Stop], Flags]


class Sifted(NamedTuple):
    """Which predictions are open, to be decided on in full; the others are dropped, and of them those are
    lost that a coin dropped."""

    open: Flags
    lost: Flags


def can_sift(plan: Plan) -> bool:
    """Whether a plan drops anything before it has to see the messages."""
    if plan.first is not None:
        return True
    nothing = np.zeros(1, bool)
    return bool(plan.stops) and not _through(plan.stops, 1, lambda step, stop: nothing).open[0]


def sift(plan: Plan, block: Block) -> Sifted:
    """All of the block."""
    coins = ((plan.own, plan.fraction), *((gate.draw, gate.p) for gate in plan.gates))
    let_in = np.logical_and.reduce([draw.coins(p, block.digests) for draw, p in coins])
    found, lost = let_in.copy(), ~let_in
    if plan.stops:
        for alike in block.alike:
            columns = Columns(alike.ids, alike.values, block.digests[alike.rows])
            of_these = _through(plan.stops, len(columns), _asking(columns))
            found[alike.rows] &= of_these.open
            lost[alike.rows] |= of_these.lost
    return Sifted(found, lost & ~found)


def _asking(columns: Columns) -> Keeps:
    return lambda step, stop: step.may_keep(columns, stop.draw)


def _through(stops: Sequence[Stop], size: int, keeps: Keeps) -> Sifted:
    """As `judge`, with what each stop may pass on, and what it is sure to. What comes to a stop that learns
    is open, and what may have been dropped by one that has reasons of its own, unless a coin was lost: that
    counts more than all other reasons."""
    every, none = np.ones(size, bool), np.zeros(size, bool)
    may, sure, are_plain = [every], [every], [True]  # what leaves the stops; plain: as the model said it
    found, lost, unclear = none.copy(), none.copy(), none.copy()
    for stop in stops:
        comes: Flags = np.logical_or.reduce([may[source] for source in stop.sources])
        is_sure: Flags = np.logical_or.reduce([sure[source] for source in stop.sources])
        is_plain = all(are_plain[source] for source in stop.sources)
        is_coin = isinstance(stop.step, FixedCoin)
        passes = every
        if isinstance(stop.step, Learner):
            found |= comes
        elif isinstance(stop.step, Columnar) and (is_plain or is_coin):
            passes = keeps(stop.step, stop)
            if is_coin:
                lost |= is_sure & ~passes
                unclear |= comes & ~is_sure & ~passes
        elif isinstance(stop.step, Explainer) or stop.kind in SAMPLERS:
            unclear |= comes
        may.append(comes & passes)
        sure.append(is_sure & passes if is_coin else none)
        are_plain.append(is_plain and stop.kind not in EDITORS)
        if stop.terminal:
            found |= may[-1]
    return Sifted(found | unclear & ~lost, lost)


def top_concepts(block: Block, which: Flags) -> Counter[str]:
    """How often each concept has the greatest value among some; the empty one stands for other outputs."""
    tops: Counter[str] = Counter()
    for alike in block.alike:
        wanted = which[alike.rows]
        if not alike.ids:
            tops[""] += int(np.count_nonzero(wanted))
            continue
        for place, n in enumerate(np.bincount(alike.tops[wanted]).tolist()):
            if n:
                tops[alike.ids[place]] += n
    return tops
