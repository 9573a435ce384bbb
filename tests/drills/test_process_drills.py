"""Workers in processes of their own: one input kills whoever works on it, another worker falls asleep."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import mortal  # noqa: F401 - registers its runtime
import pytest
from clarifai_grpc.grpc.api.resources_pb2 import (
    Concept,
    Data,
    ImportInfo,
    Input,
    Model,
    ModelVersion,
    Text,
    Workflow,
    WorkflowNode,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    GetCollectorRequest,
    ListInputsRequest,
    PatchCollectorsRequest,
    PostModelOutputsRequest,
    PostModelsRequest,
    PostModelVersionsRequest,
    PostWorkflowsRequest,
)
from google.protobuf.struct_pb2 import Struct
from lives import Child, Part, opened_nursery, stopped
from place import KEPT, Place, build
from traffic import WATCHED, ZOO
from world import World

from bowerbird.app import collecting, opened
from bowerbird.collect.settle import POISON
from bowerbird.errors import Code
from bowerbird.queue import Pick

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
PATIENCE_S = 60.0


async def test_an_input_that_kills_its_workers_is_given_up_and_nothing_else_is(
    tmp_path: Path, sqlite_template: Path
) -> None:
    async with prepared(tmp_path, sqlite_template, lease_s=0.5) as (place, world):
        await let_workers_die(world)
        await predict(world, "one", "two", "die", "four", "five")
        async with opened_nursery() as nursery:
            worker = Part("worker", 1, nursery, place.env, place.folder)
            for _ in range(3):
                async with worker.alive() as child:
                    assert await asyncio.wait_for(child.wait(), PATIENCE_S) == -signal.SIGKILL
            async with worker.alive():
                await until_nothing_waits(world)
        [letter] = await world.app.services.queue.dead(Pick())
        assert [(f.stage, f.text) for f in letter.history] == [("worker", POISON)]
        assert await texts_of(world, "every") == Counter(["one", "two", "four", "five"])


async def test_a_worker_that_slept_while_another_did_its_work_changes_nothing(
    tmp_path: Path, sqlite_template: Path
) -> None:
    async with (
        prepared(tmp_path, sqlite_template, lease_s=0.5) as (place, world),
        opened_nursery() as nursery,
    ):
        await predict(world, "one", "two", "three")
        sleeper, other = (Part("worker", n, nursery, place.env, place.folder) for n in (1, 2))
        async with sleeper.alive("judged:1:stop") as asleep:
            await until_stopped(asleep)
            async with other.alive() as awake:
                await until_nothing_waits(world)
                assert await stopped(awake) == 0
            asleep.send(signal.SIGCONT)
            await sleeper.ready()
            assert await stopped(asleep) == 0
        assert await texts_of(world, "every") == Counter(["one", "two", "three"])
        funnel = await world.app.funnel("alice", "kept", "every")
        assert funnel.balances
        assert (funnel.figures["posted"], funnel.figures["dead"]) == (3, 0)


@asynccontextmanager
async def prepared(folder: Path, template: Path, **chosen: Any) -> AsyncIterator[tuple[Place, World]]:
    place = await build(folder, template, models_in_process=True, **chosen)
    async with opened(place.settings) as app:
        yield place, place.inside(app)


async def let_workers_die(world: World) -> None:
    """The collector "every" asks the model "mortal" from now on."""
    await world.ok(
        "alice",
        "PostModels",
        PostModelsRequest(user_app_id=KEPT, models=[Model(id="mortal", model_type_id="text-classifier")]),
    )
    params = Struct()
    params.update({"runtime": "mortal"})
    version = ModelVersion(import_info=ImportInfo(params=params))
    request = PostModelVersionsRequest(user_app_id=KEPT, model_id="mortal", model_versions=[version])
    await world.ok("alice", "PostModelVersions", request)
    node = WorkflowNode(id="n", model=Model(id="mortal", user_id="alice", app_id="kept"))
    await world.ok(
        "alice",
        "PostWorkflows",
        PostWorkflowsRequest(user_app_id=KEPT, workflows=[Workflow(id="deadly", nodes=[node])]),
    )
    wanted = GetCollectorRequest(user_app_id=KEPT, collector_id="every")
    got = await world.ok("alice", "GetCollector", wanted)
    changed = got.collector
    changed.post_queue_workflow_id = "deadly"
    changed.ClearField("status")
    patch = PatchCollectorsRequest(user_app_id=KEPT, collectors=[changed], action="overwrite")
    await world.ok("alice", "PatchCollectors", patch)


async def predict(world: World, *texts: str) -> None:
    inputs = [Input(data=Data(text=Text(raw=t), concepts=[Concept(id="cat", value=0.9)])) for t in texts]
    for given, text in zip(inputs, texts, strict=True):
        given.data.metadata.update({"sent": text})
    request = PostModelOutputsRequest(user_app_id=ZOO, model_id=WATCHED, inputs=inputs)
    async with collecting(world.app):
        answer = await world.ok("alice", "PostModelOutputs", request)
    assert {output.status.code for output in answer.outputs} == {Code.SUCCESS}


async def until_nothing_waits(world: World) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await world.app.services.queue.waiting()).count:  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.05)


async def until_stopped(child: Child) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not child.is_stopped:  # noqa: ASYNC110 - only the kernel could tell
            await asyncio.sleep(0.05)


async def texts_of(world: World, collector: str) -> Counter[str]:
    """What the collector posted, and how often."""
    answer = await world.ok("alice", "ListInputs", ListInputsRequest(user_app_id=KEPT, per_page=100))
    kept = [i.data.metadata for i in answer.inputs if i.data.metadata["collector_id"] == collector]
    return Counter(metadata["sent"] for metadata in kept)
