"""PostAnnotations: what people and models say of inputs."""

from collections.abc import Iterator, Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Annotation
from clarifai_grpc.grpc.api.service_pb2 import MultiAnnotationResponse, PostAnnotationsRequest

from bowerbird.api.annotation_drafts import draft
from bowerbird.api.annotation_rows import insert_annotations
from bowerbird.api.fields import batch
from bowerbird.api.labels import ensure_all, name_concepts
from bowerbird.api.outcomes import overall
from bowerbird.api.rpc import Call, rpc
from bowerbird.errors import ApiError, Duplicate, InputNotFound
from bowerbird.index.postings import add_terms, terms_of_annotation
from bowerbird.store.kinds import INPUTS

Placed = tuple[int, Annotation]  # the row number of its input


@rpc
async def post_annotations(call: Call, req: PostAnnotationsRequest) -> MultiAnnotationResponse:
    """Each annotation is taken or refused by itself; of those with the same id, the first is taken."""
    given = batch("annotations", req.annotations)
    placed = await _placed(
        call, [await _draft(call, f"annotations[{n}]", one) for n, one in enumerate(given)]
    )
    good = [p for p in placed if not isinstance(p, ApiError)]
    known = await ensure_all(call, (a.data for _, a in good))
    for _, annotation in good:
        name_concepts(annotation.data, known)
    results = list(_results(placed, await insert_annotations(call.conn, call.app.seq, good)))
    added = [r for r in results if not isinstance(r, ApiError)]
    await add_terms(call.conn, call.app.seq, [(seq, terms_of_annotation(a)) for seq, a in added])
    answer = MultiAnnotationResponse(
        status=overall([r if isinstance(r, ApiError) else None for r in results])
    )
    for one, result in zip(given, results, strict=True):
        answer.annotations.append(_refused(one, result) if isinstance(result, ApiError) else result[1])
    return answer


def _refused(given: Annotation, error: ApiError) -> Annotation:
    return Annotation(id=given.id, input_id=given.input_id, status=error.status())


async def _draft(call: Call, field: str, given: Annotation) -> Annotation | ApiError:
    try:
        return await draft(call, field, given)
    except ApiError as error:
        return error


async def _placed(call: Call, drafts: Sequence[Annotation | ApiError]) -> list[Placed | ApiError]:
    """Each with its input, when there is one."""
    ids = (d.input_id for d in drafts if isinstance(d, Annotation))
    found = await INPUTS.find(call.conn, call.app.seq, ids)

    def place(annotation: Annotation) -> Placed | ApiError:
        input = found.get(annotation.input_id)
        return (input.seq, annotation) if input else InputNotFound(f"input {annotation.input_id!r}")

    return [d if isinstance(d, ApiError) else place(d) for d in drafts]


def _results(placed: Sequence[Placed | ApiError], added: set[tuple[int, str]]) -> Iterator[Placed | ApiError]:
    left = set(added)
    for one in placed:
        if isinstance(one, ApiError):
            yield one
        elif (key := (one[0], one[1].id)) in left:
            left.remove(key)
            yield one
        else:
            yield Duplicate(f"the input has an annotation {one[1].id!r} already")
