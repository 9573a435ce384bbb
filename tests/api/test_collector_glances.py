"""All collectors of an app at a glance: what each does, what it lacks, and who changed it."""

from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Collector, OutputInfo
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteKeyRequest,
    DeleteWorkflowRequest,
    PatchCollectorsRequest,
)
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from pond import KEPT, Pond, struct

from bowerbird.errors import Code
from bowerbird.proto.bowerbird_v1_pb2 import CollectorOptions, PatchCollectorOptionsRequest
from bowerbird.proto.collecting_pb2 import CollectorFigures, ListCollectorFiguresRequest

pytestmark = pytest.mark.anyio


async def figures(pond: Pond) -> list[CollectorFigures]:
    await pond.world.collecting.flush()
    request = ListCollectorFiguresRequest(user_app_id=KEPT)
    return list((await pond.world.ok("alice", "ListCollectorFigures", request)).collectors)


async def one(pond: Pond) -> CollectorFigures:
    (found,) = await figures(pond)
    return found


async def test_traffic_queue_budget_and_the_last_change(pond: Pond) -> None:
    budget = OutputInfo(params=struct(limit=1000))
    await pond.add_operator("budget", "budget-sample", budget)
    await pond.add_workflow("most", ("n", "budget", ()))
    await pond.collect(pre_queue_workflow_id="most", description="hard cases")
    pond.world.clock.now += 3600 - pond.world.clock.now % 3600  # the beginning of an hour
    await pond.predict("cat=0.9", "cat=0.8")
    await pond.world.collecting.flush()
    pond.world.clock.advance(3600 + 900)
    await pond.predict(*["cat=0.7"] * 4)
    found = await one(pond)
    assert (found.collector_id, found.description, found.state) == ("c", "hard cases", "on")
    assert (found.budget, found.budget_period) == (1000, "day")
    assert found.source.model_id == "said"
    assert list(found.offered_by_hour)[-3:] == [0, 2, 4]
    assert len(found.taken_by_hour) == 24
    assert found.offered_last_hour == 4 + round(0.75 * 2)
    assert found.kept_today == found.waiting == sum(found.taken_by_hour)
    assert found.waiting
    assert found.oldest_waiting.seconds <= pond.world.clock.now
    assert (found.revision, found.changed_by) == (1, "alice")
    assert await pond.kept()
    assert (await one(pond)).waiting == 0


async def test_the_blocked_come_first_with_their_cure(pond: Pond) -> None:
    await pond.add_doubt()
    key = await pond.world.add_key("alice", "kept")
    await pond.collect("a", pre_queue_random_sample=1.0)
    await pond.collect("b", pre_queue_random_sample=1.0, status=Status(code=Code.COLLECTOR_INACTIVE))
    await pond.collect("s", pre_queue_random_sample=1.0)
    options = PatchCollectorOptionsRequest(
        user_app_id=KEPT, collector_id="s", options=CollectorOptions(shadow=True)
    )
    await pond.world.ok("alice", "PatchCollectorOptions", options)
    await pond.collect("y", pre_queue_random_sample=1.0, post_inputs_key_id=key)
    await pond.collect("z", pre_queue_workflow_id="doubt")
    gone = DeleteWorkflowRequest(user_app_id=KEPT, workflow_id="doubt")
    await pond.world.ok("alice", "DeleteWorkflow", gone)
    await delete_key(pond, key)
    await pond.settle()
    await pond.predict("cat=0.9")
    await pond.world.drain()
    found = await figures(pond)
    assert [(f.collector_id, f.state, f.cure) for f in found] == [
        ("y", "blocked", "key"),
        ("z", "blocked", "workflow"),
        ("a", "on", ""),
        ("s", "shadow", ""),
        ("b", "paused", ""),
    ]
    assert found[0].since.seconds == int(pond.world.clock.now)
    assert found[0].cure_id == found[0].source.post_inputs_key_id
    assert found[0].reason
    assert found[0].waiting == 1
    assert (found[1].cure_id, found[1].reason) == ("doubt", "There is no workflow 'doubt' any more.")
    patch = PatchCollectorsRequest(user_app_id=KEPT, collectors=[mended(pond)], action="overwrite")
    await pond.world.ok("alice", "PatchCollectors", patch)
    assert next(f for f in await figures(pond) if f.collector_id == "y").state == "on"


def mended(pond: Pond, **fields: Any) -> Collector:
    collector = Collector(id="y")
    source = collector.collector_source.api_post_model_outputs_collector_source
    source.post_inputs_key_id = pond.key
    return collector


async def delete_key(pond: Pond, key: str) -> None:
    request = DeleteKeyRequest(key_id=key)
    await pond.world.ok("alice", "DeleteKey", request, user_id="alice")
