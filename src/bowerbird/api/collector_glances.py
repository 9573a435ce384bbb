"""ListCollectorFigures: all collectors of an app at a glance."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from clarifai_grpc.grpc.api.resources_pb2 import Workflow
from sqlalchemy import and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.collect.failures import cure_of
from bowerbird.collect.limits import limits_of
from bowerbird.collect.plans import plan_of
from bowerbird.collect.roster import Known, load_of
from bowerbird.errors import ApiError
from bowerbird.proto import collecting_pb2 as v1
from bowerbird.queue import FunnelRow, Standing, hour_of
from bowerbird.services import ModelKey
from bowerbird.store.kinds import stamp
from bowerbird.store.tables import apps, collector_revisions, collectors, models
from bowerbird.workflows.periods import Period, window_at
from bowerbird.workflows.stored import Name, load_workflows

HOUR_S, HOURS = 3600, 24
_RANK = {"blocked": 0, "on": 1, "shadow": 1, "paused": 2}


class _Change(NamedTuple):
    """The last change of a collector, and since when it is blocked."""

    blocked_at: float | None
    user_id: str | None  # None: it was not written down yet
    at: float | None


@dataclass(frozen=True, slots=True)
class _Found:
    """What the app's collectors are made of."""

    known: Sequence[Known]
    workflows: Mapping[Name, Workflow]
    models: frozenset[ModelKey]  # of those that they watch, the ones that there are
    changed: Mapping[str, _Change]  # by the collector's key


@rpc(transaction=Transaction.NONE)
async def list_collector_figures(
    call: Call, req: v1.ListCollectorFiguresRequest
) -> v1.MultiCollectorFiguresResponse:
    now = call.services.clock()
    async with call.read() as conn:
        found = await _find(conn, call.app.seq)
    first = hour_of(now) - (HOURS - 1) * HOUR_S
    rows: dict[str, list[FunnelRow]] = defaultdict(list)
    keys = [one.key for one in found.known]
    for row in await call.services.queue.funnels(keys, since=first):
        rows[row.collector].append(row)
    standings = await call.services.queue.standings(keys)
    shown = [
        _figures(one, found, rows[one.key], standings.get(one.key, Standing()), now) for one in found.known
    ]
    shown.sort(key=lambda one: (_RANK[one.state], one.collector_id))
    return v1.MultiCollectorFiguresResponse(collectors=shown)


async def _find(conn: AsyncConnection, app: int) -> _Found:
    known = await load_of(conn, app)
    names = {(app, id) for one in known if (id := one.message.pre_queue_workflow_id)}
    watched = [_model(one) for one in known]
    query = select(apps.c.user_id, apps.c.id, models.c.id.label("model")).join(
        apps, apps.c.seq == models.c.app
    )
    there = await conn.execute(query.where(tuple_(apps.c.user_id, apps.c.id, models.c.id).in_(watched)))
    return _Found(
        known=known,
        workflows=await load_workflows(conn, names),
        models=frozenset((row.user_id, row.id, row.model) for row in there),
        changed=await _changed(conn, app),
    )


async def _changed(conn: AsyncConnection, app: int) -> dict[str, _Change]:
    last = and_(
        collector_revisions.c.collector == collectors.c.seq,
        collector_revisions.c.revision == collectors.c.revision,
    )
    query = select(
        collectors.c.seq, collectors.c.blocked_at, collector_revisions.c.user_id, collector_revisions.c.at
    )
    rows = await conn.execute(query.outerjoin(collector_revisions, last).where(collectors.c.app == app))
    return {str(row.seq): _Change(row.blocked_at, row.user_id, row.at) for row in rows}


def _model(one: Known) -> ModelKey:
    return one.source.model_user_id, one.source.model_app_id, one.source.model_id


def _figures(
    one: Known, found: _Found, rows: Iterable[FunnelRow], standing: Standing, now: float
) -> v1.CollectorFigures:
    workflow = found.workflows.get((one.app_seq, one.message.pre_queue_workflow_id))
    figures = v1.CollectorFigures(
        collector_id=one.message.id,
        description=one.message.description,
        source=one.source,
        waiting=standing.waiting,
        dead=standing.dead,
        revision=one.revision,
        pre_queue_random_sample=one.message.pre_queue_random_sample,
        pre_queue_workflow_id=one.message.pre_queue_workflow_id,
        post_queue_workflow_id=one.message.post_queue_workflow_id,
    )
    if standing.oldest is not None:
        figures.oldest_waiting.CopyFrom(stamp(standing.oldest))
    _add_state(figures, one, workflow, found)
    _add_change(figures, found.changed[one.key])
    _add_hours(figures, rows, now)
    _add_budget(figures, workflow)
    return figures


def _add_state(figures: v1.CollectorFigures, one: Known, workflow: Workflow | None, found: _Found) -> None:
    figures.state = "shadow" if one.options.shadow else "on"
    if not one.is_active:
        figures.state = "paused"
    elif broken := _broken(one, workflow, found):
        figures.state = "blocked"
        figures.cure, figures.cure_id, figures.reason = broken
    elif one.blocked:
        figures.state, figures.reason, figures.cure = "blocked", one.blocked, cure_of(one.blocked)
        figures.cure_id = _cure_id(figures.cure, one)
        since = found.changed[one.key].blocked_at
        if since is not None:
            figures.since.CopyFrom(stamp(since))


def _broken(one: Known, workflow: Workflow | None, found: _Found) -> tuple[str, str, str] | None:
    """Why it can decide nothing: what has to be mended, its id, and the reason in words."""
    id = one.message.pre_queue_workflow_id
    if _model(one) not in found.models:
        return "model", one.source.model_id, f"There is no model {one.source.model_id!r} any more."
    if id and workflow is None:
        return "workflow", id, f"There is no workflow {id!r} any more."
    try:
        plan_of(one.message, workflow, one.name)
    except ApiError as error:
        return "workflow", id, error.details or error.text()
    return None


def _cure_id(cure: str, one: Known) -> str:
    match cure:
        case "key":
            return one.source.post_inputs_key_id
        case "workflow":
            return one.message.post_queue_workflow_id
        case "app":
            return one.app_id
    return ""


def _add_change(figures: v1.CollectorFigures, last: _Change) -> None:
    figures.changed_by = last.user_id or ""
    if last.at is not None:
        figures.changed_at.CopyFrom(stamp(last.at))


def _add_hours(figures: v1.CollectorFigures, rows: Iterable[FunnelRow], now: float) -> None:
    offered, taken = [0] * HOURS, [0] * HOURS
    midnight = window_at(Period.DAY, now).start
    for row in rows:
        place = HOURS - 1 - (hour_of(now) - row.hour) // HOUR_S
        if 0 <= place < HOURS:
            offered[place], taken[place] = row.offered, row.taken
        figures.kept_today += row.taken if row.hour >= midnight else 0
    left = 1 - (now - hour_of(now)) / HOUR_S  # of the hour before
    figures.offered_by_hour.extend(offered)
    figures.taken_by_hour.extend(taken)
    figures.offered_last_hour = round(offered[-1] + left * offered[-2])
    figures.taken_last_hour = round(taken[-1] + left * taken[-2])


def _add_budget(figures: v1.CollectorFigures, workflow: Workflow | None) -> None:
    try:
        limit = next(limits_of(workflow), None) if workflow is not None else None
    except ApiError:  # it cannot run, which the state says
        return
    if limit is not None:
        figures.budget, figures.budget_period = limit.most, limit.period
