"""What a collector has posted, with the chance that each had, what people say it is and what a model said."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import Annotation, Collector, Concept, Input
from google.protobuf.struct_pb2 import Struct
from sqlalchemy import select

from bowerbird.api.annotation_rows import read
from bowerbird.api.rpc import Call
from bowerbird.collect.provenance import CAPTURE, COLLECTOR
from bowerbird.collect.taking import request_key
from bowerbird.estimate.truth import Answer, Vote, truth_of
from bowerbird.index.postings import SURE
from bowerbird.index.terms import terms_of_filter_metadata
from bowerbird.store.kinds import INPUTS, seconds
from bowerbird.store.resources import Stored
from bowerbird.store.tables import annotations, input_terms, inputs, repeats
from bowerbird.workflows.plain import is_number, plain_struct

PAGE = 500
WHOLE = "-0"  # what the id of an annotation that collecting posts for a whole input ends with


@dataclass(frozen=True, slots=True)
class Item:
    """A kept item."""

    seq: int
    id: str
    pi: float  # NaN: not known
    repeats: int
    revision: int  # of the collector
    version_id: str
    key: str  # of the request's input
    truth: Answer  # empty: nobody has labelled it
    said: str  # the concept that the model said at the time; empty: it was not posted


async def kept_items(call: Call, collector: Collector, since: float) -> list[Item]:
    """All that the collector's rules took from then on, of traffic as it came: no replays, no feedback.

    Opens its transactions itself, one for a page.
    """
    found: list[Item] = []
    after = 0
    while page := await _page(call, collector, after):
        after = page[-1].seq
        found += await _items(call, [(s, c) for s in page if (c := _capture(s.message, since)) is not None])
        await asyncio.sleep(0)
    return found


async def _page(call: Call, collector: Collector, after: int) -> list[Stored[Input]]:
    wanted = Struct()
    wanted[COLLECTOR] = collector.id
    (term,) = terms_of_filter_metadata(wanted).terms
    query = (
        select(inputs)
        .join(input_terms, input_terms.c.input == inputs.c.seq)
        .where(input_terms.c.app == call.app.seq, input_terms.c.term == term, input_terms.c.input > after)
        .order_by(input_terms.c.input)
        .limit(PAGE)
    )
    async with call.services.db.read() as conn:
        return [INPUTS.stored(row) for row in await conn.execute(query)]


def _capture(input: Input, since: float) -> dict[str, Any] | None:
    """What a collected input says of where it came from; None when it is older, no sample, or mute on it."""
    metadata = input.data.metadata
    if CAPTURE not in metadata:
        return None
    capture: dict[str, Any] = plain_struct(metadata).get(CAPTURE)  # type: ignore[assignment]  # as posted
    try:
        taken_at = datetime.fromisoformat(capture["taken_at"]).timestamp()
        request_key(capture["request_id"], int(capture["input_index"]))
    except (KeyError, TypeError, ValueError):  # somebody else wrote it
        return None
    return capture if taken_at >= since and not capture.get("reason") else None


async def _items(call: Call, page: Sequence[tuple[Stored[Input], dict[str, Any]]]) -> list[Item]:
    if not page:
        return []
    seqs, ids = [s.seq for s, _ in page], [s.message.id for s, _ in page]
    of_page = select(annotations).where(annotations.c.input.in_(seqs))
    async with call.services.db.read() as conn:
        found = await read(conn, of_page)
        of_these = select(repeats.c.capture, repeats.c.n).where(repeats.c.capture.in_(ids))
        again = {row.capture: row.n for row in await conn.execute(of_these)}
    by_input: dict[int, list[Stored[Annotation]]] = defaultdict(list)
    for one in found:
        by_input[one.row["input"]].append(one)
    return [_item(s, c, by_input[s.seq], again.get(s.message.id, 0)) for s, c in page]


def _item(
    stored: Stored[Input], capture: dict[str, Any], given: Sequence[Stored[Annotation]], again: int
) -> Item:
    pi, version_id = capture.get("inclusion_probability"), str(capture.get("model_version_id", ""))
    return Item(
        seq=stored.seq,
        id=stored.message.id,
        pi=float(pi) if is_number(pi) and 0 < pi <= 1 else math.nan,
        repeats=again,
        revision=int(capture.get("collector_revision", 0)),
        version_id=version_id,
        key=request_key(capture["request_id"], int(capture["input_index"])),
        truth=truth_of(_votes(given)),
        said=_said(stored.message.id, version_id, given),
    )


def _votes(given: Iterable[Stored[Annotation]]) -> Iterable[Vote]:
    """Of people, and accepted; of the input as a whole."""
    for one in given:
        if one.row["trusted"]:
            answer = frozenset(c.id for c in one.message.data.concepts if c.value >= SURE)
            yield Vote(one.message.user_id, (seconds(one.message.modified_at), one.seq), answer)


def _said(input_id: str, version_id: str, given: Iterable[Stored[Annotation]]) -> str:
    for one in given:
        if one.row["model_version_id"] == version_id and one.message.id == input_id + WHOLE:
            return top(one.message.data.concepts)
    return ""


def top(concepts: Iterable[Concept]) -> str:
    """The id of the concept with the greatest value; empty when there is none."""
    best = max(concepts, key=lambda concept: concept.value, default=None)
    return best.id if best is not None else ""
