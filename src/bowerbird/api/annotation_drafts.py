"""From an annotation as it is posted to one that can be stored: checked, and whose it is."""

import uuid

from clarifai_grpc.grpc.api.resources_pb2 import Annotation, Data, Model, ModelVersion, User, Worker
from clarifai_grpc.grpc.api.status.status_pb2 import Status

from bowerbird.api.fields import metadata
from bowerbird.api.ids import check_id, shown
from bowerbird.api.input_drafts import check_input_id
from bowerbird.api.labels import check_concepts
from bowerbird.api.rpc import Call
from bowerbird.errors import AnnotationInvalid, Code
from bowerbird.store.kinds import stamp

LONGEST = 1024 * 1024  # bytes
STATUSES: dict[int, str] = {
    Code.ANNOTATION_SUCCESS: "Ok",
    Code.ANNOTATION_PENDING: "The annotation waits for work.",
    Code.ANNOTATION_AWAITING_REVIEW: "The annotation awaits its review.",
    Code.ANNOTATION_AWAITING_CONSENSUS_REVIEW: "The annotation awaits a consensus.",
    Code.ANNOTATION_REVIEW_DENIED: "The annotation was denied.",
}
_PARTS = ("regions", "frames", "time_segments")


async def draft(call: Call, field: str, given: Annotation) -> Annotation:
    """Raises AnnotationInvalid and its kin, naming the field."""
    check_input_id(f"{field}.id", given.id)
    if not given.input_id:
        raise AnnotationInvalid(f"{field}.input_id: expected the id of an input")
    if not given.data.ByteSize():
        raise AnnotationInvalid(f"{field}.data: it is empty")
    check_data(f"{field}.data", given.data)
    now = stamp(call.services.clock())
    made = Annotation(
        id=given.id or uuid.uuid4().hex,
        input_id=given.input_id,
        data=given.data,
        status=status_of(f"{field}.status", given.status.code or Code.ANNOTATION_SUCCESS),
        task_id=check_id(f"{field}.task_id", given.task_id) if given.task_id else "",
        created_at=now,
        modified_at=now,
    )
    if given.HasField("annotation_info"):
        made.annotation_info.CopyFrom(metadata(f"{field}.annotation_info", given.annotation_info))
    await _sign(call, field, given, made)
    return made


def check_data(field: str, data: Data) -> None:
    """Raises AnnotationInvalid and its kin for what no annotation can carry."""
    if data.ByteSize() > LONGEST:
        raise AnnotationInvalid(f"{field}: {data.ByteSize()} bytes; expected at most {LONGEST}")
    count = sum(len(getattr(data, part)) for part in _PARTS)
    if count > 1:
        raise AnnotationInvalid(f"{field}: {count} regions, frames or time segments; one fits")
    check_concepts(field, data, AnnotationInvalid)
    metadata(f"{field}.metadata", data.metadata)


def status_of(field: str, code: int) -> Status:
    if code not in STATUSES:
        expected = ", ".join(map(str, STATUSES))
        raise AnnotationInvalid(f"{field}.code: {code}; expected one of {expected}")
    return Status(code=code, description=STATUSES[code])


def is_trusted(annotation: Annotation) -> bool:
    """Whether a person says so, and it is not waiting to be reviewed."""
    return not annotation.model_version_id and annotation.status.code == Code.ANNOTATION_SUCCESS


async def _sign(call: Call, field: str, given: Annotation, made: Annotation) -> None:
    """Write down, in `made`, who or what made it."""
    if given.worker.HasField("workflow"):
        raise AnnotationInvalid(f"{field}.worker.workflow: expected a user or a model")
    version_id = _one(
        f"{field}.worker.model.model_version.id", given.worker.model.model_version.id, given.model_version_id
    )
    user_id = _one(f"{field}.worker.user.id", given.worker.user.id, given.user_id)
    if version_id:
        if user_id:
            raise AnnotationInvalid(f"{field}.worker: expected a user or a model version, not both")
        made.model_version_id = check_id(f"{field}.model_version_id", version_id)
        made.worker.CopyFrom(_model_worker(field, given.worker.model, version_id))
    else:
        made.user_id = await _annotator(call, f"{field}.user_id", user_id)
        made.worker.CopyFrom(Worker(user=User(id=made.user_id)))
    made.trusted = is_trusted(made)


def _one(field: str, new: str, old: str) -> str:
    if new and old and new != old:
        raise AnnotationInvalid(f"{field}: {shown(new)}, but elsewhere {shown(old)}")
    return new or old


def _model_worker(field: str, given: Model, version_id: str) -> Worker:
    for name in ("id", "user_id", "app_id"):
        if id := getattr(given, name):
            check_id(f"{field}.worker.model.{name}", id)
    version = ModelVersion(id=version_id)
    model = Model(id=given.id, user_id=given.user_id, app_id=given.app_id, model_version=version)
    return Worker(model=model)


async def _annotator(call: Call, field: str, user_id: str) -> str:
    """Whose annotation it is: the caller's, or for the owner of the app that of anyone who works in it."""
    me, app = call.actor.user_id, call.app
    if user_id in ("", "me", me):
        return me
    if not call.actor.owns(app.user_id):
        raise AnnotationInvalid(f"{field}: {shown(user_id)}; only the app's owner writes for others")
    check_id(field, user_id)
    if user_id != app.user_id and await call.authority.directory.grant(app, user_id) is None:
        raise AnnotationInvalid(f"{field}: {shown(user_id)} does not work in the app")
    return user_id
