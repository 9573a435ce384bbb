"""Revisions of a collector: listed with what they changed, and restored."""

from collections.abc import Sequence
from itertools import pairwise

from clarifai_grpc.grpc.api.resources_pb2 import Collector
from sqlalchemy import Row, select

from bowerbird.api.collector_changes import State, changes
from bowerbird.api.collector_checks import check_touched
from bowerbird.api.collector_history import save_collector
from bowerbird.api.collectors import shown
from bowerbird.api.rpc import Call, rpc
from bowerbird.errors import NotFound
from bowerbird.proto import collecting_pb2 as v1
from bowerbird.proto.bowerbird_v1_pb2 import CollectorOptions
from bowerbird.store.kinds import COLLECTORS, stamp
from bowerbird.store.resources import Page
from bowerbird.store.tables import collector_revisions

_STAYS = ("id", "created_at", "status")  # whatever is restored


@rpc
async def list_collector_revisions(
    call: Call, req: v1.ListCollectorRevisionsRequest
) -> v1.MultiCollectorRevisionResponse:
    size = Page.of(1, req.per_page).size
    stored = await COLLECTORS.row(call.conn, call.app.seq, req.collector_id)
    query = select(collector_revisions).where(collector_revisions.c.collector == stored.seq)
    if req.before:
        query = query.where(collector_revisions.c.revision < req.before)
    query = query.order_by(collector_revisions.c.revision.desc()).limit(size + 1)
    rows = (await call.conn.execute(query)).all()
    return v1.MultiCollectorRevisionResponse(revisions=_with_changes(rows)[:size])


@rpc
async def post_collector_restores(
    call: Call, req: v1.PostCollectorRestoresRequest
) -> v1.CollectorRestoreResponse:
    """Whether it is on or paused stays as it is; so does everything that is not part of a revision."""
    (stored,) = await COLLECTORS.locked(call.conn, call.app.seq, [req.collector_id])
    query = select(collector_revisions).where(
        collector_revisions.c.collector == stored.seq, collector_revisions.c.revision == req.revision
    )
    row = (await call.conn.execute(query)).first()
    if row is None:
        raise NotFound(f"revision {req.revision} of collector {req.collector_id!r}")
    wanted = Collector.FromString(row.message)
    for field in _STAYS:
        wanted.ClearField(field)  # type: ignore[arg-type]  # the names are those of fields
    touched = _touched(stored.message, wanted)
    wanted.id = stored.message.id
    wanted.created_at.CopyFrom(stored.message.created_at)
    wanted.status.CopyFrom(stored.message.status)
    kept = await check_touched(call, "collector", wanted, touched)
    revision = await save_collector(call, stored, "restored", kept, row.options)
    await call.changes("collectors")
    options = CollectorOptions.FromString(row.options)
    return v1.CollectorRestoreResponse(collector=shown(kept, ""), options=options, revision=revision)


def _touched(now: Collector, wanted: Collector) -> Collector:
    """The fields of what is wanted that differ from what there is: only these have to be checked."""
    touched = Collector()
    touched.CopyFrom(wanted)
    for field, value in wanted.ListFields():
        if getattr(now, field.name) == value:
            touched.ClearField(field.name)
    return touched


def _with_changes(rows: Sequence[Row[tuple[object, ...]]]) -> list[v1.CollectorRevision]:
    """Each with what it changed of the next one, which is older; of the last nothing is known."""
    shown_ones = [_revision(row) for row in rows]
    for new, old in pairwise(shown_ones):
        new.changes.extend(changes(State(old.collector, old.options), State(new.collector, new.options)))
    return shown_ones


def _revision(row: Row[tuple[object, ...]]) -> v1.CollectorRevision:
    return v1.CollectorRevision(
        revision=row.revision,
        at=stamp(row.at),
        user_id=row.user_id,
        action=row.action,
        collector=shown(Collector.FromString(row.message), ""),
        options=CollectorOptions.FromString(row.options),
    )
