"""What the tests of base workflows need: a model that embeds what a text says, and an app that uses it."""

from collections.abc import Sequence

import scripted  # noqa: F401 - registers its runtime
from clarifai_grpc.grpc.api.resources_pb2 import (
    App,
    Concept,
    Data,
    Embedding,
    ImportInfo,
    Model,
    ModelVersion,
    NodeInput,
    UserAppIDSet,
    Visibility,
    Workflow,
    WorkflowNode,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    GetInputCountRequest,
    PatchAppsRequest,
    PostModelsRequest,
    PostModelVersionsRequest,
    PostWorkflowsRequest,
)
from pond import struct
from sqlalchemy import select
from world import World
from zoo import ZOO, zoo

from bowerbird.errors import ApiError, InputInvalid, ModelLoading
from bowerbird.jobs import drain
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec, Results
from bowerbird.store.tables import inputs

DOWN: set[str] = set()  # models that are not ready just now


class Arrows:
    """The text "3,4 cat=0.9" has the embedding (3, 4) and the concept cat; "fail" is refused."""

    max_batch = 64
    parallel = 1

    def __init__(self, model_id: str, turn: bool) -> None:
        self._model_id = model_id
        self._turn = turn

    def predict(self, inputs: Sequence[Data]) -> Results:
        return [self._answer(data.text.raw) for data in inputs]

    def _answer(self, text: str) -> Data | ApiError:
        if self._model_id in DOWN:
            return ModelLoading("it is down")
        if "fail" in text:
            return InputInvalid("it was told to fail")
        numbers, *concepts = text.split()
        vector = [float(n) for n in numbers.split(",")]
        pairs = [word.split("=") for word in concepts]
        return Data(
            embeddings=[Embedding(vector=vector[::-1] if self._turn else vector)],
            concepts=[Concept(id=name, name=name, value=float(value)) for name, value in pairs],
        )

    def close(self) -> None:
        pass


@runtime("arrows")
def load(spec: ModelSpec, environment: Environment) -> Arrows:
    return Arrows(spec.model_id, bool(spec.config.get("turn")))


async def add_embedder(
    world: World,
    id: str = "arrow",
    place: UserAppIDSet | None = None,
    who: str = "alice",
    visibility: int = 10,
    **params: object,
) -> None:
    place = place or zoo()
    model = Model(id=id, model_type_id="text-embedder", visibility=Visibility(gettable=visibility))
    await world.ok(who, "PostModels", PostModelsRequest(user_app_id=place, models=[model]))
    version = ModelVersion(import_info=ImportInfo(params=struct(runtime="arrows", **params)))
    request = PostModelVersionsRequest(user_app_id=place, model_id=id, model_versions=[version])
    await world.ok(who, "PostModelVersions", request)


async def add_workflow(world: World, id: str, *models: str) -> None:
    """In alice's app: each model reads from the one before it."""
    nodes = [
        WorkflowNode(
            id=f"n{n}",
            model=Model(id=model, user_id="alice", app_id="zoo"),
            node_inputs=[NodeInput(node_id=f"n{n - 1}")] if n else [],
        )
        for n, model in enumerate(models)
    ]
    request = PostWorkflowsRequest(workflows=[Workflow(id=id, nodes=nodes)])
    await world.ok("alice", "PostWorkflows", request, **ZOO)


async def use(world: World, id: str, *, reindex: bool = False, **fields: object) -> None:
    """Let the workflow be the base of alice's app."""
    app = App(id="zoo", default_workflow_id=id, **fields)
    request = PatchAppsRequest(apps=[app], action="overwrite", reindex=reindex)
    await world.ok("alice", "PatchApps", request, user_id="alice")


async def with_base(world: World) -> None:
    """Alice's app gets a base workflow of an embedder."""
    await add_embedder(world)
    await add_workflow(world, "base", "arrow")
    await use(world, "base")


async def work(world: World) -> int:
    return await drain(world.app.services)


async def counts(world: World) -> dict[str, int]:
    """The counts of inputs that are not 0."""
    found = (await world.ok("alice", "GetInputCount", GetInputCountRequest(), **ZOO)).counts
    return {field.name: n for field, n in found.ListFields()}


async def nearest(world: World, *embedding: float, k: int = 10) -> list[tuple[str, float]]:
    """Ids of the nearest inputs of alice's app, with their similarity."""
    services, app = world.app.services, await world.app.dispatcher.authority.directory.app("alice", "zoo")
    assert app
    found = await services.nearest.nearest(app.seq, embedding, k)
    names = await names_of(world, [n.input for n in found])
    return [(names[n.input], round(n.similarity, 2)) for n in found]


async def names_of(world: World, seqs: Sequence[int]) -> dict[int, str]:
    async with world.app.services.db.read() as conn:
        rows = await conn.execute(select(inputs.c.seq, inputs.c.id).where(inputs.c.seq.in_(seqs)))
        return {row.seq: row.id for row in rows}
