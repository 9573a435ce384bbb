"""Workflows that are not written yet: checked as they would be, and made whole with their own operators."""

from collections.abc import Mapping, Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Model, ModelVersion, Workflow

from bowerbird.api.fields import distinct
from bowerbird.api.ids import given_or_new
from bowerbird.api.model_fields import accepted_model, accepted_version, type_id
from bowerbird.api.model_making import first_version
from bowerbird.api.operator_checks import check_operator
from bowerbird.api.rpc import Call
from bowerbird.api.workflow_checks import accepted, reference
from bowerbird.errors import ApiError, Invalid, WorkflowGraphInvalid, WorkflowInvalid
from bowerbird.workflows.graph import MAX_NODES, Graph
from bowerbird.workflows.operators import find
from bowerbird.workflows.types import find_type

UNNAMED = "draft"


async def draft_workflow(call: Call, given: Workflow, operators: Sequence[Model]) -> Workflow:
    """The workflow whole, as `load_workflow` would give it once it was written.

    Raises ApiError that names the field.
    """
    made = await _operators(call, operators)
    whole = accepted("workflow", given)
    whole.id = given_or_new("workflow.id", given.id) if given.id else UNNAMED
    whole.user_id, whole.app_id = call.app.user_id, call.app.id
    if not 1 <= len(given.nodes) <= MAX_NODES:
        raise WorkflowGraphInvalid(
            f"workflow.nodes: a workflow has 1 to {MAX_NODES} nodes, not {len(given.nodes)}"
        )
    for node in given.nodes:
        kept = whole.nodes.add()
        kept.CopyFrom(node)
        kept.model.CopyFrom(await _model(call, f"workflow: node {node.id!r}", node.model, made))
    await _check_nodes(call, whole)
    return whole


async def _operators(call: Call, given: Sequence[Model]) -> Mapping[str, Model]:
    """By their ids. Whatever an app has under such an id is not touched, and not meant."""
    if len(given) > MAX_NODES:
        raise Invalid(f"operators: {len(given)} given; expected at most {MAX_NODES}")
    distinct("operators.id", (model.id for model in given))
    return {model.id: await _operator(call, f"operators[{n}]", model) for n, model in enumerate(given)}


async def _operator(call: Call, field: str, given: Model) -> Model:
    model = accepted_model(field, given)
    model.id = given_or_new(f"{field}.id", given.id)
    model.model_type_id = type_id(field, given.model_type_id)
    operator = find(model.model_type_id)
    if operator is None:
        raise Invalid(
            f"{field}.model_type_id: a {model.model_type_id} is no operator; a model has to be written first"
        )
    version: ModelVersion = accepted_version(field, first_version(given))
    try:
        await check_operator(call, operator, version.output_info)
    except ApiError as error:
        raise type(error)(f"{field}: {error.details}") from error
    model.user_id, model.app_id = call.app.user_id, call.app.id
    model.model_version.CopyFrom(version)
    return model


async def _model(call: Call, field: str, named: Model, made: Mapping[str, Model]) -> Model:
    """The node's model whole: one of those given, else one that there is."""
    is_own = named.user_id in ("", "me", call.app.user_id) and named.app_id in ("", call.app.id)
    if is_own and not named.model_version.id and named.id in made:
        return made[named.id]
    found = await reference(call, field, named)
    name = (found.user_id, found.app_id, found.id, found.model_version.id)
    return (await call.services.catalog.resolve(*name)).whole


async def _check_nodes(call: Call, workflow: Workflow) -> None:
    """With what the nodes override of their operators."""
    graph = Graph.of(workflow, lambda model: find_type(model.model_type_id))
    for node in graph.nodes:
        if operator := find(node.type.id):
            try:
                await check_operator(call, operator, node.info)
            except ApiError as error:
                raise WorkflowInvalid(f"workflow: node {node.id!r}: {error.details}") from error
