"""What one process changes, another one on the same store knows within a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from clarifai_grpc.grpc.api.service_pb2 import DeleteKeyRequest, GetAppRequest
from pond import Pond
from world import World

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.app import App, Collecting, collecting, opened
from bowerbird.errors import Code

pytestmark = pytest.mark.anyio
AT_MOST_S = 1.0
Other = tuple[App, Collecting]


@pytest.fixture
async def other(world: World) -> AsyncIterator[Other]:
    """A second process's application on the world's stores."""
    async with opened(world.app.settings, clock=world.clock) as app, collecting(app) as behind:
        yield app, behind


async def within_a_second(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it is so; fail when that takes a second."""
    started = time.monotonic()
    while not await is_so():
        assert time.monotonic() - started < AT_MOST_S
        await asyncio.sleep(0.01)


async def test_a_deleted_key_is_refused_by_the_others_too(world: World, other: Other) -> None:
    key = await world.add_key("alice", "zoo")
    request = GetAppRequest()

    async def code() -> int:
        answer = await other[0].dispatcher.call(METHODS["GetApp"], request, Credentials(key=key))
        return int(answer.status.code)  # type: ignore[attr-defined]  # every response has one

    assert await code() == Code.SUCCESS
    await world.ok("alice", "DeleteKey", DeleteKeyRequest(key_id=key), user_id="alice")

    async def is_refused() -> bool:
        return await code() == Code.CONN_KEY_NOT_FOUND

    await within_a_second(is_refused)


async def test_a_new_collector_taps_the_others_predictions_too(
    world: World, pond: Pond, other: Other
) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    model = ("alice", "zoo", "said")

    async def is_tapped() -> bool:
        return model in other[1].plans.by_model

    await within_a_second(is_tapped)
    mine, world.app = world.app, other[0]
    await pond.predict("a=1")
    await other[1].flush()
    world.app = mine
    assert [i.data.metadata["collector_id"] for i in await pond.kept()] == ["c"]
