"""What a collector has beside the fields of the V2 API."""

from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Collector
from clarifai_grpc.grpc.api.service_pb2 import PatchCollectorsRequest
from pond import KEPT, Pond

from bowerbird.collect.roster import load
from bowerbird.errors import Code
from bowerbird.proto.bowerbird_v1_pb2 import (
    CollectorOptions,
    GetCollectorOptionsRequest,
    PatchCollectorOptionsRequest,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pond(pond: Pond) -> Pond:
    await pond.collect(pre_queue_random_sample=1.0)
    return pond


async def options(pond: Pond) -> CollectorOptions:
    request = GetCollectorOptionsRequest(user_app_id=KEPT, collector_id="c")
    return (await pond.world.ok("alice", "GetCollectorOptions", request)).options


def patch(id: str = "c", **fields: Any) -> PatchCollectorOptionsRequest:
    given = CollectorOptions(**fields)
    return PatchCollectorOptionsRequest(user_app_id=KEPT, collector_id=id, options=given)


async def test_a_new_collector_has_none(pond: Pond) -> None:
    assert not (await options(pond)).ListFields()


async def test_those_that_are_given_are_set_and_the_others_stay(pond: Pond) -> None:
    await pond.world.ok("alice", "PatchCollectorOptions", patch(shadow=True))
    answer = await pond.world.ok("alice", "PatchCollectorOptions", patch(priority=-7))
    assert answer.options == CollectorOptions(shadow=True, priority=-7) == await options(pond)
    await pond.world.ok("alice", "PatchCollectorOptions", patch(shadow=False))
    assert await options(pond) == CollectorOptions(shadow=False, priority=-7)


async def test_setting_one_is_a_revision_and_a_patch_of_the_collector_keeps_it(pond: Pond) -> None:
    await pond.world.ok("alice", "PatchCollectorOptions", patch(priority=9))
    changed = Collector(id="c", description="of cats")
    request = PatchCollectorsRequest(user_app_id=KEPT, collectors=[changed], action="overwrite")
    await pond.world.ok("alice", "PatchCollectors", request)
    async with pond.world.app.services.db.read() as conn:
        (known,) = await load(conn)
    assert (known.revision, known.options.priority, known.message.description) == (3, 9, "of cats")


async def test_a_priority_out_of_range_or_an_unknown_collector_is_refused(pond: Pond) -> None:
    for priority in (-101, 101):
        details = await pond.world.fails(
            Code.CONN_INVALID_RANGE, "alice", "PatchCollectorOptions", patch(priority=priority)
        )
        assert "options.priority" in details
        assert "-100 to 100" in details
    await pond.world.fails(
        Code.COLLECTOR_MISSING, "alice", "PatchCollectorOptions", patch("other", shadow=True)
    )
    assert not (await options(pond)).ListFields()
