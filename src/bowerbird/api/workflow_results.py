"""Runs workflows on inputs. Collectors do not watch this."""

from collections.abc import Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Data, Input, OutputConfig, Workflow, WorkflowResult
from clarifai_grpc.grpc.api.service_pb2 import PostWorkflowResultsRequest, PostWorkflowResultsResponse
from clarifai_grpc.grpc.api.status.status_pb2 import Status

from bowerbird.api.ids import shown
from bowerbird.api.outputs import Cut, copy_cut, cut_of, overall, without_bytes
from bowerbird.api.predict import echo, new_id
from bowerbird.api.predict_inputs import load
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.api.workflow_named import named
from bowerbird.api.workflow_running import Runnable, results_of, runnable
from bowerbird.errors import ApiError, Code, Invalid, WorkflowInvalid
from bowerbird.media import KINDS
from bowerbird.services import Verdict
from bowerbird.store.kinds import WORKFLOW_VERSIONS, stamp
from bowerbird.workflows.engine import Result, passed
from bowerbird.workflows.operators import find
from bowerbird.workflows.states import LASTS_S, Series

MOST_INPUTS = 32
BEGIN = "init"  # the id of a workflow state that is to begin


@rpc(transaction=Transaction.NONE, open_to_visitors=True)
async def post_workflow_results(call: Call, req: PostWorkflowResultsRequest) -> PostWorkflowResultsResponse:
    """What a workflow's nodes say of each input, in the order of the nodes."""
    check_inputs(req.inputs)
    cut_of(req.output_config, ())
    workflow = await _workflow(call, req.workflow_id, req.version_id, favor=req.favor_clarifai_workflows)
    ready = await runnable(call, workflow)
    series = _series(call, workflow, req.workflow_state.id)
    status, results = await results_told(call, ready, req.inputs, req.output_config, series)
    response = PostWorkflowResultsResponse(status=status, workflow=_lean(workflow), results=results)
    if series is not None:
        response.workflow_state.id = series.id
    return response


def check_inputs(inputs: Sequence[Input]) -> None:
    """Raises Invalid unless a call may have so many."""
    if not 1 <= len(inputs) <= MOST_INPUTS:
        raise Invalid(f"inputs: {len(inputs)} given; expected 1 to {MOST_INPUTS}")


async def results_told(
    call: Call, ready: Runnable, inputs: Sequence[Input], asked: OutputConfig, series: Series | None = None
) -> tuple[Status, list[WorkflowResult]]:
    """What a workflow's nodes say of each input, and how that went on the whole."""
    loaded = await load(call, inputs)
    found = await results_of(call, ready, loaded.data, series=series)
    results = [_told(call, given, ready, result, asked) for given, result in zip(inputs, found, strict=True)]
    return overall((result.status.code for result in results), Cut()), results


async def judge(call: Call, workflow_id: str, inputs: Sequence[Input]) -> list[Verdict | ApiError]:
    """Whether each input passes a workflow, and the medium that it made of it. Raises ApiError."""
    ready = await runnable(call, await _workflow(call, workflow_id, ""))
    loaded = await load(call, inputs)
    results = await results_of(call, ready, loaded.data)
    return [_verdict(data, result) for data, result in zip(loaded.data, results, strict=True)]


def _verdict(given: Data | ApiError, results: list[Result] | ApiError) -> Verdict | ApiError:
    if isinstance(results, ApiError) or isinstance(given, ApiError):
        return results if isinstance(results, ApiError) else WorkflowInvalid()
    if passed(results):
        return Verdict(passed=True, media=_made(given, results))
    failed = next((result.error for result in results if result.error), None)
    return failed or Verdict(passed=False, media=None)


def _made(given: Data, results: Sequence[Result]) -> Data | None:
    """The first medium of a terminal node, or of its regions, that is not the input's own."""
    ended = [result.data for result in results if result.terminal and result.passed]
    for data in (part for whole in ended for part in (whole, *(region.data for region in whole.regions))):
        for kind in KINDS:
            if data.HasField(kind) and getattr(data, kind) != getattr(given, kind):
                return Data(**{kind: getattr(data, kind)})
    return None


def _series(call: Call, workflow: Workflow, id: str) -> Series | None:
    """The calls that this one belongs to, as its state's id says. Raises Invalid for one that is over."""
    if not id:
        return None
    owner = (call.actor.user_id, workflow.user_id, workflow.app_id, workflow.id)
    states = call.services.workflow_states
    series = states.begin(owner) if id == BEGIN else states.find(id, owner)
    if series is None:
        raise Invalid(
            f"workflow_state.id: {shown(id)} is no state of this workflow, or none any more: states end "
            f"{LASTS_S:.0f} s after their last call, and with the server's process; {BEGIN!r} begins one"
        )
    return series


async def _workflow(call: Call, workflow_id: str, version_id: str, *, favor: bool = False) -> Workflow:
    """The workflow with the nodes of the version asked for; `favor`: the public one if there is one.

    Raises WorkflowNotFound.
    """
    async with call.read() as conn:
        stored = await named(call, workflow_id, favor_public=favor)
        if not version_id:
            return stored.message
        version = await WORKFLOW_VERSIONS.one(conn, stored.seq, version_id)
    workflow = Workflow()
    workflow.CopyFrom(stored.message)
    del workflow.nodes[:]
    workflow.nodes.extend(version.nodes)
    workflow.version.CopyFrom(version)
    workflow.version.ClearField("nodes")
    return workflow


def _lean(workflow: Workflow) -> Workflow:
    return Workflow(
        id=workflow.id,
        user_id=workflow.user_id,
        app_id=workflow.app_id,
        created_at=workflow.created_at,
        nodes=workflow.nodes,
        version=workflow.version,
    )


def _told(
    call: Call, given: Input, ready: Runnable, results: list[Result] | ApiError, asked: OutputConfig
) -> WorkflowResult:
    into = WorkflowResult(id=new_id())
    into.created_at.CopyFrom(stamp(call.services.clock()))
    echo(given, into.input)
    if isinstance(results, ApiError):
        into.status.CopyFrom(results.status())
        return into
    for result in results:
        if not result.node.suppress_output:
            _add_output(call, into, ready, result, asked)
    into.status.CopyFrom(overall((result.status.code for result in results), Cut()))
    return into


def _add_output(
    call: Call, into: WorkflowResult, ready: Runnable, result: Result, asked: OutputConfig
) -> None:
    output = into.outputs.add()
    output.CopyFrom(ready.model(result.node.model).template)
    output.id = new_id()
    output.created_at.CopyFrom(stamp(call.services.clock()))
    output.status.CopyFrom(result.status)
    if result.status.code == Code.SUCCESS:
        data = without_bytes(result.data) if find(result.node.type.id) else result.data
        copy_cut(data, output.data, _cut(result, asked))


def _cut(result: Result, asked: OutputConfig) -> Cut:
    """The cut of a node's output; what the request leaves open is as the node has it."""
    config = OutputConfig()
    config.CopyFrom(result.node.info.output_config)
    if asked.select_concepts:
        del config.select_concepts[:]
    config.MergeFrom(asked)
    return cut_of(config, ())
