"""Workflows as clients see them: with the names and types of their models."""

from collections.abc import Container, Iterable, Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Workflow, WorkflowNode, WorkflowVersion
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.workflows.stored import ModelName, load_models, name_of


async def shown_workflows(conn: AsyncConnection, stored: Sequence[Workflow]) -> list[Workflow]:
    copies = [Workflow.FromString(workflow.SerializeToString()) for workflow in stored]
    known = await _name_models(conn, [node for workflow in copies for node in workflow.nodes])
    for workflow in copies:
        workflow.version.is_deprecated = _lacks_a_model(workflow.nodes, known)
    return copies


async def shown_versions(conn: AsyncConnection, stored: Sequence[WorkflowVersion]) -> list[WorkflowVersion]:
    copies = [WorkflowVersion.FromString(version.SerializeToString()) for version in stored]
    known = await _name_models(conn, [node for version in copies for node in version.nodes])
    for version in copies:
        version.is_deprecated = _lacks_a_model(version.nodes, known)
    return copies


async def _name_models(conn: AsyncConnection, nodes: Iterable[WorkflowNode]) -> Container[ModelName]:
    """Write the model's name and type into each node, where the model still is; those that are."""
    models = [node.model for node in nodes]
    known = await load_models(conn, {name_of(model) for model in models})
    for model in models:
        if found := known.get(name_of(model)):
            model.name, model.model_type_id = found.name, found.model_type_id
    return known


def _lacks_a_model(nodes: Iterable[WorkflowNode], known: Container[ModelName]) -> bool:
    return any(name_of(node.model) not in known for node in nodes)
