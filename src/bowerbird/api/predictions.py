"""Predictions that a model made elsewhere: they go through the same tap as those made here."""

import re
from collections.abc import Awaitable

from clarifai_grpc.grpc.api.resources_pb2 import Output
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.fields import batch, moment
from bowerbird.api.model_found import newest
from bowerbird.api.outcomes import overall
from bowerbird.api.rpc import Call, Transaction, request_number, rpc
from bowerbird.errors import ApiError, InputInvalid, Invalid
from bowerbird.media import media_of
from bowerbird.proto.bowerbird_v1_pb2 import (
    MultiPredictionResponse,
    PostPredictionsRequest,
    Prediction,
    PredictionResult,
)
from bowerbird.services import Prediction as Made
from bowerbird.store.kinds import MODEL_VERSIONS, MODELS

REQUEST_ID = re.compile(r"[!-~]{1,128}")


@rpc(transaction=Transaction.NONE)
async def post_predictions(call: Call, req: PostPredictionsRequest) -> MultiPredictionResponse:
    """Offer predictions to the model's collectors; answered when what they take is durable.

    The model need not run here: it is enough that it is known. Sending a prediction again under its
    request id changes nothing.
    """
    given = batch("predictions", req.predictions)
    versions, latest = await _versions(call, req.model_id, {p.model_version_id for p in given})
    outcomes: list[ApiError | Made] = [_made(call, req.model_id, p, versions, latest) for p in given]
    waits: list[Awaitable[object]] = []
    for made in outcomes:
        if isinstance(made, Made) and (wait := call.services.tap.offer(made)) is not None:
            waits.append(wait)
    for wait in waits:
        await wait
    results = [_result(p, outcome) for p, outcome in zip(given, outcomes, strict=True)]
    return MultiPredictionResponse(status=overall(outcomes), results=results)


async def _versions(call: Call, model_id: str, ids: set[str]) -> tuple[set[str], str]:
    """Those of the versions that the model has, and its latest. Raises ModelNotFound."""
    async with call.read() as conn:
        model = await MODELS.row(conn, call.app.seq, model_id)
        return await versions_of(conn, model.seq, ids)


async def versions_of(conn: AsyncConnection, model: int, ids: set[str]) -> tuple[set[str], str]:
    """Those of the versions that the model has, and its latest; empty when it has none."""
    found = await MODEL_VERSIONS.find(conn, model, ids - {""})
    last = (await newest(conn, [model])).get(model)
    return set(found), last.message.id if last else ""


def check(p: Prediction, versions: set[str]) -> None:
    """Raises Invalid, InputInvalid."""
    if p.request_id and not REQUEST_ID.fullmatch(p.request_id):
        raise Invalid("request_id: expected 1 to 128 visible ASCII characters")
    if p.model_version_id and p.model_version_id not in versions:
        raise Invalid(f"model_version_id: the model has no version {p.model_version_id[:60]!r}")
    if media_of(p.input.data) is None:
        raise InputInvalid("input.data: expected an image, a text, a video or an audio")
    moment("at", p.at)


def _made(call: Call, model_id: str, p: Prediction, versions: set[str], latest: str) -> ApiError | Made:
    try:
        check(p, versions)
        if p.input_index:
            raise Invalid("input_index: expected 0; each prediction is a request of its own")
    except ApiError as error:
        return error
    return Made(
        model=(call.app.user_id, call.app.id, model_id),
        version_id=p.model_version_id or latest,
        caller_user_id=p.caller_user_id or call.actor.user_id,
        request_id=p.request_id or request_number(),
        inputs=[p.input],
        results=[p.output],
        outputs=[Output(data=p.output)],
        made_at=p.at.ToNanoseconds() / 1e9 if p.HasField("at") else None,
    )


def _result(p: Prediction, outcome: ApiError | Made) -> PredictionResult:
    if isinstance(outcome, ApiError):
        return PredictionResult(request_id=p.request_id, status=outcome.status())
    return PredictionResult(request_id=outcome.request_id, status=overall([]))
