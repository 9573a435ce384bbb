"""What several calls, or several processes, do at once."""

import asyncio

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import App
from clarifai_grpc.grpc.api.service_pb2 import DeleteKeyRequest, PatchAppsRequest
from google.protobuf.struct_pb2 import Struct
from world import World

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.app import opened
from bowerbird.errors import Code

pytestmark = pytest.mark.anyio

ZOO = {"user_id": "alice", "app_id": "zoo"}


async def test_patches_at_once_do_not_lose_each_other(world: World) -> None:
    async def patch(i: int) -> None:
        metadata = Struct()
        metadata.update({f"k{i}": i})
        request = PatchAppsRequest(apps=[App(id="zoo", metadata=metadata)], action="merge")
        await world.ok("alice", "PatchApps", request, user_id="me")

    await asyncio.gather(*(patch(i) for i in range(6)))
    app = (await world.ok("alice", "GetApp", **ZOO)).app
    assert set(app.metadata) == {f"k{i}" for i in range(6)}


async def test_another_process_learns_of_a_deleted_key_at_its_next_look(world: World) -> None:
    key = await world.add_key("alice", "zoo")
    async with opened(world.app.settings, clock=world.clock) as other:

        async def code() -> int:
            method = METHODS["GetApp"]
            answer = await other.dispatcher.call(method, method.request(), Credentials(key=key))
            return int(answer.status.code)

        assert await code() == Code.SUCCESS
        await world.ok("alice", "DeleteKey", DeleteKeyRequest(key_id=key), user_id="me")
        await other.services.revisions.poll()
        assert await code() == Code.CONN_KEY_NOT_FOUND
