"""Workflows that are being drawn: run before they are written, and read from files."""

from clarifai_grpc.grpc.api.resources_pb2 import OutputConfig

from bowerbird.api.draft_workflows import draft_workflow
from bowerbird.api.model_specs import drafted
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.api.workflow_results import check_inputs, results_told
from bowerbird.api.workflow_running import name_of, runnable
from bowerbird.proto import drawing_pb2 as v1
from bowerbird.workflows.written import parse


@rpc(transaction=Transaction.NONE)
async def post_draft_results(call: Call, req: v1.PostDraftResultsRequest) -> v1.MultiDraftResultResponse:
    """Raises as PostModels, PostWorkflows and PostWorkflowResults would."""
    check_inputs(req.inputs)
    workflow = await draft_workflow(call, req.workflow, req.operators)
    own = (node.model for node in workflow.nodes if not node.model.model_version.id)  # what is there has one
    ready = await runnable(call, workflow, {name_of(model): drafted(model) for model in own})
    status, results = await results_told(call, ready, req.inputs, OutputConfig())
    return v1.MultiDraftResultResponse(status=status, results=results)


@rpc(transaction=Transaction.NONE)
async def post_workflow_files(call: Call, req: v1.PostWorkflowFilesRequest) -> v1.WorkflowFileResponse:
    """Raises Invalid, naming line and field."""
    return v1.WorkflowFileResponse(workflow=parse(req.text).workflow)
