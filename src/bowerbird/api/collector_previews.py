"""A draft collector, tried on what was recorded before it is switched on."""

import math

from bowerbird.api.collector_checks import check_draft
from bowerbird.api.draft_workflows import draft_workflow
from bowerbird.api.preview_figures import add_figures
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.collect.preview import Draft, Example, Preview, Trial, run_trial, summary
from bowerbird.collect.preview_nodes import TRACED, Missed
from bowerbird.collect.preview_notes import notes
from bowerbird.collect.reasons import culprit, told
from bowerbird.collect.recorded import Entry
from bowerbird.errors import OutOfRange
from bowerbird.proto import bowerbird_v1_pb2 as v1
from bowerbird.workflows.stored import load_workflow, relations_for

HOURS, EXAMPLES = 24.0, 12
MOST_EXAMPLES = 100
MOST_MIXED = 50  # concepts


@rpc(transaction=Transaction.NONE)
async def post_collector_previews(
    call: Call, req: v1.PostCollectorPreviewsRequest
) -> v1.CollectorPreviewResponse:
    hours, examples = hours_back(call, req.hours), _examples(req)
    recorded, now = call.services.recorded, call.services.clock()
    since = now - hours * 3600
    model, draft = await _draft(call, req)
    answered = await recorded.answered(model, since)
    part = await recorded.part(model, since, answered) if any(o.amounts for o in draft.operators) else 1.0
    traced = TRACED / max(TRACED, await recorded.size(model, since))  # the part that is looked at closely
    trial = await run_trial(recorded, model, draft.thinned(part), since, examples, traced)
    found = summary(trial, answered, since, now)
    response = _shown(found, trial)
    whole = found.recorded / found.answered if found.answered else 1.0
    response.notes.extend(notes(draft, trial, found, whole))
    add_figures(response, draft, trial, found)
    await _add_examples(call, response, trial)
    return response


def hours_back(call: Call, given: float) -> float:
    """How many hours to look back. Raises OutOfRange."""
    most = call.services.settings.record_hours
    hours = given or min(HOURS, most)
    if not 0 < hours <= most or math.isnan(hours):
        raise OutOfRange(f"hours is {given:g}; it can be above 0 and up to {most:g}")
    return hours


def _examples(req: v1.PostCollectorPreviewsRequest) -> int:
    """How many examples to show. Raises OutOfRange."""
    if req.examples > MOST_EXAMPLES:
        raise OutOfRange(f"examples is {req.examples}; it can be 1 to {MOST_EXAMPLES}")
    return req.examples or EXAMPLES


async def _draft(call: Call, req: v1.PostCollectorPreviewsRequest) -> tuple[int, Draft]:
    """The number of the model that is watched, and what is tried on it.

    Raises as PostCollectors; of a workflow that is not written yet, as PostModels and PostWorkflows.
    """
    given = await draft_workflow(call, req.workflow, req.operators) if req.HasField("workflow") else None
    async with call.read() as conn:
        collector, model = await check_draft(call, "collector", req.collector, given)
        id = collector.pre_queue_workflow_id
        workflow = given or (await load_workflow(conn, call.app.seq, id) if id else None)
        relations = await relations_for(conn, call.app.seq, workflow)
    source = collector.collector_source.api_post_model_outputs_collector_source
    salt = f"{call.app.user_id}/{call.app.id}/{collector.id}"
    is_own = source.model_user_id == call.app.user_id
    return model.seq, Draft(collector, workflow, salt, "" if is_own else source.caller_user_id, relations)


def _shown(found: Preview, trial: Trial) -> v1.CollectorPreviewResponse:
    share, share_low, share_high = found.share
    per_day, per_day_low, per_day_high = found.per_day
    mix = list(found.mix.items())[:MOST_MIXED]
    return v1.CollectorPreviewResponse(
        recorded=found.recorded,
        answered=found.answered,
        taken=found.taken,
        kept_share=share,
        kept_share_low=share_low,
        kept_share_high=share_high,
        per_day=per_day,
        per_day_low=per_day_low,
        per_day_high=per_day_high,
        skipped={reason: n for reason, n in trial.skipped.items() if n},
        mix=[v1.Share(concept_id=id, before=before, kept=kept) for id, (before, kept) in mix],
    )


async def _add_examples(call: Call, response: v1.CollectorPreviewResponse, trial: Trial) -> None:
    """With their media, as far as these were recorded."""
    kept, left_out, missed = trial.kept.all(), trial.left_out.all(), trial.closely.missed()
    shown: list[Example | Missed] = [*kept, *left_out, *missed]
    entries = await call.services.recorded.with_content([one.entry for one in shown])
    whole = {entry.seq: entry for entry in entries}
    response.kept.extend(_example(whole[one.entry.seq], one) for one in kept)
    response.left_out.extend(_example(whole[one.entry.seq], one) for one in left_out)
    for one in missed:
        response.just_missed.append(_example(whole[one.entry.seq], one))
        response.just_missed[-1].gap = one.gap


def _example(entry: Entry, one: Example | Missed) -> v1.PreviewExample:
    stopped = None if one.decision.taken else culprit(one.decision, one.steps)
    return v1.PreviewExample(
        request_id=entry.request_id,
        input_index=entry.input_index,
        input=entry.input_message().data,
        output=entry.output_data(),
        inclusion_probability=one.probability if isinstance(one, Example) else None,
        reason="" if one.decision.taken else told(one.decision, one.steps),
        node_id=stopped.node_id if stopped else "",
    )
