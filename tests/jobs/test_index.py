"""The base workflow of an app runs on what is posted, before the input is done."""

import pytest
from base import DOWN, add_embedder, counts, nearest, use, with_base, work
from clarifai_grpc.grpc.api.resources_pb2 import Model, UserAppIDSet, Visibility, Workflow, WorkflowNode
from clarifai_grpc.grpc.api.service_pb2 import DeleteInputRequest, PostWorkflowsRequest
from clarifai_grpc.grpc.api.status.status_code_pb2 import StatusCode as Code
from world import World
from zoo import ZOO, get, picture, post, text

from bowerbird.jobs import run_due

pytestmark = pytest.mark.anyio


async def test_what_is_posted_is_indexed_before_it_is_done(world: World) -> None:
    await with_base(world)
    await post(world, text("a", "1,0"), text("b", "3,4"), text("c", "0,1"))
    await run_due(world.app.services)
    assert (await get(world, "a")).status.code == Code.INPUT_IN_PROGRESS
    await work(world)
    assert await counts(world) == {"processed": 3}
    assert await nearest(world, 0, 2) == [("c", 1.0), ("b", 0.8), ("a", 0.0)]
    assert await nearest(world, 1, 0, k=1) == [("a", 1.0)]


@pytest.mark.parametrize("id", ["", "Empty"])
async def test_an_app_without_a_base_workflow_is_done_at_once(world: World, id: str) -> None:
    await use(world, id)
    await post(world, text("a", "1,0"))
    assert await run_due(world.app.services) == 1
    assert await counts(world) == {"processed": 1}
    assert await nearest(world, 1, 0) == []


async def test_many_inputs_are_indexed_each_for_itself(world: World) -> None:
    await with_base(world)
    await post(world, *(text(f"i{n}", f"{n},1") for n in range(70)), text("bad", "fail"))
    await work(world)
    assert await counts(world) == {"processed": 70, "errors": 1}
    assert len(await nearest(world, 1, 1, k=100)) == 70


async def test_an_input_that_the_workflow_fails_on_is_kept_and_says_why(world: World) -> None:
    await with_base(world)
    await post(world, text("bad", "fail"))
    await work(world)
    found = await get(world, "bad")
    assert (found.status.code, found.status.details) == (
        Code.INPUT_FAILED,
        "node 'n0' of the base workflow: it was told to fail",
    )
    assert found.data.text.hosted.sizes


async def test_a_base_workflow_that_is_not_there_fails_the_inputs_and_loses_none(world: World) -> None:
    await use(world, "missing")
    await post(world, text("a", "1,0"))
    await work(world)
    found = await get(world, "a")
    assert found.status.code == Code.INPUT_FAILED
    assert "base workflow 'missing'" in found.status.details


async def test_models_that_are_down_are_waited_for(world: World) -> None:
    await with_base(world)
    DOWN.add("arrow")
    try:
        await post(world, text("a", "1,0"))
        await work(world)
        assert await counts(world) == {"processing": 1}
    finally:
        DOWN.clear()
    world.clock.advance(60)
    await work(world)
    assert await counts(world) == {"processed": 1}


async def test_models_that_stay_down_fail_the_input_in_the_end(world: World) -> None:
    await with_base(world)
    DOWN.add("arrow")
    try:
        await post(world, text("a", "1,0"))
        for _ in range(13):
            await work(world)
            world.clock.advance(700)
    finally:
        DOWN.clear()
    assert (await get(world, "a")).status.code == Code.INPUT_FAILED


async def test_media_that_no_node_takes_are_done_without_it(world: World) -> None:
    await with_base(world)
    await post(world, picture("p"), text("t", "1,0"))
    await work(world)
    assert await counts(world) == {"processed": 2}
    assert await nearest(world, 1, 0) == [("t", 1.0)]


async def test_the_workflow_may_be_one_that_is_there_for_all(world: World) -> None:
    main = UserAppIDSet(user_id="clarifai", app_id="main")
    public = Visibility(gettable=Visibility.PUBLIC)
    await add_embedder(world, place=main, who="root", visibility=Visibility.PUBLIC)
    node = WorkflowNode(id="n", model=Model(id="arrow", user_id="clarifai", app_id="main"))
    flow = Workflow(id="shared", nodes=[node], visibility=public)
    await world.ok("root", "PostWorkflows", PostWorkflowsRequest(user_app_id=main, workflows=[flow]))
    named = Workflow(id="shared", user_id="clarifai", app_id="main")
    await use(world, "shared", default_workflow=named)
    await post(world, text("a", "1,0"))
    await work(world)
    assert await nearest(world, 1, 0) == [("a", 1.0)]


async def test_a_workflow_of_somebody_elses_app_is_not_run(world: World) -> None:
    await world.add_app("bob", "farm")
    await use(world, "theirs", default_workflow=Workflow(id="theirs", user_id="bob", app_id="farm"))
    await post(world, text("a", "1,0"))
    await work(world)
    assert "expected one of the app's own" in (await get(world, "a")).status.details


async def test_a_deleted_input_is_found_no_more(world: World) -> None:
    await with_base(world)
    await post(world, text("a", "1,0"), text("b", "0,1"))
    await work(world)
    assert len(await nearest(world, 1, 0)) == 2
    await world.ok("alice", "DeleteInput", DeleteInputRequest(input_id="a"), **ZOO)
    assert await nearest(world, 1, 0) == [("b", 0.0)]
    await post(world, text("c", "1,0"))
    await work(world)
    assert await nearest(world, 1, 0) == [("c", 1.0), ("b", 0.0)]


async def test_an_input_deleted_while_it_waits_troubles_nobody(world: World) -> None:
    await with_base(world)
    await post(world, text("a", "1,0"), text("b", "0,1"))
    await run_due(world.app.services)
    await world.ok("alice", "DeleteInput", DeleteInputRequest(input_id="a"), **ZOO)
    await work(world)
    assert await counts(world) == {"processed": 1}
