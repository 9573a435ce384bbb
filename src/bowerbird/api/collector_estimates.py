"""GetCollectorEstimate: what production does, from what a collector kept and people labelled."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bowerbird.api.answers import Answers, ask, version_of
from bowerbird.api.estimate_notes import Circumstances
from bowerbird.api.estimate_shown import shown
from bowerbird.api.kept_items import Item, kept_items
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.collect.losses import population, worst
from bowerbird.collect.plans import plan_of
from bowerbird.collect.reach import explored, unreached
from bowerbird.collect.roster import Known, known_one
from bowerbird.errors import ApiError, ModelNotFound, ModelUntrained
from bowerbird.estimate.report import Evidence, predicting, report
from bowerbird.estimate.sample import Sample, sample
from bowerbird.proto.bowerbird_v1_pb2 import CollectorEstimateResponse, GetCollectorEstimateRequest
from bowerbird.queue import FunnelRow, hour_of
from bowerbird.services import ModelKey
from bowerbird.store.kinds import seconds
from bowerbird.workflows.plan import Plan
from bowerbird.workflows.stored import load_workflow

PART_OF_CALL = 0.5  # of the longest time of a call: for predicting anew


@rpc(transaction=Transaction.NONE)
async def get_collector_estimate(call: Call, req: GetCollectorEstimateRequest) -> CollectorEstimateResponse:
    judged = await _judged(call, req.collector_id)
    since = float(hour_of(seconds(req.since)))
    rows = await call.services.queue.funnel(judged.known.key, since=since)
    items = await kept_items(call, judged.known.message, since)
    until = asyncio.get_running_loop().time() + PART_OF_CALL * call.services.settings.call_timeout_s
    incumbent = await _incumbent(call, judged.model, req.model_version_id, items, until)
    challenger = await _challenger(call, judged.model, req.challenger_version_id, items, until)
    evidence = Evidence(
        _sample(judged, items, rows),
        [item.truth for item in items],
        _in_order(incumbent, items),
        _in_order(challenger, items) if challenger else None,
    )
    left = incumbent.left + (challenger.left if challenger else 0)
    found = await asyncio.to_thread(report, evidence)
    told = predicting(found, left) if left else found
    return shown(evidence, told, _circumstances(judged, items, rows), left)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A collector, with how it decides now."""

    known: Known
    plan: Plan | None  # None: it cannot
    unreached: str  # why some predictions have no chance; empty: all have one

    @property
    def model(self) -> ModelKey:
        source = self.known.source
        return source.model_user_id, source.model_app_id, source.model_id


async def _judged(call: Call, collector_id: str) -> _Judged:
    """Raises CollectorNotFound."""
    async with call.read() as conn:
        known = await known_one(conn, call.app.user_id, call.app.id, collector_id)
        id = known.message.pre_queue_workflow_id
        workflow = await load_workflow(conn, call.app.seq, id) if id else None
    if id and workflow is None:
        return _Judged(known, None, f"There is no workflow {id!r} any more: nothing is kept.")
    try:
        plan = plan_of(known.message, workflow, known.name)
    except ApiError as error:
        return _Judged(known, None, f"The collector cannot decide: {error.details or error.text()}")
    return _Judged(known, plan, unreached(plan, has_post_queue=bool(known.message.post_queue_workflow_id)))


async def _incumbent(
    call: Call, model: ModelKey, version_id: str, items: Sequence[Item], until: float
) -> Answers:
    """What the version says of the labelled items; without one, what the version said that each came from.

    What was posted with an item is believed; the rest is asked anew, if the version still is there.
    """
    said = {i.seq: i.said for i in items if i.said and version_id in ("", i.version_id)}
    silent = [item for item in items if item.truth and item.seq not in said]
    left = 0
    for id in sorted({version_id or item.version_id for item in silent}):
        asked = [item for item in silent if id == (version_id or item.version_id)]
        try:
            version = await version_of(call, model, id)
        except (ModelNotFound, ModelUntrained):
            if version_id:
                raise
            continue  # gone since: of these items it is not known any more
        answers = await ask(call, version, asked, until=until)
        said |= answers.said
        left += answers.left
    return Answers(said, left)


async def _challenger(
    call: Call, model: ModelKey, version_id: str, items: Sequence[Item], until: float
) -> Answers | None:
    if not version_id:
        return None
    labelled = [item for item in items if item.truth]
    return await ask(call, await version_of(call, model, version_id), labelled, until=until)


def _in_order(answers: Answers, items: Sequence[Item]) -> list[str]:
    return [answers.said.get(item.seq, "") for item in items]


def _sample(judged: _Judged, items: Sequence[Item], rows: Sequence[FunnelRow]) -> Sample:
    is_explored = explored(judged.plan) if judged.plan else None
    return sample(
        [item.pi for item in items],
        repeats=np.array([item.repeats for item in items], np.float64),
        explored=np.array([is_explored is not None and is_explored(item.key) for item in items], np.bool_),
        offered=max(sum(map(population, rows)), len(items)),
        lost=min(worst(rows).share, 1.0),
        reaches_all=not judged.unreached,
    )


def _circumstances(judged: _Judged, items: Sequence[Item], rows: Sequence[FunnelRow]) -> Circumstances:
    return Circumstances(
        unreached=judged.unreached,
        loss=worst(rows),
        explores=judged.plan is not None and explored(judged.plan) is not None,
        older=sum(item.revision != judged.known.revision for item in items),
        versions=len({item.version_id for item in items}),
    )
