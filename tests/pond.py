"""A world with something to collect from: a model that says what it is told, and an app to keep things in."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import scripted  # noqa: F401 - registers its runtime
from clarifai_grpc.grpc.api.resources_pb2 import (
    APIPostModelOutputsCollectorSource,
    Collector,
    CollectorSource,
    Data,
    ImportInfo,
    Input,
    Model,
    ModelVersion,
    NodeInput,
    OutputInfo,
    Text,
    UserAppIDSet,
    Workflow,
    WorkflowNode,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    ListInputsRequest,
    PostCollectorsRequest,
    PostModelOutputsRequest,
    PostModelsRequest,
    PostModelVersionsRequest,
    PostWorkflowsRequest,
)
from google.protobuf.struct_pb2 import Struct
from world import Tokens, World, world

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.app import Funnel

SOURCE = UserAppIDSet(user_id="alice", app_id="zoo")
KEPT = UserAppIDSet(user_id="alice", app_id="kept")
POND = "pond"  # whose token is the key that posts into the app


class Pond:
    """Alice's model "said" in her app "zoo", and her app "kept" with a key to post into it."""

    def __init__(self, world: World, key: str) -> None:
        self.world = world
        self.key = key

    @classmethod
    async def of(cls, world: World) -> "Pond":
        await world.add_app("alice", "kept")
        pond = cls(world, await world.add_key("alice", "kept"))
        await pond.add_model("said", SOURCE)
        return pond

    async def add_model(self, id: str, place: UserAppIDSet, runtime: str = "scripted") -> None:
        model = Model(id=id, model_type_id="text-classifier")
        await self.world.ok("alice", "PostModels", PostModelsRequest(user_app_id=place, models=[model]))
        await self.add_version(id, place, runtime=runtime)

    async def add_version(self, id: str, place: UserAppIDSet, **params: Any) -> str:
        """A new version of a model, which answers as `scripted` says; its id."""
        params = {"runtime": "scripted", **params}
        version = ModelVersion(import_info=ImportInfo(params=struct(**params)))
        request = PostModelVersionsRequest(user_app_id=place, model_id=id, model_versions=[version])
        answer = await self.world.ok("alice", "PostModelVersions", request)
        return str(answer.model.model_version.id)

    async def add_operator(self, id: str, type: str, info: OutputInfo) -> None:
        model = Model(id=id, model_type_id=type, model_version=ModelVersion(output_info=info))
        await self.world.ok("alice", "PostModels", PostModelsRequest(user_app_id=KEPT, models=[model]))

    async def add_workflow(self, id: str, *nodes: tuple[str, str, tuple[str, ...]]) -> None:
        """Of nodes given as their id, their model, and the ids of the nodes that they read from."""
        made = [
            WorkflowNode(
                id=node,
                model=Model(id=model, user_id="alice", app_id="kept"),
                node_inputs=[NodeInput(node_id=n) for n in inputs],
            )
            for node, model, inputs in nodes
        ]
        request = PostWorkflowsRequest(user_app_id=KEPT, workflows=[Workflow(id=id, nodes=made)])
        await self.world.ok("alice", "PostWorkflows", request)

    async def add_doubt(self) -> None:
        """The workflow "doubt": passes predictions whose best concept is at most 0.6."""
        score = OutputInfo(params=struct(score="max_prob", lo=0.0, hi=0.6))
        await self.add_operator("doubtful", "prediction-score-filter", score)
        await self.add_workflow("doubt", ("n", "doubtful", ()))

    def collector(self, id: str = "c", **fields: Any) -> Collector:
        source = APIPostModelOutputsCollectorSource(
            model_user_id="alice", model_app_id="zoo", model_id="said", post_inputs_key_id=self.key
        )
        for name in list(fields):
            if name in source.DESCRIPTOR.fields_by_name:
                setattr(source, name, fields.pop(name))
        return Collector(
            id=id,
            collector_source=CollectorSource(api_post_model_outputs_collector_source=source),
            **fields,
        )

    async def collect(self, id: str = "c", who: str = "alice", **fields: Any) -> Collector:
        """Make a collector; its tap is ready when this returns."""
        request = PostCollectorsRequest(user_app_id=KEPT, collectors=[self.collector(id, **fields)])
        answer = await self.world.ok(who, "PostCollectors", request)
        await self.settle()
        return answer.collectors[0]

    async def settle(self) -> None:
        """Let the tap see what was changed."""
        await self.world.collecting.plans.refresh()

    async def predict(
        self, *texts: str, who: str = "alice", request_id: str = "", metadata: dict[str, Any] | None = None
    ) -> Any:
        """Ask the model about each text, in one call."""
        inputs = [Input(data=Data(text=Text(raw=t), metadata=struct(**(metadata or {})))) for t in texts]
        request = PostModelOutputsRequest(user_app_id=SOURCE, model_id="said", inputs=inputs)
        key = self.world.tokens.get(who, who)
        credentials = Credentials(key=key, request_id=request_id)
        return await self.world.app.dispatcher.call(METHODS["PostModelOutputs"], request, credentials)

    async def kept(self) -> list[Input]:
        """What lies in the app once the worker has done its work."""
        await self.world.drain()
        request = ListInputsRequest(user_app_id=KEPT, per_page=1000)
        return list((await self.world.ok("alice", "ListInputs", request)).inputs)

    async def kept_texts(self) -> Iterable[str]:
        return sorted([await self.text_of(i) for i in await self.kept()])

    async def text_of(self, found: Input) -> str:
        return str(found.data.metadata["text"]) if "text" in found.data.metadata else found.data.text.raw

    async def funnel(self, id: str = "c") -> Funnel:
        """The figures, which have to balance whenever they are looked at."""
        await self.world.collecting.flush()
        funnel = await self.world.app.funnel("alice", "kept", id)
        assert funnel.balances, funnel
        return funnel


def struct(**values: Any) -> Struct:
    made = Struct()
    made.update(values)
    return made


async def dig(data: Path, tokens: Tokens, **settings: object) -> Tokens:
    """Make a pond where the cast has moved in, and leave it as it is: the tokens, with its key."""
    async with world(data, tokens, **settings) as made:
        return made.tokens | {POND: (await Pond.of(made)).key}
