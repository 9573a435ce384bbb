"""PostInputsSearches: inputs by filters, the newest first; or ranked by what they are like."""

from collections.abc import AsyncIterator, Mapping, Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Annotation, Hit, HitCount, Input, Search
from clarifai_grpc.grpc.api.service_pb2 import MultiSearchResponse, PostInputsSearchesRequest
from google.protobuf.struct_pb2 import Struct
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.fields import batch
from bowerbird.api.input_filters import Asked, Check, asked
from bowerbird.api.input_ranks import Rank, ranked_by, scores
from bowerbird.api.input_views import shown
from bowerbird.api.pages import page_of
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.errors import SearchInvalid
from bowerbird.index.filters import Filtered, filtered
from bowerbird.index.terms import contains
from bowerbird.store.kinds import INPUTS
from bowerbird.store.resources import Page
from bowerbird.store.tables import annotations, inputs

CHUNK = 500  # candidates that are read at once when terms alone cannot decide
_UNSERVED = ("id", "as_of", "save", "git_hash", "visibility")


@rpc(transaction=Transaction.NONE)
async def post_inputs_searches(call: Call, req: PostInputsSearchesRequest) -> MultiSearchResponse:
    """The hits of each search in turn; with `only_count` how many there are instead."""
    answer = MultiSearchResponse(searches=batch("searches", req.searches))
    page = page_of(req.pagination)
    for n, search in enumerate(req.searches):
        _check(f"searches[{n}]", search)
        rank = await ranked_by(call, f"searches[{n}].query.ranks", search.query.ranks)
        async with call.read() as conn:
            wanted = await asked(conn, call.app.seq, f"searches[{n}].query", search.query)
            found = await filtered(conn, call.app.seq, wanted.clauses)
            if req.only_count:
                answer.hit_counts.append(HitCount(estimated_total=await _count(conn, found, wanted)))
                continue
            if rank is None:
                answer.hits.extend(_hit(call, i) for i in await _page(conn, found, wanted, page))
                continue
            among = await all_found(conn, found, wanted) if wanted.clauses else None
        answer.hits.extend(await _ranked(call, rank, among, page, search.min_value))
    return answer


async def all_found(conn: AsyncConnection, found: Filtered, wanted: Asked) -> list[int]:
    """The row numbers of all inputs that the filters leave."""
    if wanted.checks:
        return [seq async for seq, _ in _checked(conn, found, wanted.checks)]
    return await _seqs(conn, found.seqs())


async def _ranked(call: Call, rank: Rank, among: Sequence[int] | None, page: Page, least: float) -> list[Hit]:
    skipped = (page.number - 1) * page.size
    best = (await scores(call, rank, among, skipped + page.size, least))[skipped:]
    async with call.read() as conn:
        messages = dict(await _read(conn, [seq for seq, _ in best]))
    return [_hit(call, messages[seq], score) for seq, score in best if seq in messages]


def _check(field: str, search: Search) -> None:
    for descriptor, _ in search.ListFields():
        if descriptor.name in _UNSERVED:
            raise SearchInvalid(f"{field}.{descriptor.name}: searches are not saved here")


def _hit(call: Call, found: Input, score: float = 1.0) -> Hit:
    return Hit(score=score, input=shown(call, found), user_id=call.app.user_id, app_id=call.app.id)


async def _count(conn: AsyncConnection, found: Filtered, wanted: Asked) -> int:
    if wanted.checks:
        return len(await all_found(conn, found, wanted))
    count = select(func.count()).select_from(found.seqs().subquery())
    return int((await conn.execute(count)).scalar_one())


async def _page(conn: AsyncConnection, found: Filtered, wanted: Asked, page: Page) -> list[Input]:
    skipped = (page.number - 1) * page.size
    if not wanted.checks:
        seqs = await _seqs(conn, found.page(page.size, skipped))
        return [message for _, message in await _read(conn, seqs)]
    hits: list[Input] = []
    async for _, message in _checked(conn, found, wanted.checks):
        if skipped:
            skipped -= 1
        else:
            hits.append(message)
        if len(hits) == page.size:
            break
    return hits


async def _seqs(conn: AsyncConnection, query: Select[tuple[int]]) -> list[int]:
    return [row.seq for row in await conn.execute(query)]


async def _read(conn: AsyncConnection, seqs: Sequence[int]) -> list[tuple[int, Input]]:
    query = select(inputs).where(inputs.c.seq.in_(seqs)).order_by(inputs.c.seq.desc())
    return [(row.seq, INPUTS.stored(row).message) for row in await conn.execute(query)] if seqs else []


async def _checked(
    conn: AsyncConnection, found: Filtered, checks: Sequence[Check]
) -> AsyncIterator[tuple[int, Input]]:
    """Those of the candidates that really fit, with their row numbers."""
    before: int | None = None
    while seqs := await _seqs(conn, found.page(CHUNK, before=before)):
        page = dict(await _read(conn, seqs))
        for seq in sorted(await fitting(conn, page, checks), reverse=True):
            yield seq, page[seq]
        before = seqs[-1]


async def fitting(conn: AsyncConnection, page: Mapping[int, Input], checks: Sequence[Check]) -> set[int]:
    """The row numbers of those that fulfil all checks."""
    theirs = await _metadata(conn, list(page)) if any(c.in_annotations for c in checks) else {}
    return {
        seq
        for seq, message in page.items()
        if all(_fits(c, message.data.metadata, theirs.get(seq, [])) for c in checks)
    }


def _fits(check: Check, own: Struct, theirs: Sequence[Struct]) -> bool:
    return any(contains(m, check.wanted) for m in [own, *(theirs if check.in_annotations else [])])


async def _metadata(conn: AsyncConnection, seqs: Sequence[int]) -> dict[int, list[Struct]]:
    """The metadata of the annotations of inputs."""
    query = select(annotations.c.input, annotations.c.message).where(annotations.c.input.in_(seqs))
    found: dict[int, list[Struct]] = {}
    for seq, message in await conn.execute(query):
        found.setdefault(seq, []).append(Annotation.FromString(message).data.metadata)
    return found
