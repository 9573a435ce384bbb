"""PostInputs: everything slow first, then one short transaction for all of them."""

from collections.abc import Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Input, InputIDConflictResolution
from clarifai_grpc.grpc.api.service_pb2 import MultiInputResponse, PostInputsRequest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.annotation_rows import input_level, insert_annotations
from bowerbird.api.fields import batch
from bowerbird.api.input_drafts import Draft, drafts
from bowerbird.api.input_views import shown
from bowerbird.api.labels import ensure_all, name_concepts
from bowerbird.api.outcomes import overall
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.errors import ApiError, InputDuplicate, Invalid
from bowerbird.index.postings import add_terms, terms_of_annotation
from bowerbird.jobs import ingest
from bowerbird.store import media as media_rows
from bowerbird.store.bulk import insert_returning
from bowerbird.store.kinds import INPUTS
from bowerbird.store.tables import inputs


@rpc(transaction=Transaction.NONE)
async def post_inputs(call: Call, req: PostInputsRequest) -> MultiInputResponse:
    """Each input is taken or refused by itself; of those with the same id or URL, the first is taken."""
    batch("inputs", req.inputs)
    if req.input_id_conflict_resolution == InputIDConflictResolution.SUFFIX:
        raise Invalid("input_id_conflict_resolution: SUFFIX is not served; ids in use are refused")
    found = _first_of_each(await drafts(call.services, req.inputs))
    good = [d for d in found if isinstance(d, Draft)]
    taken: dict[str, ApiError] = {}
    if good:
        async with call.write():
            taken = await _add(call, good)
    results = [taken.get(d.input.id, d) if isinstance(d, Draft) else d for d in found]
    answers = [_answer(call, given, r) for given, r in zip(req.inputs, results, strict=True)]
    return MultiInputResponse(status=overall(results), inputs=answers)


def _answer(call: Call, given: Input, result: Draft | ApiError) -> Input:
    if isinstance(result, ApiError):
        return Input(id=given.id, status=result.status())
    return shown(call, result.input)


def _first_of_each(found: Sequence[Draft | ApiError]) -> list[Draft | ApiError]:
    """The drafts less those whose id or URL an earlier one has."""
    seen: set[str | bytes] = set()
    kept: list[Draft | ApiError] = []
    for draft in found:
        if isinstance(draft, ApiError):
            kept.append(draft)
        elif draft.input.id in seen:
            kept.append(InputDuplicate(f"the id {draft.input.id!r} is given twice in the request"))
        elif draft.url_hash in seen:
            kept.append(InputDuplicate("the URL is given twice in the request, without allow_duplicate_url"))
        else:
            seen |= {draft.input.id, draft.url_hash} - {None}  # type: ignore[arg-type]  # None is taken out
            kept.append(draft)
    return kept


async def _add(call: Call, good: Sequence[Draft]) -> dict[str, ApiError]:
    """Store what can be stored, with all that belongs to it; for the others, by id, why not."""
    conn, app, now = call.conn, call.app.seq, call.services.clock()
    known = await ensure_all(call, (d.input.data for d in good))
    for draft in good:
        name_concepts(draft.input.data, known)
    rows = [_row(app, d) for d in good]
    seqs: dict[str, int] = dict(await insert_returning(conn, inputs, rows, inputs.c.id, inputs.c.seq))
    added = [(seqs[d.input.id], d) for d in good if d.input.id in seqs]
    await media_rows.add(conn, [(seq, file) for seq, d in added if d.taken for file in d.taken.files])
    labelled = [(seq, input_level(call, d.input)) for seq, d in added if d.input.data.concepts]
    await insert_annotations(conn, app, labelled)
    terms = [(seq, d.terms) for seq, d in added]
    await add_terms(conn, app, terms + [(seq, terms_of_annotation(a)) for seq, a in labelled])
    kept = [seq for seq, d in added if d.taken]
    await ingest.put(conn, kept, [seq for seq, d in added if not d.taken], now)
    return await _reasons(conn, app, [d for d in good if d.input.id not in seqs])


def _row(app: int, draft: Draft) -> dict[str, object]:
    message = draft.input
    return {
        **INPUTS.columns(message),
        "app": app,
        "url_hash": draft.url_hash,
        "message": message.SerializeToString(),
    }


async def _reasons(conn: AsyncConnection, app: int, refused: Sequence[Draft]) -> dict[str, ApiError]:
    """Why these inputs could not be added: their id is in use, or else their URL."""
    if not refused:
        return {}
    ids = [d.input.id for d in refused]
    query = select(inputs.c.id).where(inputs.c.app == app, inputs.c.id.in_(ids))
    used = set((await conn.execute(query)).scalars())
    return {id: InputDuplicate(_reason(id, is_used=id in used)) for id in ids}


def _reason(id: str, *, is_used: bool) -> str:
    if is_used:
        return f"the app has an input {id!r} already"
    return "the app has an input with this URL already; allow_duplicate_url adds another"
