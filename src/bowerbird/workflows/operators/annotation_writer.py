"""The operator annotation-writer."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Literal, get_args

from clarifai_grpc.grpc.api.resources_pb2 import Annotation, Data, User, Worker
from clarifai_grpc.grpc.api.status import status_code_pb2
from clarifai_grpc.grpc.api.status.status_pb2 import Status

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import PARAMS, Choice, Collaborator, Field, Json, invalid
from bowerbird.workflows.operators import Step, operator
from bowerbird.workflows.parts import parts_of
from bowerbird.workflows.plain import to_value
from bowerbird.workflows.view import View

# What an input is or is found by, and nobody says of it.
NotSaid = Literal["image", "video", "audio", "embeddings"]
NOT_SAID: tuple[NotSaid, ...] = get_args(NotSaid)


class AnnotationStatus(IntEnum):
    """What an annotation may be written as."""

    ANNOTATION_SUCCESS = status_code_pb2.ANNOTATION_SUCCESS
    ANNOTATION_PENDING = status_code_pb2.ANNOTATION_PENDING
    ANNOTATION_AWAITING_REVIEW = status_code_pb2.ANNOTATION_AWAITING_REVIEW
    ANNOTATION_AWAITING_CONSENSUS_REVIEW = status_code_pb2.ANNOTATION_AWAITING_CONSENSUS_REVIEW


@operator("annotation-writer", title="Annotation Writer", kind="filter", light=False, base_only=True)
def annotation_writer(
    *,
    annotation_status: Annotated[
        AnnotationStatus, Choice("The status of what is written.", AnnotationStatus)
    ] = AnnotationStatus.ANNOTATION_PENDING,
    annotation_user_id: Annotated[
        str, Collaborator("Whose annotations they are: the app's owner, if empty, or a collaborator.")
    ] = "",
    task_id: Annotated[str, Field("The task that they belong to.")] = "",
    annotation_info: Annotated[
        Mapping[str, object] | None, Json("What else they say about themselves; its task_id goes before.")
    ] = None,
) -> Step:
    """Write what comes to this node as annotations of the input, as if a person had: one for the whole, one
    for each region and each frame. It works in the base workflow of an app, on inputs that are posted; run
    in any other way it writes nothing and passes on what it was given."""
    info = dict(annotation_info or {})
    task = info.get("task_id", task_id)
    if not isinstance(task, str):
        raise invalid(f"{PARAMS}annotation_info", "expected a text as task_id")
    return Writer(annotation_status, annotation_user_id, task, info)


@dataclass(frozen=True, slots=True)
class Writer:
    """The step, and what whoever runs a base workflow asks it for."""

    status: AnnotationStatus
    user_id: str  # empty: the app's owner
    task_id: str
    info: Mapping[str, object]

    def __call__(self, view: View, draw: Draw) -> View | None:
        return view

    def annotations(self, input_id: str, node_id: str, owner: str, data: Data) -> Iterator[Annotation]:
        """What is to be written of an input when `data` comes to the node. The ids derive from those of the
        input and the node, so that writing them again adds none. Times are the store's to add."""
        user_id = self.user_id or owner
        said = Data()
        said.CopyFrom(data)
        for name in NOT_SAID:
            said.ClearField(name)
        for n, part in enumerate(parts_of(said)):
            annotation = Annotation(
                id=_id(input_id, node_id, n),
                input_id=input_id,
                data=part,
                status=Status(code=self.status),
                user_id=user_id,
                task_id=self.task_id,
                worker=Worker(user=User(id=user_id)),
            )
            for key, value in self.info.items():
                annotation.annotation_info.fields[key].CopyFrom(to_value(value))
            yield annotation


def _id(input_id: str, node_id: str, n: int) -> str:
    return hashlib.blake2b(f"{input_id}\n{node_id}\n{n}".encode(), digest_size=16).hexdigest()
