"""Replays: a collector judges inputs of an app, or predictions that are given, as if they came now."""

from collections.abc import Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Collector

from bowerbird.api.collector_checks import watched_model
from bowerbird.api.fields import batch, moment
from bowerbird.api.outcomes import overall
from bowerbird.api.predictions import check, versions_of
from bowerbird.api.replay_inputs import Outcomes, Source, singles_of_app
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.collect.replay import Replays
from bowerbird.collect.taking import Single
from bowerbird.errors import ApiError, Invalid, ModelNotFound, Unserved
from bowerbird.proto.bowerbird_v1_pb2 import (
    CollectorReplayResponse,
    PostCollectorReplaysRequest,
    Prediction,
    PredictionResult,
)
from bowerbird.store.kinds import COLLECTORS, seconds
from bowerbird.store.resources import Stored


@rpc(transaction=Transaction.NONE)
async def post_collector_replays(call: Call, req: PostCollectorReplaysRequest) -> CollectorReplayResponse:
    """Judge what is given, or a page of an app's inputs.

    Who asks again, because an answer was lost, takes nothing twice: the ids are those of live traffic.
    """
    replays, row = replays_of(call), await _collector(call, req)
    source = row.message.collector_source.api_post_model_outputs_collector_source
    if req.predictions:
        outcomes, cursor = await _given(call, source, batch("predictions", req.predictions)), ""
    else:
        outcomes, cursor = await singles_of_app(call, source, req)
    judge = replays.rehearse if req.dry_run else replays.replay
    singles = [one for _, one in outcomes if isinstance(one, Single)]
    tally = await judge(str(row.seq), singles)
    return CollectorReplayResponse(
        status=overall([one for _, one in outcomes]),
        judged=len(singles),
        taken=tally["taken"],
        skipped={reason: n for reason, n in tally.items() if reason != "taken"},
        failed=[
            PredictionResult(request_id=id, status=one.status())
            for id, one in outcomes
            if isinstance(one, ApiError)
        ],
        cursor=cursor,
    )


def replays_of(call: Call) -> Replays:
    if call.services.replays is None:
        raise Unserved("this process takes no predictions; ask one that serves the API")
    return call.services.replays


async def _collector(call: Call, req: PostCollectorReplaysRequest) -> Stored[Collector]:
    if bool(req.predictions) == req.HasField("inputs_of"):
        raise Invalid("inputs_of: expected either inputs_of or predictions")
    if req.predictions and (req.input_ids or req.after or req.per_page):
        raise Invalid("predictions: expected no input_ids and no page with them")
    async with call.read() as conn:
        row = await COLLECTORS.row(conn, call.app.seq, req.collector_id)
    if not (row.row["active"] or req.dry_run):
        raise Invalid(f"collector {req.collector_id!r} is paused: resume it, or ask with dry_run")
    return row


async def _given(call: Call, source: Source, given: Sequence[Prediction]) -> Outcomes:
    async with call.read() as conn:
        model = await watched_model(call, source)
        if model is None:
            raise ModelNotFound(f"model {source.model_id!r}")
        versions, latest = await versions_of(conn, model.seq, {p.model_version_id for p in given})
    return [(p.request_id, _single(call, source, p, versions, latest)) for p in given]


def _single(call: Call, source: Source, p: Prediction, versions: set[str], latest: str) -> Single | ApiError:
    version = p.model_version_id or latest
    try:
        check(p, versions)
        if not p.request_id:
            raise Invalid("request_id: expected the id of the request: coins and ids hang on it")
        if source.model_version_id and version != source.model_version_id:
            raise Invalid(
                f"model_version_id: {version!r}; the collector watches {source.model_version_id!r} only"
            )
        at = seconds(moment("at", p.at)) if p.HasField("at") else None
    except ApiError as error:
        return error
    return Single(
        model=(source.model_user_id, source.model_app_id, source.model_id),
        version_id=version,
        caller_user_id=p.caller_user_id or call.app.user_id,
        request_id=p.request_id,
        index=p.input_index,
        input=p.input,
        result=p.output,
        output=p.output,
        at=at,
    )
