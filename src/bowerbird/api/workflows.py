"""Workflows: made, read, changed and deleted. Changed nodes make a new version."""

import uuid
from collections.abc import Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Workflow, WorkflowNode, WorkflowVersion
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteWorkflowRequest,
    DeleteWorkflowsRequest,
    GetWorkflowRequest,
    MultiWorkflowResponse,
    PatchWorkflowsRequest,
    PostWorkflowsRequest,
    SingleWorkflowResponse,
)
from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse
from sqlalchemy import delete

from bowerbird.api.fields import batch, distinct
from bowerbird.api.ids import given_or_new
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.api.workflow_checks import accepted, check_nodes
from bowerbird.api.workflow_named import named
from bowerbird.api.workflow_shown import shown_workflows
from bowerbird.errors import Busy, Invalid, WorkflowDuplicate
from bowerbird.store import patch
from bowerbird.store.kinds import WORKFLOW_VERSIONS, WORKFLOWS, stamp
from bowerbird.store.resources import Stored
from bowerbird.store.tables import workflows


@rpc(transaction=Transaction.NONE)
async def post_workflows(call: Call, req: PostWorkflowsRequest) -> MultiWorkflowResponse:
    given = batch("workflows", req.workflows)
    made = [await _made(call, f"workflows[{i}]", one) for i, one in enumerate(given)]
    ids = distinct("workflows.id", (workflow.id for workflow in made), WorkflowDuplicate)
    async with call.write() as conn:
        await WORKFLOWS.add(conn, call.app.seq, made)
        for stored in await WORKFLOWS.rows(conn, call.app.seq, ids):
            await _add_version(call, stored.seq, stored.message)
        await call.changes("workflows")
        return MultiWorkflowResponse(workflows=await shown_workflows(conn, made))


@rpc(open_to_visitors=True)
async def get_workflow(call: Call, req: GetWorkflowRequest) -> SingleWorkflowResponse:
    """The workflow of that id; without one, the base workflow of the app."""
    stored = await named(call, req.workflow_id)
    [shown] = await shown_workflows(call.conn, [stored.message])
    return SingleWorkflowResponse(workflow=shown)


@rpc(transaction=Transaction.NONE)
async def patch_workflows(call: Call, req: PatchWorkflowsRequest) -> MultiWorkflowResponse:
    ids = distinct("workflows.id", (one.id for one in batch("workflows", req.workflows)))
    async with call.read() as conn:
        old = await WORKFLOWS.rows(conn, call.app.seq, ids)
    new = [
        await _patched(call, f"workflows[{i}]", req.action, stored.message, req.workflows[i])
        for i, stored in enumerate(old)
    ]
    async with call.write() as conn:
        locked = await WORKFLOWS.locked(conn, call.app.seq, ids)
        for before, now, workflow in zip(old, locked, new, strict=True):
            await _save(call, before, now, workflow)
        await call.changes("workflows")
        return MultiWorkflowResponse(workflows=await shown_workflows(conn, new))


@rpc
async def delete_workflow(call: Call, req: DeleteWorkflowRequest) -> BaseResponse:
    await WORKFLOWS.delete(call.conn, call.app.seq, [req.workflow_id])
    await call.changes("workflows")
    return BaseResponse()


@rpc
async def delete_workflows(call: Call, req: DeleteWorkflowsRequest) -> BaseResponse:
    """Delete these workflows, or all of the app."""
    if req.delete_all and req.ids:
        raise Invalid("ids: expected either ids or delete_all")
    if req.delete_all:
        await call.conn.execute(delete(workflows).where(workflows.c.app == call.app.seq))
    else:
        await WORKFLOWS.delete(call.conn, call.app.seq, distinct("ids", batch("ids", req.ids)))
    await call.changes("workflows")
    return BaseResponse()


async def _made(call: Call, field: str, given: Workflow) -> Workflow:
    workflow = accepted(field, given)
    workflow.id = given_or_new(f"{field}.id", given.id)
    workflow.user_id, workflow.app_id = call.app.user_id, call.app.id
    workflow.nodes.extend(await check_nodes(call, field, given))
    workflow.created_at.CopyFrom(stamp(call.services.clock()))
    workflow.modified_at.CopyFrom(workflow.created_at)
    workflow.version.CopyFrom(_version(workflow))
    return workflow


def _version(workflow: Workflow) -> WorkflowVersion:
    """A new version of the workflow as it is now, without its nodes."""
    return WorkflowVersion(
        id=uuid.uuid4().hex,
        workflow_id=workflow.id,
        user_id=workflow.user_id,
        app_id=workflow.app_id,
        created_at=workflow.modified_at,
        modified_at=workflow.modified_at,
        visibility=workflow.visibility,
    )


async def _add_version(call: Call, seq: int, workflow: Workflow) -> None:
    version = WorkflowVersion(nodes=workflow.nodes)
    version.MergeFrom(workflow.version)
    await WORKFLOW_VERSIONS.add(call.conn, seq, [version], app=call.app.seq)


async def _patched(call: Call, field: str, action: str, old: Workflow, given: Workflow) -> Workflow:
    change = Workflow()
    change.CopyFrom(given)
    for name in ("id", "user_id", "app_id", "created_at", "modified_at", "version"):
        change.ClearField(name)
    whole = patch.apply(action, old, change)
    if action == "remove" and given.image.url == old.image.url:
        whole.ClearField("image")
    if action != "remove":
        _replace_models(whole.nodes, given.nodes)
    workflow = accepted(field, whole)
    workflow.id, workflow.user_id, workflow.app_id = old.id, old.user_id, old.app_id
    workflow.created_at.CopyFrom(old.created_at)
    workflow.modified_at.CopyFrom(stamp(call.services.clock()))
    workflow.nodes.extend(await check_nodes(call, field, whole) if given.nodes else old.nodes)
    is_same = list(workflow.nodes) == list(old.nodes)
    workflow.version.CopyFrom(old.version if is_same else _version(workflow))
    return workflow


def _replace_models(nodes: Sequence[WorkflowNode], given: Sequence[WorkflowNode]) -> None:
    """A node that names another model has nothing left of the name of the one before."""
    models = {node.id: node.model for node in given if node.model.id}
    for node in nodes:
        if node.id in models:
            node.model.CopyFrom(models[node.id])


async def _save(call: Call, before: Stored[Workflow], now: Stored[Workflow], workflow: Workflow) -> None:
    if before.message != now.message:
        raise Busy(f"workflow {workflow.id!r} was changed by somebody else at the same time")
    await WORKFLOWS.save(call.conn, now.seq, workflow)
    if workflow.version.id != now.message.version.id:
        await _add_version(call, now.seq, workflow)
