"""What a collector kept: listed with why, and how the chances of all of it are spread."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from heapq import nlargest
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import Concept, Input
from google.protobuf.struct_pb2 import Struct
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.input_views import shown
from bowerbird.api.kept_items import WHOLE
from bowerbird.api.origins import Origin, measuring, origin_of, veiled
from bowerbird.api.recalled import recalled
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.api.said import Said, labelled, said_of
from bowerbird.collect.provenance import COLLECTOR
from bowerbird.collect.recorded import Entry
from bowerbird.errors import OutOfRange
from bowerbird.index.terms import terms_of_filter_metadata
from bowerbird.proto import collecting_pb2 as v1
from bowerbird.store.kinds import COLLECTORS, INPUTS, stamp
from bowerbird.store.resources import Page, Stored
from bowerbird.store.tables import input_terms, inputs

PER_PAGE = 24
PAGE = 500
BEST = 5  # concepts of a prediction
PER_DECADE = 4  # bins
RULES = "rules"

Kept = tuple[Stored[Input], Origin]


@rpc
async def list_collector_items(
    call: Call, req: v1.ListCollectorItemsRequest
) -> v1.MultiCollectorItemResponse:
    await COLLECTORS.row(call.conn, call.app.seq, req.collector_id)
    size = Page.of(1, req.per_page or PER_PAGE).size
    kept = await _latest(call, req.collector_id, cursor(req.after), size)
    said = await said_of(call.conn, [stored.seq for stored, _ in kept])
    counting = await measuring(call.conn, call.app.seq, {req.collector_id} if kept else ())
    is_measuring = req.collector_id in counting
    recorded = await recalled(call, [origin for _, origin in kept])
    items = []
    for stored, origin in kept:
        ours = said.get(stored.seq, Said())
        is_blind = is_measuring and origin.counts and not ours.is_labelled
        is_veiled = is_blind and not req.shows_blind
        item = _item(call, stored, origin, ours, is_blind=is_blind, is_veiled=is_veiled)
        if not is_veiled:
            item.predicted.extend(_predicted(stored.message.id, ours, recorded.get(origin)))
        items.append(item)
    return v1.MultiCollectorItemResponse(items=items)


@rpc(transaction=Transaction.NONE)
async def get_collector_item_figures(
    call: Call, req: v1.GetCollectorItemFiguresRequest
) -> v1.CollectorItemFiguresResponse:
    term = term_of(req.collector_id)
    async with call.read() as conn:
        await COLLECTORS.row(conn, call.app.seq, req.collector_id)
        count = select(func.count()).where(
            input_terms.c.app == call.app.seq, input_terms.c.term == term, labelled(input_terms.c.input)
        )
        answer = v1.CollectorItemFiguresResponse(labelled=(await conn.execute(count)).scalar_one())
        bins: Counter[int] = Counter()
        async for origin in _all(conn, call.app.seq, term):
            answer.items += 1
            answer.reasons[origin.reason or RULES] += 1
            if origin.pi is None:
                answer.unknown += 1
            else:
                bins[_bin(origin.pi)] += 1
    for place in range(min(bins, default=0), 0):
        low, high = (10 ** (edge / PER_DECADE) for edge in (place, place + 1))
        answer.inclusion_probabilities.add(low=low, high=high, count=bins[place])
    return answer


def term_of(collector_id: str) -> str:
    """The term of what the collector posted."""
    wanted = Struct()
    wanted[COLLECTOR] = collector_id
    (term,) = terms_of_filter_metadata(wanted).terms
    return term


def cursor(given: str) -> int | None:
    """The row number in a cursor; None without one. Raises OutOfRange."""
    if given and not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise OutOfRange(f"after: {given[:40]!r} is no cursor; expected that of an item, or nothing")
    return int(given) if given else None


async def _latest(call: Call, collector_id: str, before: int | None, size: int) -> list[Kept]:
    """The newest first; what others have marked as the collector's is passed over."""
    found: list[Kept] = []
    while len(found) < size:
        query = _of(call.app.seq, term_of(collector_id))
        if before is not None:
            query = query.where(input_terms.c.input < before)
        query = query.order_by(input_terms.c.input.desc()).limit(size)
        page = [INPUTS.stored(row) for row in await call.conn.execute(query)]
        found += [(s, origin) for s in page if (origin := origin_of(s.message)) is not None]
        if len(page) < size:
            break
        before = page[-1].seq
    return found[:size]


def _of(app: int, term: str) -> Select[Any]:  # all columns of inputs
    query = select(inputs).join(input_terms, input_terms.c.input == inputs.c.seq)
    return query.where(input_terms.c.app == app, input_terms.c.term == term)


async def _all(conn: AsyncConnection, app: int, term: str) -> AsyncIterator[Origin]:
    after = 0
    while True:
        query = _of(app, term).where(input_terms.c.input > after).order_by(input_terms.c.input).limit(PAGE)
        rows = (await conn.execute(query)).all()
        for row in rows:
            if (origin := origin_of(Input.FromString(row.message))) is not None:
                yield origin
        if len(rows) < PAGE:
            return
        after = rows[-1].seq
        await asyncio.sleep(0)


def _bin(pi: float) -> int:
    """The number of the bin, -1 for the last: it ends at 1, which lies in it."""
    return min(-1, math.floor(math.log10(pi) * PER_DECADE + 1e-9))


def _item(
    call: Call, stored: Stored[Input], origin: Origin, said: Said, *, is_blind: bool, is_veiled: bool
) -> v1.CollectorItem:
    message = shown(call, stored.message)
    return v1.CollectorItem(
        input=veiled(message) if is_veiled else message,
        is_blind=is_blind,
        inclusion_probability=None if is_veiled else origin.pi,
        coin=None if is_veiled else origin.coin,
        reason=origin.reason or RULES,
        request_id=origin.request_id,
        input_index=origin.input_index,
        taken_at=stamp(origin.taken_at),
        is_labelled=said.is_labelled,
        model_version_id=origin.version_id,
        caller_user_id=origin.caller_user_id,
        revision=origin.revision,
        cursor=str(stored.seq),
    )


def _predicted(input_id: str, said: Said, entry: Entry | None) -> Sequence[Concept]:
    """What was posted with it, else what is recorded."""
    posted = [one.data.concepts for one in said.by_models if one.id == input_id + WHOLE]
    recorded = [entry.output_data().concepts] if entry is not None else []
    return nlargest(BEST, next(iter(posted + recorded), ()), key=lambda concept: concept.value)
