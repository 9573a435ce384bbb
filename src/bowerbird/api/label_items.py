"""ListLabelItems: what to label next, and for whom a prediction would spoil it, without any."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from clarifai_grpc.grpc.api.resources_pb2 import Annotation, Input
from sqlalchemy import not_, select

from bowerbird.api.collector_items import cursor, term_of
from bowerbird.api.input_filters import Asked, Check, asked
from bowerbird.api.input_searches import fitting
from bowerbird.api.input_views import shown
from bowerbird.api.origins import Origin, collectors_of, measuring, origin_of, veiled
from bowerbird.api.recalled import recalled
from bowerbird.api.rpc import Call, rpc
from bowerbird.api.said import Said, labelled, said_of
from bowerbird.collect.recorded import Entry
from bowerbird.errors import Invalid
from bowerbird.index.filters import Clause, Filtered, HasTerm, filtered
from bowerbird.proto import labelling_pb2 as v1
from bowerbird.store.kinds import COLLECTORS, CONCEPTS, INPUTS
from bowerbird.store.resources import MOST_PER_PAGE, Page, Stored
from bowerbird.store.tables import inputs

PER_PAGE = 10
MOST_CONCEPTS = 1000


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An input that may be labelled, with what is known of it."""

    stored: Stored[Input]
    said: Said
    origin: Origin | None
    is_blind: bool

    @property
    def is_silent(self) -> bool:
        """Whether a prediction may be shown, but none was posted."""
        return not self.is_blind and not self.said.by_models


@dataclass(slots=True)
class _Found:
    """The items of a page, and where the next one starts; empty: there is none."""

    items: list[Stored[Input]] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    next: str = ""


@rpc
async def list_label_items(call: Call, req: v1.ListLabelItemsRequest) -> v1.MultiLabelItemResponse:
    size = Page.of(1, req.per_page or PER_PAGE).size
    found = await (_named(call, req, size) if req.input_ids else _searched(call, req, size))
    candidates = await _candidates(call, found)
    recorded = await recalled(call, [c.origin for c in candidates if c.origin and c.is_silent])
    answer = v1.MultiLabelItemResponse(cursor=found.next)
    for one, place in zip(candidates, found.cursors, strict=True):
        item = _item(call, one)
        item.cursor = place
        if one.origin in recorded:
            item.predictions.append(_recalled(one.stored.message.id, recorded[one.origin]))
        answer.items.append(item)
    if not req.after:
        concepts = await CONCEPTS.page(call.conn, call.app.seq, Page(1, MOST_CONCEPTS))
        answer.concepts.extend(one.message for one in concepts)
    return answer


async def _candidates(call: Call, found: _Found) -> list[_Candidate]:
    said = await said_of(call.conn, [stored.seq for stored in found.items])
    origins = [origin_of(stored.message) for stored in found.items]
    counting = await measuring(call.conn, call.app.seq, collectors_of(origins))
    return [
        _Candidate(
            stored=stored,
            said=said.get(stored.seq, Said()),
            origin=origin,
            is_blind=origin is not None and origin.counts and origin.collector_id in counting,
        )
        for stored, origin in zip(found.items, origins, strict=True)
    ]


def _item(call: Call, one: _Candidate) -> v1.LabelItem:
    message, me = shown(call, one.stored.message), call.actor.user_id
    return v1.LabelItem(
        input=veiled(message) if one.is_blind else message,
        annotations=[a for a in one.said.by_people if not one.is_blind or a.user_id == me],
        predictions=[] if one.is_blind else one.said.by_models,
        is_blind=one.is_blind,
        is_labelled=one.said.is_labelled,
        collector_id=one.origin.collector_id if one.origin else "",
    )


def _recalled(input_id: str, entry: Entry) -> Annotation:
    """What is recorded of a prediction, as if it had been posted."""
    return Annotation(input_id=input_id, data=entry.output_data(), model_version_id=entry.version)


async def _named(call: Call, req: v1.ListLabelItemsRequest, size: int) -> _Found:
    """Those of the inputs that are there, in the order in which they are named."""
    if req.collector_id or req.HasField("query"):
        raise Invalid("input_ids: expected one of collector_id, query and input_ids")
    if len(req.input_ids) > MOST_PER_PAGE:
        raise Invalid(f"input_ids: {len(req.input_ids)} given; expected at most {MOST_PER_PAGE}")
    there = await INPUTS.find(call.conn, call.app.seq, req.input_ids)
    done = await _labelled(call, [] if req.with_labelled else [one.seq for one in there.values()])
    found, first = _Found(), cursor(req.after) or 0
    for place, id in enumerate(req.input_ids[first:], first + 1):
        if len(found.items) == size:
            found.next = found.cursors[-1]
            break
        if id in there and there[id].seq not in done:
            found.items.append(there[id])
            found.cursors.append(str(place))
    return found


async def _labelled(call: Call, seqs: Sequence[int]) -> set[int]:
    query = select(inputs.c.seq).where(inputs.c.seq.in_(seqs), labelled(inputs.c.seq))
    return set((await call.conn.execute(query)).scalars())


async def _searched(call: Call, req: v1.ListLabelItemsRequest, size: int) -> _Found:
    """The newest first."""
    wanted = await _wanted(call, req)
    leads = await filtered(call.conn, call.app.seq, wanted.clauses)
    found, before = _Found(), cursor(req.after)
    while len(found.items) < size:
        page = await _page(call, leads, before, size, req.with_labelled)
        for stored in await _fitting(call, page, wanted.checks):
            found.items.append(stored)
            found.cursors.append(str(stored.seq))
        if len(page) < size:
            return _cut(found, size)
        before = page[-1].seq
    found.next = str(before)
    return _cut(found, size)


def _cut(found: _Found, size: int) -> _Found:
    """The first of them; the rest is for the next page."""
    if len(found.items) <= size:
        return found
    return _Found(found.items[:size], found.cursors[:size], found.cursors[size - 1])


async def _wanted(call: Call, req: v1.ListLabelItemsRequest) -> Asked:
    if req.collector_id and req.HasField("query"):
        raise Invalid("query: expected one of collector_id, query and input_ids")
    if req.collector_id:
        await COLLECTORS.row(call.conn, call.app.seq, req.collector_id)
        return Asked((Clause((HasTerm((term_of(req.collector_id),)),)),), ())
    if req.query.ranks:
        raise Invalid(
            "query.ranks: items to label come newest first; give filters, or input_ids in their order"
        )
    return await asked(call.conn, call.app.seq, "query", req.query)


async def _page(
    call: Call, leads: Filtered, before: int | None, size: int, with_labelled: bool
) -> list[Stored[Input]]:
    query = leads.page(size, before=before)
    if not with_labelled:
        query = query.where(not_(labelled(query.selected_columns[0])))
    seqs = (await call.conn.execute(query)).scalars().all()
    rows = await call.conn.execute(select(inputs).where(inputs.c.seq.in_(seqs)).order_by(inputs.c.seq.desc()))
    return [INPUTS.stored(row) for row in rows]


async def _fitting(call: Call, page: Sequence[Stored[Input]], checks: Sequence[Check]) -> list[Stored[Input]]:
    fits = await fitting(call.conn, {stored.seq: stored.message for stored in page}, checks)
    return [stored for stored in page if stored.seq in fits]
