"""Workflows as they are stored, made whole: every node with its model and the version that it runs."""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from clarifai_grpc.grpc.api.resources_pb2 import Model, ModelVersion, Visibility, Workflow
from clarifai_grpc.grpc.api.status.status_code_pb2 import MODEL_TRAINED
from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.auth.actors import PUBLIC_APP, PUBLIC_USER
from bowerbird.store.tables import apps, model_versions, models, workflows
from bowerbird.workflows.operators import find
from bowerbird.workflows.relations import Relations, load_relations

T = TypeVar("T")
Name = tuple[int, str]  # an app's number and a workflow's id in it
ModelName = tuple[str, str, str, str]  # user, app, model, version; no version: the latest
AT_ONCE = 500  # names in one query


async def load_workflow(conn: AsyncConnection, app: int, id: str) -> Workflow | None:
    """The workflow of that id in the app, else the public one, whole."""
    name = (app, id)
    return (await load_workflows(conn, [name])).get(name)


async def load_workflows(conn: AsyncConnection, names: Collection[Name]) -> dict[Name, Workflow]:
    """Those of the workflows that exist, whole; a node whose model is gone keeps the bare reference."""
    found = await _find(conn, names)
    wanted = {name_of(node.model) for workflow in found.values() for node in workflow.nodes}
    whole = await load_models(conn, wanted)
    for workflow in found.values():
        for node in workflow.nodes:
            if model := whole.get(name_of(node.model)):
                node.model.CopyFrom(model)
    return found


async def load_models(conn: AsyncConnection, names: Collection[ModelName]) -> dict[ModelName, Model]:
    """Those of the models that exist, each with the version named, or with its latest that is trained."""
    found: dict[ModelName, Model] = {}
    bare = {name[:3] for name in names}
    for some in _chunks(bare):
        query = select(models.c.seq, models.c.message, apps.c.user_id, apps.c.id, models.c.id.label("model"))
        joined = query.join(apps, apps.c.seq == models.c.app)
        rows = (
            await conn.execute(joined.where(tuple_(apps.c.user_id, apps.c.id, models.c.id).in_(some)))
        ).all()
        versions = await _versions(conn, [row.seq for row in rows], {n[3] for n in names})
        for row in rows:
            for version in {n[3] for n in names if n[:3] == (row.user_id, row.id, row.model)}:
                model = Model.FromString(row.message)
                if serialised := versions.get((row.seq, version)):
                    model.model_version.CopyFrom(ModelVersion.FromString(serialised))
                    found[row.user_id, row.id, row.model, version] = model
    return found


def missing_model(workflow: Workflow) -> str:
    """What is missing of a workflow that was made whole; empty when nothing is."""
    for node in workflow.nodes:
        if not node.model.model_type_id:
            return f"node {node.id!r}: its model {node.model.id!r} or that version of it is gone"
    return ""


def maps_concepts(workflow: Workflow) -> bool:
    """Whether a workflow that was made whole needs the relations of its app."""
    found = (find(node.model.model_type_id) for node in workflow.nodes)
    return any(one is not None and one.maps_concepts for one in found)


async def relations_for(conn: AsyncConnection, app: int, workflow: Workflow | None) -> Relations | None:
    """The relations of the app, when a workflow that runs in it needs them."""
    if workflow is None or not maps_concepts(workflow):
        return None
    return (await load_relations(conn, [app])).get(app)


async def _find(conn: AsyncConnection, names: Collection[Name]) -> dict[Name, Workflow]:
    found: dict[Name, Workflow] = {}
    for some in _chunks(names):
        own = tuple_(workflows.c.app, workflows.c.id).in_(some)
        for row in await conn.execute(select(workflows).where(own)):
            found[row.app, row.id] = Workflow.FromString(row.message)
    others = [name for name in names if name not in found]
    public = await _find_public(conn, {id for _, id in others})
    for app, id in others:
        if id in public:
            found[app, id] = Workflow.FromString(public[id])
    return found


async def _find_public(conn: AsyncConnection, ids: Collection[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for some in _chunks(ids):
        query = select(workflows.c.id, workflows.c.message).join(apps, apps.c.seq == workflows.c.app)
        where = and_(
            apps.c.user_id == PUBLIC_USER,
            apps.c.id == PUBLIC_APP,
            workflows.c.visibility == Visibility.PUBLIC,
            workflows.c.id.in_(some),
        )
        found |= {row.id: row.message for row in await conn.execute(query.where(where))}
    return found


async def _versions(
    conn: AsyncConnection, of: Sequence[int], ids: Collection[str]
) -> dict[tuple[int, str], bytes]:
    """Versions of these models by model and id; under "" the latest that is trained."""
    trained = model_versions.c.status == MODEL_TRAINED
    latest = select(func.max(model_versions.c.seq)).where(model_versions.c.model.in_(of), trained)
    is_latest = model_versions.c.seq.in_(latest.group_by(model_versions.c.model))
    is_named: ColumnElement[bool] = and_(model_versions.c.model.in_(of), model_versions.c.id.in_(ids))
    found: dict[tuple[int, str], bytes] = {}
    query = select(model_versions, is_latest.label("is_latest")).where(or_(is_latest, is_named))
    for row in await conn.execute(query):
        found[row.model, row.id] = row.message
        if row.is_latest:
            found[row.model, ""] = row.message
    return found


def name_of(model: Model) -> ModelName:
    """The model as its reference names it."""
    return model.user_id, model.app_id, model.id, model.model_version.id


def _chunks(things: Iterable[T]) -> Iterable[list[T]]:
    listed = list(things)
    return (listed[start : start + AT_ONCE] for start in range(0, len(listed), AT_ONCE))
