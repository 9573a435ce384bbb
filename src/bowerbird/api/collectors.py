"""Collectors: what is kept of a model's predictions, and where it goes."""

from functools import partial

from clarifai_grpc.grpc.api.resources_pb2 import Collector
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteCollectorsRequest,
    GetCollectorRequest,
    ListCollectorsRequest,
    MultiCollectorResponse,
    PatchCollectorsRequest,
    PostCollectorsRequest,
    SingleCollectorResponse,
)
from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse, Status
from sqlalchemy import delete

from bowerbird.api.collector_checks import check_all, check_touched
from bowerbird.api.collector_history import note_revision, save_collector
from bowerbird.api.ids import given_or_new
from bowerbird.api.rpc import Call, rpc
from bowerbird.errors import Code, Invalid
from bowerbird.store.kinds import COLLECTORS, stamp
from bowerbird.store.resources import Page, Stored
from bowerbird.store.tables import collectors

MOST_AT_ONCE = 128
_WORDS = {
    Code.COLLECTOR_ACTIVE: "The collector is active.",
    Code.COLLECTOR_INACTIVE: "The collector is paused; what it holds waits.",
    Code.COLLECTOR_POST_INPUT_FAILED: "The collector cannot post; what it holds waits.",
}


@rpc
async def post_collectors(call: Call, req: PostCollectorsRequest) -> MultiCollectorResponse:
    _check_count("collectors", len(req.collectors))
    made = [await _new(call, f"collectors[{n}]", given) for n, given in enumerate(req.collectors)]
    for collector in made:
        await COLLECTORS.add(
            call.conn, call.app.seq, [collector], revision=1, created_by=call.actor.user_id, blocked=""
        )
        row = await COLLECTORS.row(call.conn, call.app.seq, collector.id)
        await note_revision(call, row.seq, 1, "created", collector, b"")
    await call.changes("collectors")
    return MultiCollectorResponse(collectors=[shown(c, "") for c in made])


@rpc
async def get_collector(call: Call, req: GetCollectorRequest) -> SingleCollectorResponse:
    row = await COLLECTORS.row(call.conn, call.app.seq, req.collector_id)
    return SingleCollectorResponse(collector=_of(row))


@rpc
async def list_collectors(call: Call, req: ListCollectorsRequest) -> MultiCollectorResponse:
    rows = await COLLECTORS.page(call.conn, call.app.seq, Page.of(req.page, req.per_page))
    return MultiCollectorResponse(collectors=[_of(row) for row in rows])


@rpc
async def patch_collectors(call: Call, req: PatchCollectorsRequest) -> MultiCollectorResponse:
    _check_count("collectors", len(req.collectors))
    patch = _PATCHES.get(req.action or "overwrite")
    if patch is None:
        raise Invalid(f"action: {req.action!r}; expected one of {', '.join(map(repr, _PATCHES))}")
    rows = await COLLECTORS.locked(call.conn, call.app.seq, [c.id for c in req.collectors])
    answer = MultiCollectorResponse()
    for n, (row, given) in enumerate(zip(rows, req.collectors, strict=True)):
        field = f"collectors[{n}]"
        changed = await check_touched(call, field, patch(row.message, given), given)
        await save_collector(call, row, "changed", changed, row.row["options"])
        answer.collectors.append(shown(changed, ""))
    await call.changes("collectors")
    return answer


@rpc
async def delete_collectors(call: Call, req: DeleteCollectorsRequest) -> BaseResponse:
    if bool(req.ids) == req.delete_all:
        raise Invalid("ids: expected the ids to delete, or delete_all, and not both")
    if req.delete_all:
        gone = delete(collectors).where(collectors.c.app == call.app.seq)
        seqs = (await call.conn.execute(gone.returning(collectors.c.seq))).scalars().all()
    else:
        rows = await COLLECTORS.rows(call.conn, call.app.seq, req.ids)
        seqs = [row.seq for row in rows]
        await COLLECTORS.delete(call.conn, call.app.seq, req.ids)
    for seq in seqs:
        call.after(partial(call.services.queue.drop_collector, str(seq)))
    await call.changes("collectors")
    return BaseResponse()


def shown(collector: Collector, blocked: str) -> Collector:
    """A collector as clients see it: the key by its handle, and why it cannot post when it cannot."""
    answer = Collector()
    answer.CopyFrom(collector)
    code = collector.status.code
    if blocked and code == Code.COLLECTOR_ACTIVE:
        code = Code.COLLECTOR_POST_INPUT_FAILED
    answer.status.CopyFrom(Status(code=code, description=_WORDS[code], details=blocked))
    return answer


def _of(row: Stored[Collector]) -> Collector:
    return shown(row.message, row.row["blocked"])


async def _new(call: Call, field: str, given: Collector) -> Collector:
    collector = Collector()
    collector.CopyFrom(given)
    collector.id = given_or_new(f"{field}.id", given.id)
    collector.created_at.CopyFrom(stamp(call.services.clock()))
    collector.status.CopyFrom(Status(code=given.status.code or Code.COLLECTOR_ACTIVE))
    return await check_all(call, field, collector)


def _overwrite(old: Collector, given: Collector) -> Collector:
    """The old one with the fields that are given: of the source, too, only the fields that are given."""
    changed = Collector()
    changed.CopyFrom(old)
    if given.HasField("status"):
        changed.ClearField("status")
    changed.MergeFrom(given)
    changed.created_at.CopyFrom(old.created_at)
    return changed


def _remove(old: Collector, given: Collector) -> Collector:
    """The old one without the fields that are given, whatever their value is."""
    changed = Collector()
    changed.CopyFrom(old)
    for field, _ in given.ListFields():
        if field.name not in _REMOVABLE and field.name != "id":
            raise Invalid(f"{field.name} cannot be removed; these can: {', '.join(_REMOVABLE)}")
        if field.name in _REMOVABLE:
            changed.ClearField(field.name)
    return changed


_REMOVABLE = (
    "description",
    "pre_queue_workflow_id",
    "pre_queue_random_sample",
    "post_queue_workflow_id",
    "collect_outputs",
)
_PATCHES = {"overwrite": _overwrite, "remove": _remove}


def _check_count(field: str, count: int) -> None:
    if not 1 <= count <= MOST_AT_ONCE:
        raise Invalid(f"{field}: {count} given; expected 1 to {MOST_AT_ONCE}")
