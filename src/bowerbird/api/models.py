"""Models: made, read, changed and deleted."""

from clarifai_grpc.grpc.api.resources_pb2 import Model, ModelVersion
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteModelRequest,
    DeleteModelsRequest,
    GetModelRequest,
    MultiModelResponse,
    PatchModelsRequest,
    PostModelsRequest,
    SingleModelResponse,
)
from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse
from sqlalchemy import delete

from bowerbird.api.fields import batch, distinct
from bowerbird.api.ids import given_or_new
from bowerbird.api.model_fields import accepted_model, shown_model, type_id
from bowerbird.api.model_found import version_of
from bowerbird.api.model_making import Draft, draft, first_version, store
from bowerbird.api.model_patches import patched
from bowerbird.api.public import readable
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.api.zoo_models import canonical
from bowerbird.errors import Duplicate, Invalid
from bowerbird.store.kinds import MODELS, stamp
from bowerbird.store.tables import models


@rpc(transaction=Transaction.NONE)
async def post_models(call: Call, req: PostModelsRequest) -> SingleModelResponse:
    """Make models. The answer has one: the first."""
    given = batch("models", req.models or ([req.model] if req.HasField("model") else []))
    made = [_made(call, f"models[{i}]", model) for i, model in enumerate(given)]
    ids = distinct("models.id", (model.id for model in made))
    async with call.read() as conn:
        for id in await MODELS.find(conn, call.app.seq, ids):
            raise Duplicate(f"model {id!r} exists already; choose another id")
    drafts = [
        await draft(call, f"models[{i}]", model, first_version(given[i])) for i, model in enumerate(made)
    ]
    async with call.write() as conn:
        await MODELS.add(conn, call.app.seq, made)
        versions = await _store(call, made, drafts)
        await call.changes("models")
    return SingleModelResponse(model=shown_model(made[0], versions[0]))


@rpc(open_to_visitors=True)
async def get_model(call: Call, req: GetModelRequest) -> SingleModelResponse:
    return await _answer(call, req)


@rpc(open_to_visitors=True)
async def get_model_output_info(call: Call, req: GetModelRequest) -> SingleModelResponse:
    return await _answer(call, req)


@rpc
async def patch_models(call: Call, req: PatchModelsRequest) -> MultiModelResponse:
    """Change models. A changed output_info makes a new version."""
    ids = distinct("models.id", (model.id for model in batch("models", req.models)))
    changed = []
    for i, stored in enumerate(await MODELS.locked(call.conn, call.app.seq, ids)):
        changed.append(await patched(call, f"models[{i}]", req.action, stored, req.models[i]))
    await call.changes("models")
    return MultiModelResponse(models=changed)


@rpc
async def delete_model(call: Call, req: DeleteModelRequest) -> BaseResponse:
    await MODELS.delete(call.conn, call.app.seq, [req.model_id])
    await call.changes("models")
    return BaseResponse()


@rpc
async def delete_models(call: Call, req: DeleteModelsRequest) -> BaseResponse:
    """Delete these models, or all of the app."""
    if req.delete_all and req.ids:
        raise Invalid("ids: expected either ids or delete_all")
    if req.delete_all:
        await call.conn.execute(delete(models).where(models.c.app == call.app.seq))
    else:
        await MODELS.delete(call.conn, call.app.seq, distinct("ids", batch("ids", req.ids)))
    await call.changes("models")
    return BaseResponse()


async def _answer(call: Call, req: GetModelRequest) -> SingleModelResponse:
    stored = await readable(call, MODELS, req.model_id)
    version = await version_of(call.conn, stored, req.version_id)
    return SingleModelResponse(model=shown_model(stored.message, version.message if version else None))


def _made(call: Call, field: str, given: Model) -> Model:
    model = accepted_model(field, given)
    model.id = given_or_new(f"{field}.id", given.id)
    if canonical(call.app.user_id, call.app.id, model.id) != model.id:
        raise Duplicate(f"{field}.id: {model.id!r} is another name of a public model; choose another id")
    model.name = model.name or model.id
    model.model_type_id = type_id(field, given.model_type_id)
    model.user_id, model.app_id = call.app.user_id, call.app.id
    model.created_at.CopyFrom(stamp(call.services.clock()))
    model.modified_at.CopyFrom(model.created_at)
    return model


async def _store(call: Call, made: list[Model], drafts: list[Draft]) -> list[ModelVersion]:
    stored = await MODELS.rows(call.conn, call.app.seq, [model.id for model in made])
    return [await store(call, model, one) for model, one in zip(stored, drafts, strict=True)]
