"""Versions of workflows: their nodes as they were."""

from collections.abc import Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Visibility, Workflow, WorkflowVersion
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteWorkflowVersionsRequest,
    GetWorkflowVersionRequest,
    ListWorkflowVersionsRequest,
    MultiWorkflowVersionResponse,
    PatchWorkflowVersionsRequest,
    SingleWorkflowVersionResponse,
)
from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse

from bowerbird.api.fields import LONGEST_TEXT, batch, distinct, metadata, text
from bowerbird.api.model_fields import visibility
from bowerbird.api.pages import page_of
from bowerbird.api.public import readable
from bowerbird.api.rpc import Call, rpc
from bowerbird.api.workflow_shown import shown_versions
from bowerbird.errors import WorkflowInvalid
from bowerbird.store import patch
from bowerbird.store.kinds import WORKFLOW_VERSIONS, WORKFLOWS, stamp
from bowerbird.store.resources import Stored
from bowerbird.store.tables import workflow_versions

_PATCHABLE = ("description", "license", "metadata", "visibility")


@rpc(open_to_visitors=True)
async def get_workflow_version(call: Call, req: GetWorkflowVersionRequest) -> SingleWorkflowVersionResponse:
    workflow = await readable(call, WORKFLOWS, req.workflow_id)
    version = await WORKFLOW_VERSIONS.one(call.conn, workflow.seq, req.workflow_version_id)
    [shown] = await shown_versions(call.conn, [version])
    return SingleWorkflowVersionResponse(workflow_version=shown)


@rpc(open_to_visitors=True)
async def list_workflow_versions(
    call: Call, req: ListWorkflowVersionsRequest
) -> MultiWorkflowVersionResponse:
    """A workflow's versions, the newest first."""
    workflow = await readable(call, WORKFLOWS, req.workflow_id)
    newest_first = [workflow_versions.c.seq.desc()]
    found = await WORKFLOW_VERSIONS.page(call.conn, workflow.seq, page_of(req), order=newest_first)
    shown = await shown_versions(call.conn, [stored.message for stored in found])
    return MultiWorkflowVersionResponse(workflow_versions=shown)


@rpc
async def patch_workflow_versions(
    call: Call, req: PatchWorkflowVersionsRequest
) -> MultiWorkflowVersionResponse:
    """Change what describes versions; their nodes cannot be changed."""
    given = batch("workflow_versions", req.workflow_versions)
    ids = distinct("workflow_versions.id", (version.id for version in given))
    [workflow] = await WORKFLOWS.locked(call.conn, call.app.seq, [req.workflow_id])
    changed = []
    for i, stored in enumerate(await WORKFLOW_VERSIONS.locked(call.conn, workflow.seq, ids)):
        version = _patched(call, f"workflow_versions[{i}]", req.action, stored.message, given[i])
        await WORKFLOW_VERSIONS.save(call.conn, stored.seq, version)
        changed.append(version)
    await _describe(call, workflow, changed)
    return MultiWorkflowVersionResponse(workflow_versions=await shown_versions(call.conn, changed))


@rpc
async def delete_workflow_versions(call: Call, req: DeleteWorkflowVersionsRequest) -> BaseResponse:
    """Delete old versions; the one that the workflow runs stays."""
    ids = distinct("workflow_version_ids", batch("workflow_version_ids", req.workflow_version_ids))
    [workflow] = await WORKFLOWS.locked(call.conn, call.app.seq, [req.workflow_id])
    if workflow.message.version.id in ids:
        raise WorkflowInvalid("workflow_version_ids: the version that the workflow runs cannot be deleted")
    await WORKFLOW_VERSIONS.delete(call.conn, workflow.seq, ids)
    return BaseResponse()


def _patched(
    call: Call, field: str, action: str, old: WorkflowVersion, given: WorkflowVersion
) -> WorkflowVersion:
    if given.nodes:
        raise WorkflowInvalid(f"{field}.nodes: they cannot be changed; patch the workflow for a new version")
    change = WorkflowVersion()
    change.CopyFrom(given)
    for part, _ in given.ListFields():
        if part.name not in _PATCHABLE:
            change.ClearField(part.name)
    version = patch.apply(action, old, change)
    for name in ("description", "license"):
        setattr(version, name, text(f"{field}.{name}", getattr(version, name), LONGEST_TEXT))
    if version.HasField("metadata"):
        version.metadata.CopyFrom(metadata(f"{field}.metadata", version.metadata))
    version.visibility.gettable = visibility(f"{field}.visibility", version.visibility) or Visibility.PRIVATE
    version.modified_at.CopyFrom(stamp(call.services.clock()))
    return version


async def _describe(call: Call, workflow: Stored[Workflow], changed: Sequence[WorkflowVersion]) -> None:
    """The workflow carries what describes the version that it runs."""
    for version in changed:
        if version.id == workflow.message.version.id:
            copy = Workflow()
            copy.CopyFrom(workflow.message)
            copy.version.CopyFrom(version)
            copy.version.ClearField("nodes")
            await WORKFLOWS.save(call.conn, workflow.seq, copy)
            await call.changes("workflows")
