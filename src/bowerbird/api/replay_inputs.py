"""The inputs of an app, predicted anew by the model of a collector that is to judge them."""

from collections.abc import Sequence

from clarifai_grpc.grpc.api.resources_pb2 import APIPostModelOutputsCollectorSource, Data, Input, UserAppIDSet
from sqlalchemy import select

from bowerbird.api.collector_checks import unbound
from bowerbird.api.fields import batch
from bowerbird.api.ids import shown
from bowerbird.api.model_specs import Resolved
from bowerbird.api.outputs import copy_cut
from bowerbird.api.predict import find_model, predict
from bowerbird.api.predict_inputs import load
from bowerbird.api.rpc import Call
from bowerbird.collect.provenance import CAPTURE
from bowerbird.collect.taking import Single
from bowerbird.errors import ApiError, Invalid, ModelNotFound, OutOfRange
from bowerbird.proto.bowerbird_v1_pb2 import PostCollectorReplaysRequest
from bowerbird.store.tables import inputs
from bowerbird.workflows.plain import plain_struct

Source = APIPostModelOutputsCollectorSource
Outcomes = Sequence[tuple[str, Single | ApiError]]  # each after the id of its request, or of its input
PER_PAGE, MOST_PER_PAGE = 32, 128


async def singles_of_app(
    call: Call, source: Source, req: PostCollectorReplaysRequest
) -> tuple[Outcomes, str]:
    """What the model says of the inputs that are named, or of a page of all; where the next page starts."""
    holder = await call.dispatcher.enter("ListInputs", call.actor, req.inputs_of)
    ids, cursor = await _page(holder, req)
    place = UserAppIDSet(user_id=source.model_user_id, app_id=source.model_app_id)
    asker = await call.dispatcher.enter("PostModelOutputs", unbound(call.actor), place)
    model = await _model(asker, source)
    loaded = await load(holder, [Input(id=id) for id in ids])
    results = await predict(asker, model, model.step, loaded.data)
    owner = call.app.user_id
    outcomes = [
        (id, result if isinstance(result, ApiError) else _single(holder, model, owner, given, result))
        for id, given, result in zip(ids, loaded.inputs, results, strict=True)
    ]
    return outcomes, cursor


async def _page(holder: Call, req: PostCollectorReplaysRequest) -> tuple[Sequence[str], str]:
    if req.input_ids:
        if req.after or req.per_page:
            raise Invalid("input_ids: expected no page with them")
        return list(dict.fromkeys(batch("input_ids", req.input_ids))), ""
    size = req.per_page or PER_PAGE
    if size > MOST_PER_PAGE:
        raise OutOfRange(f"per_page is {size}; it can be 1 to {MOST_PER_PAGE}")
    query = select(inputs.c.seq, inputs.c.id).where(inputs.c.app == holder.app.seq)
    query = query.where(inputs.c.seq > _number(req.after)).order_by(inputs.c.seq).limit(size)
    async with holder.read() as conn:
        rows = (await conn.execute(query)).all()
    return [row.id for row in rows], str(rows[-1].seq) if len(rows) == size else ""


def _number(cursor: str) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise Invalid(f"after: {shown(cursor)}; expected the cursor of the page before")
    return int(cursor)


async def _model(asker: Call, source: Source) -> Resolved:
    """The collector's model itself: not the public one that has its name."""
    model = await find_model(asker, source.model_id, source.model_version_id)
    spec = model.spec
    if (spec.user_id, spec.app_id) != (source.model_user_id, source.model_app_id):
        raise ModelNotFound(
            f"model {source.model_id!r} in app '{source.model_user_id}/{source.model_app_id}'"
        )
    return model


def _single(holder: Call, model: Resolved, owner: str, given: Input, result: Data) -> Single:
    """Under the request that the input was collected from, if it was; else it is a request of its own."""
    spec, output = model.spec, Data()
    copy_cut(result, output, model.cut)
    key = (spec.user_id, spec.app_id, spec.model_id)
    itself = (owner, f"input:{holder.app.user_id}/{holder.app.id}/{given.id}", 0)
    caller, request_id, index = _collected_from(given, key) or itself
    return Single(
        model=key,
        version_id=spec.version_id,
        caller_user_id=caller,
        request_id=request_id,
        index=index,
        input=given,
        result=result,
        output=output,
    )


def _collected_from(given: Input, model: tuple[str, str, str]) -> tuple[str, str, int] | None:
    """Caller, request and place in it, when the input was collected from the same model."""
    capture = plain_struct(given.data.metadata).get(CAPTURE)
    if not isinstance(capture, dict):
        return None
    source = tuple(capture.get(name) for name in ("model_user_id", "model_app_id", "model_id"))
    match capture.get("caller_user_id"), capture.get("request_id"), capture.get("input_index"):
        case str(caller), str(request_id), float(index) if source == model and 0 <= index < MOST_PER_PAGE:
            return caller, request_id, int(index)
    return None
