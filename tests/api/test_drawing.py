"""Workflows that are being drawn, through the door: run before they are written, and read from files."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Collaborator, Input, Model, User, Workflow, WorkflowNode
from clarifai_grpc.grpc.api.service_pb2 import ListModelsRequest, PostCollaboratorsRequest
from lights import ZOO, add_lights, add_operator, bright, dark, node, operator_info, top
from world import World

from bowerbird.errors import Code
from bowerbird.proto.drawing_pb2 import (
    MultiDraftResultResponse,
    PostDraftResultsRequest,
    PostWorkflowFilesRequest,
)

pytestmark = pytest.mark.anyio
SURE = Model(id="sure", model_type_id="concept-thresholder", output_info=operator_info({"bright": 0.5}))
FILE = """
workflow:
  id: keeps
  nodes:
  - id: pick
    model:
      model_id: sure
      model_type_id: concept-thresholder
      output_info: {data: {concepts: [{id: bright, value: 0.5}]}}
"""


async def run(
    world: World, nodes: list[WorkflowNode], *inputs: Input, operators: tuple[Model, ...] = (SURE,)
) -> MultiDraftResultResponse:
    request = PostDraftResultsRequest(workflow=Workflow(nodes=nodes), operators=operators, inputs=inputs)
    return await world.call("alice", "PostDraftResults", request, **ZOO)


async def test_a_draft_runs_and_nothing_of_it_is_kept(world: World) -> None:
    await add_lights(world)
    answer = await run(world, [node("a", "lights"), node("b", "sure", "a")], bright(), dark())
    assert answer.status.code == Code.SUCCESS
    light, dropped = answer.results
    assert [top(output.data) for output in light.outputs] == ["bright", "bright"]
    assert (top(dropped.outputs[0].data), len(dropped.outputs[1].data.concepts)) == ("dark", 0)
    own = (await world.ok("alice", "ListModels", ListModelsRequest(), **ZOO)).models
    assert "sure" not in [model.id for model in own]


async def test_an_operator_of_the_draft_counts_before_one_that_has_its_id(world: World) -> None:
    await add_lights(world)
    await add_operator(world, "sure", "concept-thresholder", {"dark": 0.5})
    nodes = [node("a", "lights"), node("b", "sure", "a")]
    assert top((await run(world, nodes, bright())).results[0].outputs[1].data) == "bright"
    stored = await run(world, nodes, bright(), operators=())
    assert not stored.results[0].outputs[1].data.concepts


async def test_what_cannot_be_written_cannot_be_run(world: World) -> None:
    await add_lights(world)
    in_a_circle = [node("a", "sure", "b"), node("b", "sure", "a")]
    assert (await run(world, in_a_circle, bright())).status.code == Code.WORKFLOW_INVALID_GRAPH
    absent = await run(world, [node("a", "nothing")], bright())
    assert "node 'a'" in absent.status.details
    assert (await run(world, [node("a", "lights")])).status.code == Code.CONN_INVALID_REQUEST


async def test_whoever_may_not_write_workflows_may_not_run_a_draft(world: World) -> None:
    scopes = ["Predict", "Workflows:Get", "Models:Get", "Concepts:Get", "Apps:Get"]
    bob = Collaborator(user=User(id="bob"), scopes=scopes)
    await world.ok("alice", "PostCollaborators", PostCollaboratorsRequest(collaborators=[bob]), **ZOO)
    details = await world.fails(Code.CONN_INSUFFICIENT_SCOPES, "bob", "PostDraftResults", **ZOO)
    assert "Workflows:Add" in details


async def test_a_file_is_read_and_what_is_wrong_in_it_is_told_by_its_line(world: World) -> None:
    request = PostWorkflowFilesRequest(text=FILE)
    workflow = (await world.ok("alice", "PostWorkflowFiles", request, **ZOO)).workflow
    assert (workflow.id, workflow.nodes[0].id) == ("keeps", "pick")
    assert workflow.nodes[0].model.model_type_id == "concept-thresholder"
    assert workflow.nodes[0].model.output_info.data.concepts[0].id == "bright"
    wrong = PostWorkflowFilesRequest(text=FILE.replace("model_type_id", "type"))
    details = await world.fails(Code.CONN_INVALID_REQUEST, "alice", "PostWorkflowFiles", wrong, **ZOO)
    assert details.startswith("line 8")
