"""What a collector must be before it is kept: each field checked, with a word on what was expected."""

from dataclasses import replace

from clarifai_grpc.grpc.api.resources_pb2 import (
    APIPostModelOutputsCollectorSource,
    Collector,
    Model,
    Visibility,
    Workflow,
)
from clarifai_grpc.grpc.api.status.status_pb2 import Status

from bowerbird.api.ids import check_id
from bowerbird.api.rpc import METHODS, Call, need_of
from bowerbird.api.zoo_models import canonical
from bowerbird.auth.actors import Actor
from bowerbird.auth.keys import handle_of
from bowerbird.collect.plans import plan_of
from bowerbird.errors import (
    ApiError,
    Code,
    InsufficientScopes,
    Invalid,
    KeyMissing,
    NotFound,
    WorkflowInvalid,
)
from bowerbird.store.kinds import MODEL_VERSIONS, MODELS
from bowerbird.store.resources import Stored
from bowerbird.workflows.operators import find
from bowerbird.workflows.stored import load_workflow

LONGEST_DESCRIPTION = 4096
SOURCE = "collector_source.api_post_model_outputs_collector_source"
_SETTABLE = (Code.COLLECTOR_ACTIVE, Code.COLLECTOR_INACTIVE)


async def check_all(call: Call, field: str, collector: Collector) -> Collector:
    """The collector as it is to be kept. Raises an ApiError that names the field."""
    return await check_touched(call, field, collector, collector, is_new=True)


async def check_touched(
    call: Call, field: str, collector: Collector, touched: Collector, *, is_new: bool = False
) -> Collector:
    """The collector as it is to be kept, with only those fields checked that are set in `touched`.

    So a collector whose workflow or key is gone can still be paused. Raises an ApiError that names the field.
    """
    kept = Collector()
    kept.CopyFrom(collector)
    _check_text(field, kept)
    _check_status(field, kept)
    _check_rule(field, kept)
    if touched.pre_queue_workflow_id or touched.status.code == Code.COLLECTOR_ACTIVE:
        await _check_pre_queue(call, field, kept)
    if touched.post_queue_workflow_id:
        await _check_post_queue(call, f"{field}.post_queue_workflow_id", kept.post_queue_workflow_id)
    if is_new or touched.HasField("collector_source") or touched.collect_outputs:
        source = kept.collector_source.api_post_model_outputs_collector_source
        await _check_source(call, f"{field}.{SOURCE}", kept)
        source.post_inputs_key_id = await _check_key(call, f"{field}.{SOURCE}.post_inputs_key_id", kept)
    return kept


async def check_draft(
    call: Call, field: str, collector: Collector, workflow: Workflow | None = None
) -> tuple[Collector, Stored[Model]]:
    """The collector as it would be kept, and the model that it watches; its key may be missing. A workflow
    that is given whole is its pre-queue one.

    Raises an ApiError that names the field.
    """
    kept = Collector()
    kept.CopyFrom(collector)
    if workflow is not None:
        kept.pre_queue_workflow_id = workflow.id
    kept.status.code = kept.status.code or Code.COLLECTOR_ACTIVE
    _check_text(field, kept)
    _check_status(field, kept)
    _check_rule(field, kept)
    if kept.id:
        check_id(f"{field}.id", kept.id)
    if workflow is None:
        await _check_pre_queue(call, field, kept)
    else:
        _check_plan("workflow", kept, workflow)
    if kept.post_queue_workflow_id:
        await _check_post_queue(call, f"{field}.post_queue_workflow_id", kept.post_queue_workflow_id)
    model = await _check_source(call, f"{field}.{SOURCE}", kept)
    if kept.collector_source.api_post_model_outputs_collector_source.post_inputs_key_id:
        await _check_key(call, f"{field}.{SOURCE}.post_inputs_key_id", kept)
    return kept, model


def _check_text(field: str, c: Collector) -> None:
    if len(c.description) > LONGEST_DESCRIPTION:
        raise Invalid(f"{field}.description: longer than {LONGEST_DESCRIPTION} characters")


def _check_status(field: str, c: Collector) -> None:
    if c.status.code not in _SETTABLE:
        raise Invalid(
            f"{field}.status.code: {c.status.code}; expected 52001 (COLLECTOR_ACTIVE) "
            "or 52002 (COLLECTOR_INACTIVE)"
        )
    c.status.CopyFrom(Status(code=c.status.code))


def _check_rule(field: str, c: Collector) -> None:
    share = c.pre_queue_random_sample
    if not 0 <= share <= 1:  # also refuses NaN
        raise Invalid(f"{field}.pre_queue_random_sample: {share:g}; expected more than 0 and at most 1")
    if not (share or c.pre_queue_workflow_id or c.post_queue_workflow_id):
        raise Invalid(
            f"{field}: expected at least one of pre_queue_workflow_id, pre_queue_random_sample "
            "and post_queue_workflow_id"
        )


async def _check_pre_queue(call: Call, field: str, c: Collector) -> None:
    if not c.pre_queue_workflow_id:
        return
    name = f"{field}.pre_queue_workflow_id"
    _check_plan(name, c, await _workflow(call, name, c.pre_queue_workflow_id))


