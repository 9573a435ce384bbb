"""Where the drills happen: a model that is an operator, and an app with collectors that watch it."""

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import (
    APIPostModelOutputsCollectorSource,
    Collector,
    CollectorSource,
    Concept,
    Data,
    Model,
    ModelVersion,
    OutputInfo,
    UserAppIDSet,
    Workflow,
    WorkflowNode,
)
from clarifai_grpc.grpc.api.service_pb2 import PostCollectorsRequest, PostModelsRequest, PostWorkflowsRequest
from google.protobuf.struct_pb2 import Struct
from traffic import WATCHED, ZOO
from wires import free_port
from world import Clock, World

from bowerbird.app import App, collecting, opened
from bowerbird.settings import Settings

KEPT = UserAppIDSet(user_id="alice", app_id="kept")
PATIENCE = {
    "capture_wait_s": 60,  # else a busy machine answers some predictions without their captures,
    "plan_budget_ms": 10_000,  # and decides not to take others
}
COLLECTORS: Mapping[str, Mapping[str, object]] = {
    "every": {"pre_queue_random_sample": 1.0, "collect_outputs": True},
    "half": {"pre_queue_random_sample": 0.5},
    "wanted": {"pre_queue_random_sample": 1.0, "post_queue_workflow_id": "look"},
}


@dataclass(frozen=True, slots=True)
class Place:
    """A world that processes can be started in."""

    folder: Path
    settings: Settings
    token: str  # of alice, who owns it all
    grpc: str
    env: Mapping[str, str]

    def inside(self, app: App) -> World:
        """The same place, seen through an application of this process."""
        return World(app, Clock(), None, {"alice": self.token})


async def build(folder: Path, template: Path, **chosen: Any) -> Place:
    """The place in a folder, with these settings; no process runs yet."""
    grpc, http = (f"127.0.0.1:{free_port()}" for _ in range(2))
    chosen = {"data": folder / "data", "grpc": grpc, "http": http, "lease_s": 1.0, **PATIENCE, **chosen}
    if not chosen.get("database_url"):
        shutil.copytree(template, folder / "data")
    settings = Settings(**chosen, _env_file=None)
    return Place(folder, settings, await _fill(settings), grpc, _environment(folder, chosen))


def _environment(folder: Path, chosen: Mapping[str, Any]) -> dict[str, str]:
    """The environment of processes with these settings.

    They may keep the bytecode of what they import, even where tests must not: it saves their seconds.
    """
    env = {k: v for k, v in os.environ.items() if not k.startswith("BOWERBIRD_")}
    if env.pop("PYTHONDONTWRITEBYTECODE", ""):
        env["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    return env | {f"BOWERBIRD_{name.upper()}": str(value) for name, value in chosen.items()}


async def _fill(settings: Settings) -> str:
    async with opened(settings) as app, collecting(app) as collector:
        world = World(app, Clock(time.time()), collector)
        await world.add_user("alice")
        for id in (ZOO.app_id, KEPT.app_id):
            await world.add_app("alice", id)
        strong = OutputInfo(data=Data(concepts=[Concept(id="cat", value=0.5)]))
        await _add_operator(world, ZOO, WATCHED, "concept-thresholder", strong)
        await _add_workflow(world)
        key = await world.add_key("alice", "kept")
        made = [_collector(id, key, fields) for id, fields in COLLECTORS.items()]
        await world.ok("alice", "PostCollectors", PostCollectorsRequest(user_app_id=KEPT, collectors=made))
        return world.tokens["alice"]


async def _add_operator(world: World, place: UserAppIDSet, id: str, type: str, info: OutputInfo) -> None:
    model = Model(id=id, model_type_id=type, model_version=ModelVersion(output_info=info))
    await world.ok("alice", "PostModels", PostModelsRequest(user_app_id=place, models=[model]))


async def _add_workflow(world: World) -> None:
    """The workflow "look": passes inputs whose metadata say that they are wanted."""
    params = Struct()
    params.update({"predicate": {"field": "wanted", "value": True}})
    await _add_operator(world, KEPT, "is-wanted", "metadata-filter", OutputInfo(params=params))
    node = WorkflowNode(id="n", model=Model(id="is-wanted", user_id="alice", app_id="kept"))
    request = PostWorkflowsRequest(user_app_id=KEPT, workflows=[Workflow(id="look", nodes=[node])])
    await world.ok("alice", "PostWorkflows", request)


def _collector(id: str, key: str, fields: Mapping[str, Any]) -> Collector:
    source = APIPostModelOutputsCollectorSource(
        model_user_id="alice", model_app_id="zoo", model_id=WATCHED, post_inputs_key_id=key
    )
    wrapped = CollectorSource(api_post_model_outputs_collector_source=source)
    return Collector(id=id, collector_source=wrapped, **fields)
