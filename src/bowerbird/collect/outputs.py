"""A collector's predictions, posted as annotations of the inputs that it posted."""

from collections.abc import Iterator, Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Annotation, Data, Model, ModelVersion, UserAppIDSet, Worker
from clarifai_grpc.grpc.api.service_pb2 import PostAnnotationsRequest
from clarifai_grpc.grpc.api.status.status_pb2 import Status

from bowerbird.collect.roster import Known
from bowerbird.errors import ApiError, Code, error_of
from bowerbird.proto.capture_pb2 import Capture
from bowerbird.services import Client
from bowerbird.workflows.parts import parts_of

BATCH = 128
_DONE = (Code.ANNOTATION_SUCCESS, Code.SUCCESS, Code.DATABASE_DUPLICATE_KEY)


async def post_outputs(
    client: Client, collector: Known, outputs: Sequence[tuple[str, Capture]]
) -> dict[str, ApiError]:
    """Post the outputs, each with the id of its input; why some could not be, by that id.

    The annotations' ids derive from the input's, so that posting them again adds none. Raises the ApiError
    of a call that was refused as a whole.
    """
    found = [a for input_id, capture in outputs for a in annotations(input_id, capture)]
    errors: dict[str, ApiError] = {}
    for start in range(0, len(found), BATCH):
        request = PostAnnotationsRequest(
            user_app_id=UserAppIDSet(user_id=collector.user_id, app_id=collector.app_id),
            annotations=found[start : start + BATCH],
        )
        answer = await client.call("PostAnnotations", request, collector.source.post_inputs_key_id)
        if len(answer.annotations) != len(request.annotations):
            raise error_of(answer.status)
        for sent, posted in zip(request.annotations, answer.annotations, strict=True):
            if posted.status.code not in _DONE:
                errors.setdefault(sent.input_id, error_of(posted.status))
    return errors


def annotations(input_id: str, capture: Capture) -> Iterator[Annotation]:
    """The prediction as annotations: one for the whole, one for each region and each frame."""
    output = Data.FromString(capture.output)
    for n, part in enumerate(parts_of(output)):
        version = ModelVersion(id=capture.model_version_id)
        model = Model(
            id=capture.model_id,
            user_id=capture.model_user_id,
            app_id=capture.model_app_id,
            model_version=version,
        )
        yield Annotation(
            id=f"{input_id}-{n}",
            input_id=input_id,
            data=part,
            status=Status(code=Code.ANNOTATION_SUCCESS),
            model_version_id=capture.model_version_id,
            worker=Worker(model=model),
        )
