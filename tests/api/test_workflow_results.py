"""Running workflows, through the door and from inside."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import (
    Concept,
    Data,
    Image,
    Input,
    Model,
    OutputConfig,
    UserAppIDSet,
    Workflow,
    WorkflowState,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteModelRequest,
    PatchModelsRequest,
    PatchWorkflowsRequest,
    PostWorkflowResultsRequest,
    PostWorkflowResultsResponse,
    PostWorkflowsRequest,
)
from lights import (
    MAIN,
    PUBLIC,
    ZOO,
    add_lights,
    add_operator,
    bright,
    dark,
    image,
    node,
    open_zoo,
    operator_info,
    post_workflow,
    top,
)
from world import World

from bowerbird.api.workflow_results import judge
from bowerbird.errors import ApiError, Code, InputUnsupported
from bowerbird.services import Prediction, Verdict

pytestmark = pytest.mark.anyio


async def run(
    world: World, *inputs: Input, who: str = "alice", **fields: object
) -> PostWorkflowResultsResponse:
    request = PostWorkflowResultsRequest(workflow_id="w", inputs=inputs, **fields)
    return await world.call(who, "PostWorkflowResults", request, **ZOO)


async def add_bright_ones(world: World, **fields: object) -> None:
    """A workflow that tells how bright an image is, and keeps what is surely bright."""
    await add_lights(world)
    await add_operator(world, "sure", "concept-thresholder", {"bright": 0.5})
    await post_workflow(world, "w", [node("a", "lights", **fields), node("b", "sure", "a")])


async def test_outputs_come_in_the_order_of_the_nodes(world: World) -> None:
    await add_lights(world)
    await add_operator(world, "sure", "concept-thresholder", {"bright": 0.5})
    await post_workflow(world, "w", [node("b", "sure", "a"), node("a", "lights")])
    answer = await run(world, bright(), dark())
    assert answer.status.code == Code.SUCCESS
    assert [o.model.id for o in answer.results[0].outputs] == ["sure", "lights"]
    assert [[c.id for c in r.outputs[0].data.concepts] for r in answer.results] == [["bright"], []]
    assert [top(r.outputs[1].data) for r in answer.results] == ["bright", "dark"]


async def test_suppressed_outputs_are_not_shown(world: World) -> None:
    await add_bright_ones(world, suppress_output=True)
    answer = await run(world, bright())
    assert [o.model.id for o in answer.results[0].outputs] == ["sure"]


async def test_a_node_may_override_the_parameters_of_its_model(world: World) -> None:
    await add_lights(world)
    await add_operator(world, "sure", "concept-thresholder", {"bright": 0.5})
    other = node("b", "sure", "a", output_info_override=operator_info({"dark": 0.5}))
    await post_workflow(world, "w", [node("a", "lights"), other])
    answer = await run(world, dark())
    assert [c.id for c in answer.results[0].outputs[1].data.concepts] == ["dark"]


async def test_output_config_cuts_the_outputs(world: World) -> None:
    await add_bright_ones(world)
    answer = await run(world, bright(), output_config=OutputConfig(max_concepts=1))
    assert len(answer.results[0].outputs[0].data.concepts) == 1
    answer = await run(world, bright(), output_config=OutputConfig(select_concepts=[Concept(id="dark")]))
    assert [c.id for c in answer.results[0].outputs[0].data.concepts] == ["dark"]
    answer = await run(world, bright(), output_config=OutputConfig(max_concepts=999))
    assert answer.status.code == Code.CONN_INVALID_RANGE


async def test_a_failed_node_is_the_status_of_its_output(world: World) -> None:
    await add_bright_ones(world)
    answer = await run(world, image(b"no image"), bright())
    assert answer.status.code == Code.MIXED_STATUS
    assert [o.status.code for o in answer.results[0].outputs] == [
        Code.INPUT_UNSUPPORTED_FORMAT,
        Code.WORKFLOW_INTERNAL_FAILURE,
    ]
    assert answer.results[0].status.code == Code.FAILURE


async def test_an_input_that_cannot_be_had_fails_alone(world: World) -> None:
    await add_bright_ones(world)
    private = Input(data=Data(image=Image(url="http://10.0.0.1/cat.png")))
    answer = await run(world, private, bright())
    assert [r.status.code for r in answer.results] == [Code.INPUT_INVALID_URL, Code.SUCCESS]
    assert (await run(world, private)).status.code == Code.FAILURE


async def test_more_than_thirty_two_inputs_are_refused(world: World) -> None:
    await add_bright_ones(world)
    assert len((await run(world, *[dark()] * 32)).results) == 32
    for inputs in ([], [dark()] * 33):
        answer = await run(world, *inputs)
        assert answer.status.code == Code.CONN_INVALID_REQUEST
        assert "1 to 32" in answer.status.details


async def test_an_unknown_workflow_does_not_exist(world: World) -> None:
    assert (await run(world, dark())).status.code == Code.WORKFLOW_DOES_NOT_EXIST


async def test_a_version_is_run_as_it_was(world: World) -> None:
    await add_bright_ones(world)
    first = (await run(world, dark())).workflow.version.id
    change = Workflow(id="w", nodes=[node("only", "lights")])
    request = PatchWorkflowsRequest(workflows=[change], action="overwrite")
    await world.ok("alice", "PatchWorkflows", request, **ZOO)
    assert len((await run(world, dark())).results[0].outputs) == 1
    assert len((await run(world, dark(), version_id=first)).results[0].outputs) == 2


async def test_a_node_follows_the_newest_version_of_its_model(world: World) -> None:
    await add_bright_ones(world)
    change = Model(id="sure", output_info=operator_info({"dark": 0.5}))
    await world.ok("alice", "PatchModels", PatchModelsRequest(models=[change], action="overwrite"), **ZOO)
    answer = await run(world, dark())
    assert [c.id for c in answer.results[0].outputs[1].data.concepts] == ["dark"]


async def test_a_workflow_whose_model_is_gone_says_so(world: World) -> None:
    await add_bright_ones(world)
    await world.ok("alice", "DeleteModel", DeleteModelRequest(model_id="lights"), **ZOO)
    answer = await run(world, dark())
    assert answer.status.code == Code.WORKFLOW_INVALID_ARGUMENT
    assert "'a'" in answer.status.details


async def test_a_stranger_runs_public_workflows_only(world: World) -> None:
    await add_bright_ones(world)
    await open_zoo(world)
    assert (await run(world, dark(), who="mallory")).status.code == Code.WORKFLOW_DOES_NOT_EXIST
    change = PatchWorkflowsRequest(workflows=[Workflow(id="w", visibility=PUBLIC)], action="merge")
    await world.ok("alice", "PatchWorkflows", change, **ZOO)
    assert (await run(world, dark(), who="mallory")).status.code == Code.SUCCESS


async def test_collectors_do_not_watch_workflows(world: World) -> None:
    class Watching:
        def offer(self, prediction: Prediction) -> None:
            raise AssertionError("the tap was asked")

    await add_bright_ones(world)
    services = world.app.services
    before, services.tap = services.tap, Watching()
    assert (await run(world, bright())).status.code == Code.SUCCESS
    services.tap = before


async def judged(world: World, *inputs: Input) -> list[Verdict | ApiError]:
    dispatcher = world.app.dispatcher
    actor = await dispatcher.keyring.authenticate(world.tokens["alice"])
    call = await dispatcher.enter("PostWorkflowResults", actor, UserAppIDSet(**ZOO))
    return await judge(call, "w", inputs)


async def test_inputs_are_judged_one_by_one(world: World) -> None:
    await add_bright_ones(world)
    first, second, third = await judged(world, bright(), dark(), image(b"no image"))
    assert (first, second) == (Verdict(True, None), Verdict(False, None))
    assert isinstance(third, InputUnsupported)


async def test_a_filter_that_passes_an_image_on_makes_no_medium_of_its_own(world: World) -> None:
    await add_operator(world, "all", "random-sample", keep_fraction=1)
    await post_workflow(world, "w", [node("a", "all")])
    assert await judged(world, bright()) == [Verdict(True, None)]


async def keep_new_ones(world: World) -> None:
    """A workflow that keeps what it has not seen before."""
    await add_operator(world, "new", "dedup")
    await post_workflow(world, "w", [node("a", "new")])


def kept(answer: PostWorkflowResultsResponse) -> list[bool]:
    return [
        not result.outputs[0].status.details and result.outputs[0].data.HasField("image")
        for result in answer.results
    ]


async def test_a_state_remembers_from_input_to_input_and_from_call_to_call(world: World) -> None:
    await keep_new_ones(world)
    answer = await run(world, bright(), bright(), workflow_state=WorkflowState(id="init"))
    assert kept(answer) == [True, False]
    again = await run(world, bright(), dark(), workflow_state=answer.workflow_state)
    assert kept(again) == [False, True]
    assert again.workflow_state == answer.workflow_state


async def test_without_a_state_nothing_is_remembered(world: World) -> None:
    await keep_new_ones(world)
    for _ in range(2):
        answer = await run(world, bright(), bright())
        assert kept(answer) == [True, True]
        assert not answer.HasField("workflow_state")


async def test_a_state_ends_five_minutes_after_its_last_call(world: World) -> None:
    await keep_new_ones(world)
    state = (await run(world, bright(), workflow_state=WorkflowState(id="init"))).workflow_state
    for _ in range(2):
        world.clock.advance(299)
        assert kept(await run(world, bright(), workflow_state=state)) == [False]
    world.clock.advance(301)
    answer = await run(world, bright(), workflow_state=state)
    assert answer.status.code == Code.CONN_INVALID_REQUEST
    assert "workflow_state.id" in answer.status.details


async def test_a_state_is_its_callers_and_its_workflows(world: World) -> None:
    await keep_new_ones(world)
    await open_zoo(world)
    await post_workflow(world, "other", [node("a", "new")], visibility=PUBLIC)
    state = (await run(world, bright(), workflow_state=WorkflowState(id="init"))).workflow_state
    request = PostWorkflowResultsRequest(workflow_id="other", inputs=[dark()], workflow_state=state)
    for who in ("alice", "mallory"):
        await world.fails(Code.CONN_INVALID_REQUEST, who, "PostWorkflowResults", request, **ZOO)


async def test_the_public_workflow_comes_first_when_asked_for(world: World) -> None:
    await add_bright_ones(world)
    await add_lights(world, "everybody", "root", visibility=PUBLIC)
    workflow = Workflow(id="w", nodes=[node("a", "everybody")], visibility=PUBLIC)
    await world.ok("root", "PostWorkflows", PostWorkflowsRequest(workflows=[workflow]), **MAIN)
    assert (await run(world, dark())).workflow.user_id == "alice"
    assert (await run(world, dark(), favor_clarifai_workflows=True)).workflow.user_id == "clarifai"


async def test_a_pinned_node_stays_with_its_version(world: World) -> None:
    await add_lights(world)
    first = await add_operator(world, "sure", "concept-thresholder", {"bright": 0.5})
    pinned = node("b", "sure", "a")
    pinned.model.model_version.id = first.model_version.id
    await post_workflow(world, "w", [node("a", "lights"), pinned])
    change = Model(id="sure", output_info=operator_info({"dark": 0.5}))
    await world.ok("alice", "PatchModels", PatchModelsRequest(models=[change], action="overwrite"), **ZOO)
    answer = await run(world, bright())
    assert [c.id for c in answer.results[0].outputs[1].data.concepts] == ["bright"]
