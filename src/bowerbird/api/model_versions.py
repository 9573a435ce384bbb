"""Versions of models: what a model does, unchanging once it is made."""

from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import Model, ModelVersion
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteModelVersionRequest,
    GetModelVersionRequest,
    ListModelVersionsRequest,
    MultiModelVersionResponse,
    PatchModelVersionsRequest,
    PostModelVersionsRequest,
    SingleModelResponse,
    SingleModelVersionResponse,
)
from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse
from sqlalchemy import ColumnElement

from bowerbird.api.fields import batch, distinct
from bowerbird.api.model_fields import accepted_version, shown_model, shown_version
from bowerbird.api.model_making import Draft, draft, store
from bowerbird.api.model_uploads import runtime_of
from bowerbird.api.operator_checks import check_operator
from bowerbird.api.pages import page_of
from bowerbird.api.public import readable
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.errors import Code, ModelInvalid
from bowerbird.store import patch
from bowerbird.store.kinds import MODEL_VERSIONS, MODELS, stamp
from bowerbird.store.resources import Page, Stored
from bowerbird.store.tables import model_versions
from bowerbird.workflows.operators import find

_FOR_GOOD = ("output_info", "input_info", "train_info", "import_info", "pretrained_model_config")
MOST_LOOKED_AT = 1000  # versions of one model
_PATCHABLE = ("description", "license", "metadata", "visibility")


@rpc(transaction=Transaction.NONE)
async def post_model_versions(call: Call, req: PostModelVersionsRequest) -> SingleModelResponse:
    """Make versions, each from an uploaded file or for another server; the answer shows the last."""
    async with call.read() as conn:
        model = await MODELS.row(conn, call.app.seq, req.model_id)
    drafts = [
        await _draft(call, f"model_versions[{i}]", model.message, given)
        for i, given in enumerate(batch("model_versions", req.model_versions))
    ]
    distinct("model_versions.id", (made.version.id for made in drafts))
    async with call.write() as conn:
        [model] = await MODELS.locked(conn, call.app.seq, [req.model_id])
        versions = [await store(call, model, made) for made in drafts]
        touched = _touched(call, model.message)
        await MODELS.save(conn, model.seq, touched)
        await call.changes("models")
    return SingleModelResponse(model=shown_model(touched, versions[-1]))


@rpc(open_to_visitors=True)
async def get_model_version(call: Call, req: GetModelVersionRequest) -> SingleModelVersionResponse:
    model = await readable(call, MODELS, req.model_id)
    version = await MODEL_VERSIONS.one(call.conn, model.seq, req.version_id)
    return SingleModelVersionResponse(model_version=shown_version(version))


@rpc(open_to_visitors=True)
async def list_model_versions(call: Call, req: ListModelVersionsRequest) -> MultiModelVersionResponse:
    """A model's versions, the newest first unless asked otherwise."""
    model = await readable(call, MODELS, req.model_id)
    trained = [model_versions.c.status == Code.MODEL_TRAINED] if req.trained_only else []
    if req.concept_ids:
        found = await _with_concepts(call, model, req, trained)
    else:
        found = await MODEL_VERSIONS.page(call.conn, model.seq, page_of(req), *trained, order=_order(req))
    shown = [shown_version(stored.message, with_concepts=False) for stored in found]
    return MultiModelVersionResponse(model_versions=shown)


@rpc
async def patch_model_versions(call: Call, req: PatchModelVersionsRequest) -> MultiModelVersionResponse:
    """Change what describes versions; what they do cannot be changed."""
    model = await MODELS.row(call.conn, call.app.seq, req.model_id)
    ids = distinct("model_versions.id", (v.id for v in batch("model_versions", req.model_versions)))
    changed = []
    for i, stored in enumerate(await MODEL_VERSIONS.locked(call.conn, model.seq, ids)):
        version = _patched(call, f"model_versions[{i}]", req.action, stored.message, req.model_versions[i])
        await MODEL_VERSIONS.save(call.conn, stored.seq, version)
        changed.append(shown_version(version))
    await call.changes("models")
    return MultiModelVersionResponse(model_versions=changed)


@rpc
async def delete_model_version(call: Call, req: DeleteModelVersionRequest) -> BaseResponse:
    model = await MODELS.row(call.conn, call.app.seq, req.model_id)
    await MODEL_VERSIONS.delete(call.conn, model.seq, [req.version_id])
    await call.changes("models")
    return BaseResponse()


async def _draft(call: Call, field: str, model: Model, given: ModelVersion) -> Draft:
    if not runtime_of(given) and find(model.model_type_id) is None:
        raise ModelInvalid(
            f"{field}: expected pretrained_model_config.model_zip_url, or import_info.params.runtime; "
            "models are not trained here"
        )
    if operator := find(model.model_type_id):  # a model may be made without parameters, a version may not
        await check_operator(call, operator, given.output_info)
    return await draft(call, field, model, given)


def _touched(call: Call, model: Model) -> Model:
    copy = Model()
    copy.CopyFrom(model)
    copy.modified_at.CopyFrom(stamp(call.services.clock()))
    return copy


async def _with_concepts(
    call: Call, model: Stored[Model], req: ListModelVersionsRequest, where: list[ColumnElement[bool]]
) -> list[Stored[ModelVersion]]:
    """The page of those versions that have all of these concepts."""
    page, wanted = page_of(req), set(req.concept_ids)
    rows = await MODEL_VERSIONS.page(call.conn, model.seq, Page(1, MOST_LOOKED_AT), *where, order=_order(req))
    fitting = [r for r in rows if wanted <= {c.id for c in r.message.output_info.data.concepts}]
    start = (page.number - 1) * page.size
    return fitting[start : start + page.size]


def _order(req: ListModelVersionsRequest) -> list[ColumnElement[Any]]:  # any type can be ordered by
    column = model_versions.c.status if req.sort_by_status_code else model_versions.c.seq
    return [c.asc() if req.sort_ascending else c.desc() for c in (column, model_versions.c.seq)]


def _patched(call: Call, field: str, action: str, old: ModelVersion, given: ModelVersion) -> ModelVersion:
    for name in _FOR_GOOD:
        if given.HasField(name):  # type: ignore[arg-type]  # the names are those of fields
            raise ModelInvalid(f"{field}.{name}: it cannot be changed; post a new version")
    change = ModelVersion()
    change.CopyFrom(given)
    for part, _ in given.ListFields():
        if part.name not in _PATCHABLE:
            change.ClearField(part.name)
    version = patch.apply(action, old, change)
    accepted_version(field, version)
    version.modified_at.CopyFrom(stamp(call.services.clock()))
    return version
