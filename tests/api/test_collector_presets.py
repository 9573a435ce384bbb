"""Presets through the door: what they say can be made as it is, and leaves an estimate."""

import pytest
from clarifai_grpc.grpc.api.service_pb2 import PostModelsRequest, PostWorkflowsRequest
from pond import KEPT, Pond
from world import World

from bowerbird.collect.reach import unreached
from bowerbird.errors import Code
from bowerbird.proto.bowerbird_v1_pb2 import ListCollectorPresetsRequest

pytestmark = pytest.mark.anyio


async def test_each_preset_can_be_made_and_gives_every_prediction_a_chance(world: World, pond: Pond) -> None:
    request = ListCollectorPresetsRequest(user_app_id=KEPT, rate=0.1)
    presets = (await world.ok("alice", "ListCollectorPresets", request)).presets
    assert [preset.id for preset in presets] == ["balanced", "learn-fastest", "measure-first"]
    for preset in presets:
        made = PostModelsRequest(user_app_id=KEPT, models=preset.operators)
        await world.ok("alice", "PostModels", made)
        workflow = PostWorkflowsRequest(user_app_id=KEPT, workflows=[preset.workflow])
        await world.ok("alice", "PostWorkflows", workflow)
        await pond.collect(preset.id, pre_queue_workflow_id=preset.workflow.id)
    plans = [one.plan for one in world.collecting.plans.by_model["alice", "zoo", "said"]]
    assert [unreached(plan) for plan in plans if plan] == ["", "", ""]


@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan")])
async def test_a_rate_that_is_no_share_is_refused(world: World, rate: float) -> None:
    request = ListCollectorPresetsRequest(rate=rate)
    request.user_app_id.user_id, request.user_app_id.app_id = "alice", "zoo"
    assert "rate" in await world.fails(Code.CONN_INVALID_RANGE, "alice", "ListCollectorPresets", request)