def _check_plan(field: str, c: Collector, workflow: Workflow) -> None:
    try:
        plan_of(c, workflow, salt="check")
    except ApiError as error:
        raise type(error)(f"{field}: {error.details}") from error


async def _check_post_queue(call: Call, field: str, id: str) -> None:
    for node in (await _workflow(call, field, id)).nodes:
        found = find(node.model.model_type_id)
        if found is not None and found.base_only:
            raise WorkflowInvalid(
                f"{field}: node {node.id!r}: a {found.id} is of use in the base workflow of an app only; "
                "what a collector posts goes through that"
            )
        if found is not None and found.remembers:
            raise WorkflowInvalid(
                f"{field}: node {node.id!r}: a {found.id} goes by what came before, which only the "
                "pre-queue workflow knows"
            )


async def _workflow(call: Call, field: str, id: str) -> Workflow:
    found = await load_workflow(call.conn, call.app.seq, id)
    if found is None:
        raise Invalid(f"{field}: there is no workflow {id!r} in this app, nor a public one")
    return found


async def _check_source(call: Call, field: str, c: Collector) -> Stored[Model]:
    return await check_watched(call, c.collector_source.api_post_model_outputs_collector_source, f"{field}.")


async def check_watched(
    call: Call, source: APIPostModelOutputsCollectorSource, prefix: str = ""
) -> Stored[Model]:
    """The model that is watched; the source is made complete in place. Raises Invalid, naming the field with
    the prefix, and InsufficientScopes."""
    for name in ("model_user_id", "model_app_id", "model_id"):
        if not getattr(source, name):
            raise Invalid(f"{prefix}{name}: expected an id")
    if source.model_user_id == "me":
        source.model_user_id = call.actor.user_id
    source.model_id = canonical(source.model_user_id, source.model_app_id, source.model_id)
    model = await _check_model(call, prefix, source)
    _check_caller(call, prefix, source)
    return model


async def watched_model(call: Call, source: APIPostModelOutputsCollectorSource) -> Stored[Model] | None:
    """The model that a collector watches, when the caller may read it."""
    need = need_of(METHODS["GetModel"], open_to_visitors=True)
    try:
        place = await call.authority.admit(
            unbound(call.actor), need, source.model_user_id, source.model_app_id
        )
    except NotFound:
        return None
    assert place.app is not None
    model = (await MODELS.find(call.conn, place.app.seq, [source.model_id])).get(source.model_id)
    is_seen = model is not None and (place.is_member or model.row["visibility"] == Visibility.PUBLIC)
    return model if is_seen else None


async def _check_model(call: Call, prefix: str, source: APIPostModelOutputsCollectorSource) -> Stored[Model]:
    model = await watched_model(call, source)
    if model is None:
        raise Invalid(
            f"{prefix}model_id: there is no model {source.model_id!r} in app "
            f"'{source.model_user_id}/{source.model_app_id}' that you may read"
        )
    version = source.model_version_id
    if version and version not in await MODEL_VERSIONS.find(call.conn, model.seq, [version]):
        raise Invalid(f"{prefix}model_version_id: model {source.model_id!r} has no version {version!r}")
    return model


def unbound(actor: Actor) -> Actor:
    """The person behind a credential: what they may read does not end at the app of the key they use."""
    return Actor(actor.user_id, "person", actor.grant, is_admin=actor.is_admin)


def _check_caller(call: Call, prefix: str, source: APIPostModelOutputsCollectorSource) -> None:
    """Of somebody else's model, only the owner's own calls may be collected."""
    owner = call.app.user_id
    if source.caller_user_id == "me":
        source.caller_user_id = call.actor.user_id
    if source.model_user_id == owner or call.is_admin:
        return
    if source.caller_user_id not in ("", owner):
        raise InsufficientScopes(
            f"{prefix}caller_user_id: model {source.model_id!r} belongs to {source.model_user_id!r}, "
            f"so only {owner!r}'s own calls of it can be collected"
        )
    source.caller_user_id = owner


async def _check_key(call: Call, field: str, c: Collector) -> str:
    """The handle of the key, when it may post into this app."""
    given = c.collector_source.api_post_model_outputs_collector_source.post_inputs_key_id
    if not given:
        raise Invalid(f"{field}: expected an id")
    handle = handle_of(given)
    try:
        is_shown = given != handle
        key = await (call.keyring.authenticate(given) if is_shown else call.keyring.by_handle(handle))
        # A handle is no secret: naming one must not lend the rights of somebody else's key.
        if not is_shown and key.user_id != call.actor.user_id:
            raise KeyMissing("you have no key with that handle")
        await call.authority.admit(key, need_of(METHODS["PostInputs"]), call.app.user_id, call.app.id)
        if c.collect_outputs:
            need = need_of(METHODS["PostAnnotations"])
            needs_concepts = replace(need, scopes=need.scopes | {"Concepts_Add"})
            await call.authority.admit(key, needs_concepts, call.app.user_id, call.app.id)
    except ApiError as error:
        raise type(error)(f"{field}: {error.details or error.text()}") from error
    return handle
