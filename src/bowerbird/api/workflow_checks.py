"""What a workflow must be before it is kept: its fields, its models, its graph."""

from collections.abc import Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Model, OutputInfo, Visibility, Workflow, WorkflowNode

from bowerbird.api.fields import LONGEST_NAME, LONGEST_TEXT, metadata, text
from bowerbird.api.ids import shown
from bowerbird.api.model_fields import visibility
from bowerbird.api.model_specs import Resolved
from bowerbird.api.operator_checks import check_operator
from bowerbird.api.rpc import METHODS, Call, need_of
from bowerbird.api.workflow_running import runnable
from bowerbird.auth.actors import PUBLIC_APP, PUBLIC_USER
from bowerbird.errors import (
    ApiError,
    Invalid,
    ModelUntrained,
    NotFound,
    WorkflowGraphInvalid,
    WorkflowInvalid,
    WorkflowUntrained,
)
from bowerbird.workflows.graph import MAX_NODES
from bowerbird.workflows.operators import find

TEXTS = {"description": LONGEST_TEXT, "notes": 64 * 1024}
LISTS = ("use_cases", "check_consents")
_READS_MODELS = need_of(METHODS["GetModel"], open_to_visitors=True)


def accepted(field: str, given: Workflow) -> Workflow:
    """What clients may write of a workflow beside its id and nodes. Raises Invalid."""
    workflow = Workflow()
    for name, longest in TEXTS.items():
        setattr(workflow, name, text(f"{field}.{name}", getattr(given, name), longest))
    for name in LISTS:
        items = getattr(given, name)
        if len(items) > 100:
            raise Invalid(f"{field}.{name}: {len(items)} given; expected at most 100")
        getattr(workflow, name).extend(text(f"{field}.{name}", item, LONGEST_NAME) for item in items)
    if given.image.base64:
        raise Invalid(f"{field}.image.base64: expected image.url; the image is not kept here")
    if given.image.url:
        workflow.image.url = text(f"{field}.image.url", given.image.url, LONGEST_TEXT)
    if given.HasField("metadata"):
        workflow.metadata.CopyFrom(metadata(f"{field}.metadata", given.metadata))
    workflow.visibility.gettable = visibility(f"{field}.visibility", given.visibility) or Visibility.PRIVATE
    return workflow


async def check_nodes(call: Call, field: str, workflow: Workflow) -> Sequence[WorkflowNode]:
    """The nodes as they are to be kept, each naming its model in full; the whole must be able to run.

    Raises WorkflowInvalid, WorkflowGraphInvalid, WorkflowUntrained.
    """
    count = len(workflow.nodes)
    if not 1 <= count <= MAX_NODES:
        raise WorkflowGraphInvalid(f"{field}.nodes: a workflow has 1 to {MAX_NODES} nodes, not {count}")
    nodes = []
    for node in workflow.nodes:
        model = await reference(call, f"{field}: node {shown(node.id)}", node.model)
        kept = WorkflowNode(id=node.id, model=model, suppress_output=node.suppress_output)
        kept.node_inputs.extend(node.node_inputs)
        if node.HasField("output_info_override"):
            kept.output_info_override.CopyFrom(_override(node.output_info_override))
        nodes.append(kept)
    trial = Workflow(user_id=call.app.user_id, app_id=call.app.id, nodes=nodes)
    await _check_runs(call, field, trial)
    return nodes


def _override(given: OutputInfo) -> OutputInfo:
    """What a node may override; the rest is ignored, as the API says."""
    override = OutputInfo()
    if given.HasField("data"):
        override.data.CopyFrom(given.data)
    if given.HasField("params"):
        override.params.CopyFrom(given.params)
    return override


async def _check_runs(call: Call, field: str, workflow: Workflow) -> None:
    try:
        ready = await runnable(call, workflow)
    except (WorkflowGraphInvalid, WorkflowInvalid, WorkflowUntrained) as error:
        raise type(error)(f"{field}: {error.details}") from error
    for node in ready.graph.nodes:
        if operator := find(node.type.id):
            try:
                await check_operator(call, operator, node.info)
            except ApiError as error:
                raise WorkflowInvalid(f"{field}: node {node.id!r}: {error.details}") from error


async def reference(call: Call, field: str, given: Model) -> Model:
    """The model's full name: user, app, id, and the version when it is pinned. Raises WorkflowInvalid."""
    version = given.model_version.id
    if not given.id:
        raise WorkflowInvalid(f"{field}: expected model.id")
    for user_id, app_id in await _places(call, given):
        try:
            found = await call.services.catalog.find(user_id, app_id, given.id, version)
        except ModelUntrained as error:
            raise WorkflowUntrained(f"{field}: {error.details}") from error
        if found is not None and await _may_read(call, found):
            model = Model(id=found.spec.model_id, user_id=user_id, app_id=app_id)
            if version:
                model.model_version.id = version
            return model
    pinned = f", version {shown(version)}," if version else ""
    raise WorkflowInvalid(f"{field}: there is no model {shown(given.id)}{pinned} that you may use")


async def _places(call: Call, given: Model) -> list[tuple[str, str]]:
    """Where to look for a model: where the node says, else in the own app, then among the public ones."""
    if given.user_id or given.app_id:
        user_id = call.actor.user_id if given.user_id == "me" else given.user_id
        return [(user_id or call.app.user_id, given.app_id or call.app.id)]
    return [(call.app.user_id, call.app.id), (PUBLIC_USER, PUBLIC_APP)]


async def _may_read(call: Call, model: Resolved) -> bool:
    spec = model.spec
    if model.is_public or (spec.user_id, spec.app_id) == (call.app.user_id, call.app.id):
        return True
    try:
        place = await call.authority.admit(call.actor, _READS_MODELS, spec.user_id, spec.app_id)
    except NotFound:
        return False
    return place.is_member
