"""An application to measure: Alice's model, the app where she keeps things, and her collectors."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path
from random import random
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import (
    APIPostModelOutputsCollectorSource,
    App,
    Collector,
    CollectorSource,
    Data,
    ImportInfo,
    Key,
    Model,
    ModelVersion,
    UserAppIDSet,
    Workflow,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    PostAppsRequest,
    PostCollectorsRequest,
    PostKeysRequest,
    PostModelsRequest,
    PostModelVersionsRequest,
    PostWorkflowsRequest,
)
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from bench.messages import APP, CONCEPTS, MODEL, SOURCE, USER, output
from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.app import App as Application
from bowerbird.app import Collecting, collecting, opened
from bowerbird.errors import Code
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec, Results
from bowerbird.settings import Settings

KEPT = UserAppIDSet(user_id=USER, app_id="kept")
AT_ONCE = 100  # collectors in a request
ANSWERS = 997


def _answer() -> Data:
    data = output()
    for concept in data.concepts:
        concept.value = 0.95 * random()
    return data


class NullRuntimes:
    """Has every answer ready, each with other values: what a call costs besides its model."""

    def __init__(self) -> None:
        self._answers = cycle([_answer() for _ in range(ANSWERS)])

    async def predict(self, spec: ModelSpec, inputs: Sequence[Data]) -> Results:
        return [next(self._answers) for _ in inputs]

    async def close(self) -> None:
        pass


class _Prepared:
    """The same for one version, so that a model can be made of it."""

    max_batch = 128
    parallel = 1

    def predict(self, inputs: Sequence[Data]) -> Results:
        return [output() for _ in inputs]

    def close(self) -> None:
        pass


@runtime("bench")
def _load(spec: ModelSpec, environment: Environment) -> _Prepared:
    return _Prepared()


class Place:
    """An open application with Alice in it. `token` is hers; her apps are "zoo" and "kept"."""

    def __init__(self, app: Application, collecting: Collecting, token: str, key: str) -> None:
        self.app = app
        self.collecting = collecting
        self.token = token
        self._key = key  # may post into "kept"
        self._workflows: set[str] = set()

    async def add_model(self, id: str) -> None:
        model = Model(id=id, name=id, model_type_id="text-classifier")
        await self.ask("PostModels", PostModelsRequest(user_app_id=SOURCE, models=[model]))
        version = ModelVersion(import_info=ImportInfo(params=_struct(runtime="bench")))
        request = PostModelVersionsRequest(user_app_id=SOURCE, model_id=id, model_versions=[version])
        await self.ask("PostModelVersions", request)

    async def add_thresholders(self, count: int, concepts: int = 1, model: str = MODEL) -> None:
        """Collectors of what has any of some concepts above 0.95, which `output` never has."""
        workflows = [await self._threshold(n % CONCEPTS, concepts) for n in range(count)]
        await self.collect(
            *(
                self.collector(f"{model}-{n}", model, pre_queue_workflow_id=workflow)
                for n, workflow in enumerate(workflows)
            )
        )

    async def _threshold(self, first: int, concepts: int) -> str:
        """The id of a workflow, made when it is asked for first."""
        id = f"high-{first}-{concepts}"
        if id in self._workflows:
            return id
        self._workflows.add(id)
        model = Model(id=id, model_type_id="concept-thresholder")
        for place in range(concepts):
            concept = f"concept-{(first + place) % CONCEPTS}"
            model.model_version.output_info.data.concepts.add(id=concept, value=0.95)
        await self.ask("PostModels", PostModelsRequest(user_app_id=KEPT, models=[model]))
        workflow = Workflow(id=id)
        workflow.nodes.add(id="threshold", model=Model(id=id, user_id=USER, app_id=KEPT.app_id))
        await self.ask("PostWorkflows", PostWorkflowsRequest(user_app_id=KEPT, workflows=[workflow]))
        return id

    def collector(self, id: str, model: str = MODEL, **fields: Any) -> Collector:  # fields of a Collector
        source = APIPostModelOutputsCollectorSource(
            model_user_id=USER, model_app_id=APP, model_id=model, post_inputs_key_id=self._key
        )
        kept = CollectorSource(api_post_model_outputs_collector_source=source)
        return Collector(id=id, collector_source=kept, **fields)

    async def collect(self, *collectors: Collector) -> None:
        """Make collectors; they watch when this returns."""
        for start in range(0, len(collectors), AT_ONCE):
            some = collectors[start : start + AT_ONCE]
            await self.ask("PostCollectors", PostCollectorsRequest(user_app_id=KEPT, collectors=some))
        await self.collecting.plans.refresh()

    async def ask(self, rpc: str, request: Message) -> Any:  # the RPC's own answer
        return await ask(self.app, self.token, rpc, request)


async def ask(app: Application, token: str, rpc: str, request: Message) -> Any:  # the RPC's own answer
    answer: Any = await app.dispatcher.call(METHODS[rpc], request, Credentials(key=token))
    if answer.status.code != Code.SUCCESS:
        raise RuntimeError(f"{rpc}: {answer.status}")
    return answer


@asynccontextmanager
async def place(data: Path, **settings: Any) -> AsyncIterator[Place]:  # settings as Settings takes them
    """An application in a new folder, with Alice's model that answers at once, and no collectors."""
    chosen = Settings(data=data, **settings)
    async with opened(chosen) as app, collecting(app) as collector:
        app.services.runtimes = NullRuntimes()
        token = await app.create_user(USER, "alice@example.com")
        for id in (APP, KEPT.app_id):
            user = UserAppIDSet(user_id=USER)
            await ask(app, token, "PostApps", PostAppsRequest(user_app_id=user, apps=[App(id=id)]))
        kept = App(id=KEPT.app_id, user_id=USER)
        wanted = Key(type="app_specific_key", description="bench", scopes=["All"], apps=[kept])
        answer = await ask(
            app, token, "PostKeys", PostKeysRequest(user_app_id=UserAppIDSet(user_id=USER), keys=[wanted])
        )
        made = Place(app, collector, token, answer.keys[0].id)
        await made.add_model(MODEL)
        yield made


def _struct(**values: Any) -> Struct:  # plain values
    made = Struct()
    made.update(values)
    return made
