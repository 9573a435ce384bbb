"""What a plan makes of most recorded predictions, told by their coins and concepts, many at a time."""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from bowerbird.collect.blocks import Alike, Block, Flags
from bowerbird.workflows.plan import Plan


def can_sift(plan: Plan) -> bool:
    """Whether a plan drops anything before it has to see the messages."""
    return plan.first is not None or bool(plan.least)


def let_in(plan: Plan, block: Block) -> Flags:
    """Which of them win the plan's first coin."""
    if plan.first is None:
        return np.ones(len(block), bool)
    a, b, limit = map(np.uint64, plan.first)
    won: Flags = a * block.digests + b < limit  # modulo 2^64, as numpy has it
    return won


def may_pass(plan: Plan, block: Block) -> Flags:
    """Which of them have a concept of at least the value that the plan asks for, as far as is known."""
    found = np.ones(len(block), bool)
    if plan.least:
        for alike in block.alike:
            if alike.ids:
                found[alike.rows] = _passing(plan.least, alike)
    return found


def _passing(least: Mapping[str, float], alike: Alike) -> Flags:
    places = [place for place, concept in enumerate(alike.ids) if concept in least]
    limits = np.array([least[alike.ids[place]] for place in places], np.float64)
    passing: Flags = np.logical_or.reduce(alike.values[:, places] >= limits, axis=1)
    return passing


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
