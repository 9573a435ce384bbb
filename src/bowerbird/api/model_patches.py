"""Changes to models: in place for what describes them, by a new version for what they do."""

import uuid

from clarifai_grpc.grpc.api.resources_pb2 import Model, ModelVersion, OutputInfo

from bowerbird.api.model_fields import accepted_model, shown_model, type_id
from bowerbird.api.model_found import newest
from bowerbird.api.model_making import Draft, check_concepts, finished, store
from bowerbird.api.model_uploads import runtime_of
from bowerbird.api.rpc import Call
from bowerbird.errors import ModelInvalid
from bowerbird.store import patch
from bowerbird.store.kinds import MODELS, stamp
from bowerbird.store.resources import Stored
from bowerbird.workflows.operators import find

_NOT_TO_PATCH = ("id", "user_id", "app_id", "created_at", "modified_at", "model_type_id", "model_version")


async def patched(call: Call, field: str, action: str, stored: Stored[Model], given: Model) -> Model:
    """Patch a model and store it; the model as clients see it. Raises Invalid, ModelInvalid."""
    if given.model_type_id and type_id(field, given.model_type_id) != stored.message.model_type_id:
        raise ModelInvalid(f"{field}.model_type_id: it is {stored.message.model_type_id!r} and stays so")
    last = (await newest(call.conn, [stored.seq])).get(stored.seq)
    version = last.message if last else ModelVersion()
    whole = patch.apply(action, _whole(stored.message, version), _patchable(given))
    model = _checked(call, field, stored.message, whole)
    await MODELS.save(call.conn, stored.seq, model)
    if whole.output_info != version.output_info:
        version = await _renewed(call, field, stored, last, whole.output_info)
    return shown_model(model, version if version.id else None)


def _whole(model: Model, version: ModelVersion) -> Model:
    whole = Model()
    whole.CopyFrom(model)
    if version.HasField("output_info"):
        whole.output_info.CopyFrom(version.output_info)
    return whole


def _patchable(given: Model) -> Model:
    """What may be changed. What the model produces may be given with the model or with its version."""
    model = Model()
    model.CopyFrom(given)
    if given.model_version.HasField("output_info"):
        model.output_info.MergeFrom(given.model_version.output_info)
    for name in _NOT_TO_PATCH:
        model.ClearField(name)  # type: ignore[arg-type]  # the names are those of fields
    return model


def _checked(call: Call, field: str, before: Model, whole: Model) -> Model:
    """The patched model without its output_info, as it is to be stored."""
    model = accepted_model(field, whole)
    model.name = model.name or before.id
    for name in ("id", "user_id", "app_id", "model_type_id"):
        setattr(model, name, getattr(before, name))
    model.created_at.CopyFrom(before.created_at)
    model.modified_at.CopyFrom(stamp(call.services.clock()))
    return model


async def _renewed(
    call: Call, field: str, model: Stored[Model], last: Stored[ModelVersion] | None, info: OutputInfo
) -> ModelVersion:
    """Store a version that differs from the last in what it produces."""
    version = ModelVersion()
    if last:
        version.CopyFrom(last.message)
    if runtime_of(version) and _concepts(version.output_info) != _concepts(info):
        raise ModelInvalid(
            f"{field}.output_info.data.concepts: they came with the file or runtime that serves the model; "
            "post a new version to change them"
        )
    version.id = uuid.uuid4().hex
    version.output_info.CopyFrom(info)
    check_concepts(f"{field}.output_info", version)
    if operator := find(model.message.model_type_id):
        operator.compile(info)
    made = finished(call, model.message, version)
    artifact = last.row["artifact"] if last else ""
    return await store(call, model, Draft(made, artifact, bool(last and last.row["trusted"])))


def _concepts(info: OutputInfo) -> list[tuple[str, str]]:
    return [(c.id, c.name) for c in info.data.concepts]
