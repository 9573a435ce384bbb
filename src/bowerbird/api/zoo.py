"""Registers the public models and workflows: rows only, since models are loaded when they are first asked."""

import uuid

from clarifai_grpc.grpc.api.resources_pb2 import (
    Concept,
    Model,
    ModelVersion,
    Visibility,
    Workflow,
    WorkflowNode,
    WorkflowVersion,
)
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api import zoo_models
from bowerbird.api.zoo_models import ZooModel, ZooWorkflow, nodes_of
from bowerbird.auth.actors import PUBLIC_APP, PUBLIC_USER
from bowerbird.errors import Code
from bowerbird.store.kinds import CONCEPTS, MODEL_VERSIONS, MODELS, WORKFLOW_VERSIONS, WORKFLOWS, stamp
from bowerbird.store.revisions import bump
from bowerbird.store.tables import apps, model_versions, models, workflows

SHIPPED = "shipped-1"  # id of the version that comes with Bowerbird, and not from an admin
_PUBLIC = Visibility(gettable=Visibility.PUBLIC)


async def install(conn: AsyncConnection, now: float) -> None:
    """Add what is missing of the public models and workflows. What is there stays as it is."""
    of_main = (apps.c.user_id == PUBLIC_USER, apps.c.id == PUBLIC_APP)
    main = (await conn.execute(select(apps.c.seq).where(*of_main))).scalar_one()
    known = set((await conn.execute(select(models.c.id).where(models.c.app == main))).scalars())
    missing = [model for model in zoo_models.MODELS if model.id not in known]
    if missing:
        await _add_models(conn, main, missing, stamp(now))
        await bump(conn, "models")
    known = set((await conn.execute(select(workflows.c.id).where(workflows.c.app == main))).scalars())
    if lacking := [one for one in zoo_models.WORKFLOWS if one.id not in known]:
        for workflow in lacking:
            await _add_workflow(conn, main, workflow, await _filled(conn, main), stamp(now))
        await bump(conn, "workflows")


async def _filled(conn: AsyncConnection, main: int) -> set[str]:
    """The public models that have a version which can run."""
    query = select(models.c.id).join(model_versions, model_versions.c.model == models.c.seq)
    trained = model_versions.c.status == Code.MODEL_TRAINED
    return set((await conn.execute(query.where(models.c.app == main, trained))).scalars())


async def _add_models(conn: AsyncConnection, main: int, missing: list[ZooModel], now: Timestamp) -> None:
    await MODELS.insert(conn, main, [_model(model, now) for model in missing])
    concepts = {name: _concept(name, now) for model in missing for name in model.concepts}
    await CONCEPTS.insert(conn, main, list(concepts.values()))
    stored = await MODELS.rows(conn, main, [model.id for model in missing])
    for model, row in zip(missing, stored, strict=True):
        if not model.is_slot:
            version = _version(model, now)
            await MODEL_VERSIONS.insert(conn, row.seq, [version], app=main, artifact="", trusted=False)


def _model(model: ZooModel, now: Timestamp) -> Model:
    return Model(
        id=model.id,
        name=model.name,
        model_type_id=model.type,
        description=model.notes,
        user_id=PUBLIC_USER,
        app_id=PUBLIC_APP,
        visibility=_PUBLIC,
        created_at=now,
        modified_at=now,
    )


def _version(model: ZooModel, now: Timestamp) -> ModelVersion:
    version = ModelVersion(
        id=SHIPPED,
        user_id=PUBLIC_USER,
        app_id=PUBLIC_APP,
        description=model.notes,
        visibility=_PUBLIC,
        status=Status(code=Code.MODEL_TRAINED, description="Model is trained and ready"),
        created_at=now,
        modified_at=now,
        completed_at=now,
    )
    if model.runtime:
        version.import_info.params["runtime"] = model.runtime
    else:
        version.output_info.params["keep_fraction"] = 1
    version.output_info.data.concepts.extend(_concept(name, now) for name in model.concepts)
    return version


def _concept(name: str, now: Timestamp) -> Concept:
    concept = Concept(id=name, name=name, value=1, user_id=PUBLIC_USER, app_id=PUBLIC_APP)
    concept.created_at.CopyFrom(now)
    return concept


async def _add_workflow(
    conn: AsyncConnection, main: int, one: ZooWorkflow, filled: set[str], now: Timestamp
) -> None:
    nodes = workflow_nodes(one, filled)
    version = WorkflowVersion(
        id=uuid.uuid4().hex,
        workflow_id=one.id,
        user_id=PUBLIC_USER,
        app_id=PUBLIC_APP,
        created_at=now,
        modified_at=now,
        visibility=_PUBLIC,
    )
    workflow = Workflow(
        id=one.id,
        user_id=PUBLIC_USER,
        app_id=PUBLIC_APP,
        visibility=_PUBLIC,
        created_at=now,
        modified_at=now,
        nodes=nodes,
        version=version,
    )
    if await WORKFLOWS.insert(conn, main, [workflow]):
        return  # another process was faster
    [stored] = await WORKFLOWS.rows(conn, main, [one.id])
    version.nodes.extend(nodes)
    await WORKFLOW_VERSIONS.add(conn, stored.seq, [version], app=main)


def workflow_nodes(one: ZooWorkflow, filled: set[str]) -> list[WorkflowNode]:
    """The nodes of a public workflow while these slots are filled."""
    return [
        WorkflowNode(
            id=node.id,
            model=Model(id=node.model, user_id=PUBLIC_USER, app_id=PUBLIC_APP),
            suppress_output=node.is_silent,
        )
        for node in nodes_of(one, filled)
    ]
