"""Two API processes and two workers agree within a second on what was changed at one of them."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from clarifai_grpc.grpc.api.resources_pb2 import App as AppMessage
from clarifai_grpc.grpc.api.resources_pb2 import (
    Collector,
    Concept,
    Data,
    Input,
    Key,
    Model,
    ModelVersion,
    OutputInfo,
    Text,
    Workflow,
    WorkflowNode,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteCollectorsRequest,
    DeleteKeyRequest,
    ListInputsRequest,
    PatchCollectorsRequest,
    PostCollectorsRequest,
    PostKeysRequest,
    PostModelOutputsRequest,
    PostModelsRequest,
    PostWorkflowsRequest,
)
from clarifai_grpc.grpc.api.status.status_code_pb2 import COLLECTOR_ACTIVE, COLLECTOR_INACTIVE
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from lives import Part, opened_nursery
from place import COLLECTORS, KEPT, Place, build
from pond import struct
from traffic import WATCHED, ZOO
from wires import free_port
from world import SUCCESS

from bowerbird.api.rpc import METHODS
from bowerbird.app import opened

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
PROMISED_S = 1.0
LIMIT = 5
PATIENCE_S = 60.0


class Door:
    """One API process, as its clients know it."""

    def __init__(self, channel: grpc.aio.Channel, token: str) -> None:
        self._channel, self._token = channel, token

    async def call(self, rpc: str, request: Any, key: str = "") -> Any:
        method = METHODS[rpc]
        send = self._channel.unary_unary(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        return await send(request, metadata=(("authorization", f"Key {key or self._token}"),))

    async def ok(self, rpc: str, request: Any) -> Any:
        answer = await self.call(rpc, request)
        assert answer.status.code == SUCCESS, answer
        return answer

    async def predict(self, text: str, key: str = "") -> int:
        return await self.burst(text, 1, key)

    async def burst(self, text: str, n: int, key: str = "") -> int:
        """So many inputs in one call; the code of its answer."""
        data = Data(text=Text(raw=text), concepts=[Concept(id="cat", value=0.9)], metadata=struct(said=text))
        inputs = [Input(data=data)] * n
        request = PostModelOutputsRequest(user_app_id=ZOO, model_id=WATCHED, inputs=inputs)
        return int((await self.call("PostModelOutputs", request, key)).status.code)

    async def add_key(self, app_id: str = "") -> str:
        apps = [AppMessage(id=app_id, user_id="alice")] if app_id else []
        kind = "app_specific_key" if app_id else "personal_access_token"
        key = Key(type=kind, description="test", scopes=["All"], apps=apps)
        answer = await self.ok("PostKeys", PostKeysRequest(user_app_id={"user_id": "alice"}, keys=[key]))
        return str(answer.keys[0].id)

    async def delete_key(self, key: str) -> None:
        await self.ok("DeleteKey", DeleteKeyRequest(user_app_id={"user_id": "alice"}, key_id=key))

    async def add_workflow(self, id: str, type: str, **params: object) -> None:
        version = ModelVersion(output_info=OutputInfo(params=struct(**params)))
        model = Model(id=id, model_type_id=type, model_version=version)
        await self.ok("PostModels", PostModelsRequest(user_app_id=KEPT, models=[model]))
        node = WorkflowNode(id="n", model=Model(id=id, user_id="alice", app_id=KEPT.app_id))
        made = PostWorkflowsRequest(user_app_id=KEPT, workflows=[Workflow(id=id, nodes=[node])])
        await self.ok("PostWorkflows", made)

    async def collect(self, id: str, key: str, **fields: Any) -> None:
        made = PostCollectorsRequest(user_app_id=KEPT, collectors=[collector(id, key, **fields)])
        await self.ok("PostCollectors", made)

    async def patch(self, *changed: Collector) -> None:
        request = PatchCollectorsRequest(user_app_id=KEPT, collectors=changed, action="overwrite")
        await self.ok("PatchCollectors", request)


def collector(id: str, key: str, *, caller: str = "", **fields: Any) -> Collector:
    made = Collector(id=id, **fields)
    source = made.collector_source.api_post_model_outputs_collector_source
    source.model_user_id, source.model_app_id, source.model_id = "alice", ZOO.app_id, WATCHED
    source.post_inputs_key_id, source.caller_user_id = key, caller
    return made


@asynccontextmanager
async def running(place: Place) -> AsyncIterator[tuple[Door, Door]]:
    """Two API processes, each at ports of its own, and two workers."""
    grpcs = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    async with opened_nursery() as nursery, AsyncExitStack() as stack:
        parts = [Part("worker", n, nursery, place.env, place.folder) for n in (1, 2)]
        for n, address in enumerate(grpcs, 1):
            own = {"BOWERBIRD_GRPC": address, "BOWERBIRD_HTTP": f"127.0.0.1:{free_port()}"}
            parts.append(Part("api", n, nursery, {**place.env, **own}, place.folder))
        for part in parts:
            await stack.enter_async_context(part.alive())
        for part in parts:
            await part.ready()
        channels = [await stack.enter_async_context(grpc.aio.insecure_channel(a)) for a in grpcs]
        first, second = (Door(channel, place.token) for channel in channels)
        yield first, second


async def test_what_one_process_is_told_all_do_within_a_second(
    database_url: str, tmp_path: Path, sqlite_template: Path
) -> None:
    place = await build(tmp_path, sqlite_template, database_url=database_url, models_in_process=True)
    async with running(place) as doors:
        one, other = doors
        await one.ok("DeleteCollectors", DeleteCollectorsRequest(user_app_id=KEPT, ids=list(COLLECTORS)))
        callers_key = await one.add_key()
        poster, doomed = await one.add_key(KEPT.app_id), await one.add_key(KEPT.app_id)
        await one.add_workflow("budget", "budget-sample", limit=LIMIT, period="day")
        await one.add_workflow("nothing", "prediction-score-filter", score="max_prob", lo=0.0, hi=0.1)
        everything = {"pre_queue_random_sample": 1.0}
        await one.collect("capped", poster, caller="alice", pre_queue_workflow_id="budget")
        for id, fields in {
            "paused": {},
            "resumed": {"status": Status(code=COLLECTOR_INACTIVE)},
            "callers": {},
            "edited": {},
        }.items():
            await one.collect(id, poster, **everything, **fields)
        await one.collect("blocked", doomed, **everything)
        await asyncio.sleep(PROMISED_S)  # what is promised, here and below: no event tells of it

        await predicted(doors, "before", callers_key)
        await posted(place, {"paused", "callers", "edited", "blocked"}, 4)
        await one.patch(
            Collector(id="paused", status=Status(code=COLLECTOR_INACTIVE)),
            Collector(id="resumed", status=Status(code=COLLECTOR_ACTIVE)),
        )
        await one.patch(
            collector("callers", poster, caller="somebody"),
            collector("edited", poster, pre_queue_workflow_id="nothing"),
        )
        await one.delete_key(doomed)
        await one.delete_key(callers_key)
        await asyncio.sleep(PROMISED_S)

        await asyncio.gather(*(door.burst("a crowd", 100) for door in doors))
        for door in doors:
            assert await door.predict("with a key that is no more", callers_key) != SUCCESS
        await predicted(doors, "after")
        await posted(place, {"resumed"}, 204)
        found = await texts(other)
        assert found["resumed"] == {*named("after"), "a crowd"}
        assert found["paused"] == found["callers"] == found["edited"] == found["blocked"] == named("before")
        figures = await offered(place, "capped", 208)
        assert figures["taken"] <= LIMIT
        figures = await offered(place, "blocked", 208)
        assert figures["waiting"] == 204  # taken, and no worker can post it


async def predicted(doors: tuple[Door, Door], when: str, key: str = "") -> None:
    """Two predictions at each process."""
    for n, door in enumerate(doors * 2):
        assert await door.predict(f"{when} {n}", key) == SUCCESS


def named(when: str) -> set[str]:
    return {f"{when} {n}" for n in range(4)}


async def posted(place: Place, ids: set[str], n: int) -> None:
    """Wait until so much was posted for each of the collectors."""
    async with opened(place.settings) as app, asyncio.timeout(PATIENCE_S):
        while True:
            funnels = [await app.funnel("alice", "kept", id) for id in ids]
            if all(funnel.figures["posted"] == n for funnel in funnels):
                return
            await asyncio.sleep(0.05)


async def offered(place: Place, id: str, n: int) -> Mapping[str, int]:
    """A collector's figures, once so much is counted: of what was skipped that takes a moment."""
    async with opened(place.settings) as app, asyncio.timeout(PATIENCE_S):
        while True:
            figures = (await app.funnel("alice", "kept", id)).figures
            if figures["offered"] == n:
                return figures
            await asyncio.sleep(0.05)


async def texts(door: Door) -> Mapping[str, set[str]]:
    """What was posted for each collector."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in (await door.ok("ListInputs", ListInputsRequest(user_app_id=KEPT, per_page=1000))).inputs:
        found[one.data.metadata["collector_id"]].add(one.data.metadata["said"])
    return found
