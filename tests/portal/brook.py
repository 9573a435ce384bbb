"""Traffic for tests of pages about collectors: a model that says what it is told, and an app for it."""

from collections.abc import Sequence
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import (
    Collaborator,
    ImportInfo,
    Input,
    Model,
    ModelVersion,
    User,
    UserAppIDSet,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    ListInputsRequest,
    PostCollaboratorsRequest,
    PostCollectorsRequest,
    PostModelOutputsRequest,
    PostModelsRequest,
    PostModelVersionsRequest,
)
from house import House
from pond import Pond, struct
from world import World

from bowerbird.api.rpc import METHODS, Credentials


class Brook:
    """Alice's model "said" in an app of its own, and an app that keeps things; both named by the test."""

    def __init__(self, house: House, name: str) -> None:
        self.house = house
        self.source = UserAppIDSet(user_id="alice", app_id=f"{name}-source")
        self.kept = UserAppIDSet(user_id="alice", app_id=name)
        self.key = house.do(self._make())

    @property
    def world(self) -> World:
        return self.house.world

    @property
    def address(self) -> str:
        return f"/u/alice/{self.kept.app_id}/collectors"

    async def _make(self) -> str:
        for place in (self.source, self.kept):
            await self.world.add_app("alice", place.app_id)
        model = Model(id="said", model_type_id="text-classifier")
        await self._ok("PostModels", PostModelsRequest(user_app_id=self.source, models=[model]))
        version = ModelVersion(import_info=ImportInfo(params=struct(runtime="scripted")))
        request = PostModelVersionsRequest(user_app_id=self.source, model_id="said", model_versions=[version])
        await self._ok("PostModelVersions", request)
        return await self.world.add_key("alice", self.kept.app_id)

    async def _ok(self, rpc: str, request: Any) -> Any:
        return await self.world.ok("alice", rpc, request)

    def collect(self, id: str, **fields: Any) -> None:
        """A collector of the model; the tap knows it when this returns."""
        made = Pond(self.world, self.key).collector(id, **fields)
        source = made.collector_source.api_post_model_outputs_collector_source
        source.model_app_id = self.source.app_id
        self.house.do(
            self._ok("PostCollectors", PostCollectorsRequest(user_app_id=self.kept, collectors=[made]))
        )
        self.settle()

    def settle(self) -> None:
        self.house.do(self.world.collecting.plans.refresh())

    def share(self, who: str, scopes: Sequence[str]) -> None:
        people = [Collaborator(user=User(id=who), scopes=scopes)]
        self.house.do(
            self._ok(
                "PostCollaborators", PostCollaboratorsRequest(user_app_id=self.kept, collaborators=people)
            )
        )

    def predict(self, *texts: str, request_id: str, metadata: dict[str, Any] | None = None) -> None:
        """Ask the model about each text in one call, and let it be recorded."""
        self.house.do(self._predict(texts, request_id, metadata or {}))

    async def _predict(self, texts: Sequence[str], request_id: str, metadata: dict[str, Any]) -> None:
        inputs = [Input() for _ in texts]
        for made, text in zip(inputs, texts, strict=True):
            made.data.text.raw = text
            made.data.metadata.update(metadata)
        request = PostModelOutputsRequest(user_app_id=self.source, model_id="said", inputs=inputs)
        credentials = Credentials(key=self.world.tokens["alice"], request_id=request_id)
        answer = await self.world.app.dispatcher.call(METHODS["PostModelOutputs"], request, credentials)
        assert len(answer.outputs) == len(texts), answer  # type: ignore[attr-defined]
        await self.world.collecting.flush()

    def drain(self) -> None:
        """Have the worker post what was taken."""
        self.house.do(self.world.drain())

    def posted(self) -> int:
        self.drain()
        request = ListInputsRequest(user_app_id=self.kept, per_page=1000)
        return len(self.house.do(self._ok("ListInputs", request)).inputs)
