"""Brings a workflow that is written in a file into an app, with the models that it describes."""

from collections.abc import Sequence
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import Model, ModelVersion, Workflow
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteModelsRequest,
    DeleteModelVersionRequest,
    GetModelRequest,
    GetWorkflowRequest,
    PatchWorkflowsRequest,
    PostModelsRequest,
    PostModelVersionsRequest,
    PostWorkflowsRequest,
)
from google.protobuf.message import Message

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.cli.session import Session, reason_of
from bowerbird.errors import ApiError, Code, Invalid
from bowerbird.workflows.marked import Marked
from bowerbird.workflows.operators import find
from bowerbird.workflows.written import fields_of, parse, written_info

OK = (Code.SUCCESS,)
ABSENT = (Code.MODEL_DOES_NOT_EXIST, Code.WORKFLOW_DOES_NOT_EXIST)


class Import:
    """A file on its way in: what was made for it is taken back when it cannot be had whole."""

    def __init__(self, session: Session, app_id: str) -> None:
        self._session = session
        self._place = session.place(app_id)
        self._models: list[str] = []
        self._versions: list[tuple[str, str]] = []  # of models that were there before

    async def run(self, text: str) -> tuple[Workflow, str, list[str]]:
        """The workflow, what became of it, and the models that were made. Raises ApiError."""
        written = parse(text)
        try:
            for node, marked in zip(written.workflow.nodes, written.models, strict=True):
                await self._ready(node.model, marked)
            made, what = await self._save(written.workflow)
        except ApiError:
            await self._take_back()
            raise
        return made, what, self._models

    async def _ready(self, wanted: Model, marked: Marked) -> None:
        """See that the model is there as it is described; what is left is its name."""
        described = Model()
        described.CopyFrom(wanted)
        for name in ("model_type_id", "description", "output_info"):
            wanted.ClearField(name)
        found = await self._find(described)
        if found is None:
            await self._make(described, marked)
        elif described.model_type_id and _type(described) != found.model_type_id:
            raise marked.wrong(f"model {found.id!r} exists, as a {found.model_type_id}")
        elif not _is_within(written_info(described.output_info), written_info(found.output_info)):
            await self._add_version(described, found, marked)

    async def _find(self, described: Model) -> Model | None:
        place = self._session.place(described.app_id or self._place.app_id)
        place.user_id = described.user_id or place.user_id
        request = GetModelRequest(
            user_app_id=place, model_id=described.id, version_id=described.model_version.id
        )
        answer = await self._ask("GetModel", request, (*OK, *ABSENT))
        return answer.model if answer.status.code == Code.SUCCESS else None

    async def _make(self, described: Model, marked: Marked) -> None:
        named = (described.user_id or self._place.user_id, described.app_id or self._place.app_id)
        if not described.model_type_id or named != (self._place.user_id, self._place.app_id):
            version = f", version {described.model_version.id!r}" if described.model_version.id else ""
            raise marked.wrong(
                f"there is no model {described.id!r}{version} that you may use; "
                "to have it made in this app, describe it: model_type_id, output_info"
            )
        if described.id in self._models:
            return
        request = PostModelsRequest(user_app_id=self._place, models=[described])
        await self._ask_of("PostModels", request, marked)
        self._models.append(described.id)

    async def _add_version(self, described: Model, found: Model, marked: Marked) -> None:
        if (found.user_id, found.app_id) != (self._place.user_id, self._place.app_id):
            raise marked.wrong(f"output_info: model {found.id!r} is not of this app, and cannot be changed")
        version = ModelVersion(output_info=described.output_info)
        request = PostModelVersionsRequest(
            user_app_id=self._place, model_id=found.id, model_versions=[version]
        )
        answer = await self._ask_of("PostModelVersions", request, marked)
        self._versions.append((found.id, answer.model.model_version.id))

    async def _save(self, wanted: Workflow) -> tuple[Workflow, str]:
        request = GetWorkflowRequest(user_app_id=self._place, workflow_id=wanted.id)
        answer = await self._ask("GetWorkflow", request, (*OK, *ABSENT))
        old: Workflow = answer.workflow
        if (old.user_id, old.app_id) != (self._place.user_id, self._place.app_id):
            make = PostWorkflowsRequest(user_app_id=self._place, workflows=[wanted])
            return (await self._ask("PostWorkflows", make)).workflows[0], "made"
        change = PatchWorkflowsRequest(user_app_id=self._place, workflows=[wanted], action="overwrite")
        if _says(old, wanted):
            return old, "as it was"
        return (await self._ask("PatchWorkflows", change)).workflows[0], "changed"

    async def _ask_of(self, rpc: str, request: Message, marked: Marked) -> Any:  # the RPC's own answer
        try:
            return await self._ask(rpc, request)
        except Invalid as error:
            raise marked.wrong(error.details) from error

    async def _ask(self, rpc: str, request: Message, fine: Sequence[int] = OK) -> Any:  # the RPC's own answer
        credentials = Credentials(actor=self._session.actor)
        answer: Any = await self._session.app.dispatcher.call(METHODS[rpc], request, credentials)
        if answer.status.code not in fine:
            raise Invalid(reason_of(answer))
        return answer

    async def _take_back(self) -> None:
        for model_id, version_id in self._versions:
            gone = DeleteModelVersionRequest(
                user_app_id=self._place, model_id=model_id, version_id=version_id
            )
            await self._ask("DeleteModelVersion", gone)
        if self._models:
            await self._ask("DeleteModels", DeleteModelsRequest(user_app_id=self._place, ids=self._models))


def _type(model: Model) -> str:
    found = find(model.model_type_id)
    return found.id if found else model.model_type_id


def _is_within(part: Any, whole: Any) -> bool:  # of values as YAML has them
    """Whether all that the part says, the whole says too."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _is_within(value, whole[key]) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(_is_within, part, whole))
    return bool(part == whole)


def _says(old: Workflow, wanted: Workflow) -> bool:
    """Whether what a file says is so already."""
    bare = Workflow()
    bare.CopyFrom(old)
    for node in bare.nodes:
        node.model.ClearField("model_type_id")
    then = Workflow()
    then.CopyFrom(bare)
    for field, _ in wanted.ListFields():
        then.ClearField(field.name)
    then.MergeFrom(wanted)
    return fields_of(then) == fields_of(bare)  # protobuf gives maps in any order
