"""Collectors that remember: budgets, repeats and rates, through the door."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import OutputInfo
from clarifai_grpc.grpc.api.service_pb2 import PostCollectorsRequest
from pond import KEPT, Pond, struct
from world import World

pytestmark = pytest.mark.anyio


async def collecting(pond: Pond, type: str, **params: object) -> None:
    """Make the collector "c", whose workflow is of one operator."""
    await pond.add_operator("op", type, OutputInfo(params=struct(**params)))
    await pond.add_workflow("flow", ("n", "op", ()))
    await pond.collect(pre_queue_workflow_id="flow")


async def test_repeats_are_dropped_and_counted_as_such(pond: Pond) -> None:
    await collecting(pond, "dedup")
    await pond.predict("a 0.9", "b 0.9", "a 0.9")
    await pond.predict("b 0.9")
    assert len(await pond.kept()) == 2
    assert (await pond.funnel()).skipped["duplicate"] == 2


async def test_what_was_kept_is_remembered_when_the_collector_changes(pond: Pond) -> None:
    await collecting(pond, "dedup")
    await pond.predict("a 0.9")
    await pond.collect("other", pre_queue_random_sample=0.5)
    await pond.predict("a 0.9")
    assert (await pond.funnel()).skipped["duplicate"] == 1


async def test_a_budget_is_spent_once_something_is_reserved(world: World, pond: Pond) -> None:
    await collecting(pond, "budget-sample", limit=500.0, period="month")
    for _ in range(200):
        await pond.predict("a 0.9")
        world.clock.advance(3 * 3600)  # less often than the budget would allow: all are taken
        if (await pond.funnel()).figures["taken"]:
            break
    funnel = await pond.funnel()
    assert funnel.figures["taken"] == 1
    assert funnel.skipped["budget"] == funnel.figures["offered"] - 1
    [kept] = await pond.kept()
    assert kept.data.metadata["capture"]["inclusion_probability"] == 1


async def test_a_rate_is_kept_and_its_items_have_no_known_probability(world: World, pond: Pond) -> None:
    await collecting(pond, "rate-limit", rate=1.0)
    await pond.predict("a 0.9", "b 0.9")
    world.clock.advance(1)
    await pond.predict("c 0.9")
    first, second = await pond.kept()
    assert second.data.metadata["capture"]["inclusion_probability"] is None
    assert first.data.metadata["capture"]["inclusion_probability"] is None


async def test_a_post_queue_workflow_cannot_remember(world: World, pond: Pond) -> None:
    await pond.add_operator("op", "dedup", OutputInfo())
    await pond.add_workflow("flow", ("n", "op", ()))
    request = PostCollectorsRequest(
        user_app_id=KEPT, collectors=[pond.collector(post_queue_workflow_id="flow")]
    )
    answer = await world.call("alice", "PostCollectors", request)
    assert "only the pre-queue workflow" in answer.status.details, answer
