"""What a plan makes of most recorded predictions, told by their coins and concepts, many at a time."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from bowerbird.collect.recorded import Brief, Entry, concept_ids
from bowerbird.collect.taking import request_key
from bowerbird.workflows.draws import digest
from bowerbird.workflows.plan import Plan

Row = Brief | Entry
Flags = NDArray[np.bool_]


def can_sift(plan: Plan) -> bool:
    """Whether a plan drops anything before it has to see the messages."""
    return plan.first is not None or bool(plan.least)


def let_in(plan: Plan, rows: Sequence[Row]) -> Flags:
    """Which of them win the plan's first coin."""
    if plan.first is None:
        return np.ones(len(rows), bool)
    digests = (digest(request_key(row.request_id, row.input_index)) for row in rows)
    return np.fromiter(map(plan.is_let_in, digests), bool, len(rows))


def may_pass(plan: Plan, rows: Sequence[Row]) -> Flags:
    """Which of them have a concept of at least the value that the plan asks for, as far as is known."""
    if not plan.least:
        return np.ones(len(rows), bool)
    found = [_passing(plan.least, ids, values) for ids, values in _matrices(rows)]
    return np.concatenate(found) if found else np.zeros(0, bool)


def _passing(least: Mapping[str, float], ids: Sequence[str], values: NDArray[np.float64]) -> Flags:
    if not ids:
        return np.ones(len(values), bool)
    limits = np.array([least.get(concept, np.inf) for concept in ids])
    passing: Flags = np.greater_equal(values, limits).any(axis=1)
    return passing


def top_concepts(rows: Sequence[Row]) -> Counter[str]:
    """How often each concept has the greatest value; the empty one stands for outputs of another kind."""
    tops: Counter[str] = Counter()
    for ids, values in _matrices(rows):
        if not ids:
            tops[""] += len(values)
            continue
        for place, n in enumerate(np.bincount(values.argmax(axis=1), minlength=len(ids)).tolist()):
            if n:
                tops[ids[place]] += n
    return tops


def _matrices(rows: Sequence[Row]) -> Iterator[tuple[Sequence[str], NDArray[np.float64]]]:
    """Of rows one after the other that name the same concepts: these, and the values, a line for each row."""
    for concepts, group in groupby(rows, key=lambda row: row.concepts):
        packed = [row.values for row in group]
        ids = concept_ids(concepts) if concepts else ()
        values = np.frombuffer(b"".join(packed), np.float32).astype(np.float64)
        yield ids, values.reshape(len(packed), len(ids))
