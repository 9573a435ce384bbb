"""Why each collector of an app took a prediction, or did not."""

from collections.abc import Iterator
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import Workflow

from bowerbird.api.collector_checks import watched_model
from bowerbird.api.ids import shown
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.collect.reasons import Why, why
from bowerbird.collect.recorded import Entry
from bowerbird.collect.roster import Known, load
from bowerbird.errors import NotFound
from bowerbird.proto import bowerbird_v1_pb2 as v1
from bowerbird.store.kinds import stamp
from bowerbird.workflows.relations import Relations
from bowerbird.workflows.stored import load_workflows, relations_for
from bowerbird.workflows.trace import Traced


@dataclass(frozen=True, slots=True)
class _Watching:
    """A collector of the app with its workflow and the number of its model."""

    collector: Known
    workflow: Workflow | None
    model: int
    relations: Relations | None


@rpc(transaction=Transaction.NONE)
async def get_prediction_reasons(
    call: Call, req: v1.GetPredictionReasonsRequest
) -> v1.PredictionReasonsResponse:
    watching = await _watching(call)
    models = {one.model for one in watching}
    entries = await call.services.recorded.find(req.request_id, req.input_index, models)
    found = list(_found(call, watching, entries))
    if not found:
        raise NotFound(
            f"prediction {shown(req.request_id)}, input {req.input_index}: not among what is recorded of the "
            f"models that the collectors of app '{call.app.user_id}/{call.app.id}' watch; only a sample is, "
            f"for {call.services.settings.record_hours:g} hours"
        )
    response = v1.PredictionReasonsResponse(predicted_at=stamp(max(entry.at for _, entry in found)))
    for one, entry in found:
        reason = why(one.collector, one.workflow, entry, one.relations)
        response.collectors.append(_shown(one.collector.message.id, reason))
    return response


async def _watching(call: Call) -> list[_Watching]:
    """The app's collectors whose models the caller may read."""
    async with call.read() as conn:
        own = [k for k in await load(conn) if k.app_seq == call.app.seq]
        names = {(k.app_seq, id) for k in own if (id := k.message.pre_queue_workflow_id)}
        workflows = await load_workflows(conn, names)
        watching = []
        for known in sorted(own, key=lambda k: k.message.id):
            model = await watched_model(call, known.source)
            if model is not None:
                workflow = workflows.get((known.app_seq, known.message.pre_queue_workflow_id))
                relations = await relations_for(conn, known.app_seq, workflow)
                watching.append(_Watching(known, workflow, model.seq, relations))
    return watching


def _found(call: Call, watching: list[_Watching], entries: list[Entry]) -> Iterator[tuple[_Watching, Entry]]:
    """Each collector with the prediction of its model; of others' models, the owner's own calls only."""
    owner = call.app.user_id
    for one in watching:
        is_own = one.collector.source.model_user_id == owner or call.is_admin
        for entry in entries:
            if entry.model == one.model and (is_own or entry.caller == owner):
                yield one, entry
                break


def _shown(collector_id: str, reason: Why) -> v1.CollectorReason:
    return v1.CollectorReason(
        collector_id=collector_id,
        taken=reason.taken,
        reason=reason.reason,
        inclusion_probability=reason.probability,
        steps=[_step(one) for one in reason.steps],
        note=reason.note,
    )


def _step(one: Traced) -> v1.ReasonStep:
    return v1.ReasonStep(
        node_id=one.node_id,
        operator=one.operator,
        verdict=one.verdict,
        value=one.look.value,
        against=one.look.against,
        coin=one.coin,
        probability=one.probability,
    )
