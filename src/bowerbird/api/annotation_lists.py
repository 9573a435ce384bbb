"""Annotations: read and listed."""

from collections.abc import Iterator, Sequence

from clarifai_grpc.grpc.api.service_pb2 import (
    GetAnnotationRequest,
    ListAnnotationsRequest,
    MultiAnnotationResponse,
    SingleAnnotationResponse,
)
from sqlalchemy import ColumnElement, and_, or_, select

from bowerbird.api.annotation_rows import read
from bowerbird.api.fields import batch
from bowerbird.api.pages import page_of
from bowerbird.api.rpc import Call, rpc
from bowerbird.errors import AnnotationInvalid
from bowerbird.store.kinds import ANNOTATIONS, INPUTS
from bowerbird.store.tables import annotations, inputs


@rpc
async def get_annotation(call: Call, req: GetAnnotationRequest) -> SingleAnnotationResponse:
    input = await INPUTS.row(call.conn, call.app.seq, req.input_id)
    return SingleAnnotationResponse(annotation=await ANNOTATIONS.one(call.conn, input.seq, req.annotation_id))


@rpc
async def list_annotations(call: Call, req: ListAnnotationsRequest) -> MultiAnnotationResponse:
    """The oldest first. Without `list_all_annotations`, makers or ids: those of people that are accepted."""
    seqs = select(annotations.c.seq).where(annotations.c.app == call.app.seq, *_conditions(call.app.seq, req))
    # The rows that are skipped are not read.
    page = page_of(req).cut(seqs.order_by(annotations.c.seq))
    query = select(annotations).where(annotations.c.seq.in_(page)).order_by(annotations.c.seq)
    return MultiAnnotationResponse(annotations=[s.message for s in await read(call.conn, query)])


def _conditions(app: int, req: ListAnnotationsRequest) -> Iterator[ColumnElement[bool]]:
    if req.workflow_version_ids or req.return_model_output:
        name = "workflow_version_ids" if req.workflow_version_ids else "return_model_output"
        raise AnnotationInvalid(f"{name}: this server does not keep annotations of workflows")
    makers = _one_of(annotations.c.user_id, req.user_ids) + _one_of(
        annotations.c.model_version_id, req.model_version_ids
    )
    if makers:
        yield or_(*makers)
    if req.ids or req.input_ids:
        yield _named(app, req.ids, req.input_ids)
    if req.statuses:
        yield annotations.c.status.in_([s.code for s in req.statuses])
    if req.task_id:
        yield annotations.c.task_id == _plain(req.task_id)
    if not (makers or req.ids or req.list_all_annotations):
        yield annotations.c.trusted


def _one_of(column: ColumnElement[str], values: Sequence[str]) -> list[ColumnElement[bool]]:
    return [column.in_([_plain(v) for v in values])] if values else []


def _named(app: int, ids: Sequence[str], input_ids: Sequence[str]) -> ColumnElement[bool]:
    """Those annotations, each of its input; or all of the inputs."""
    batch("input_ids", input_ids)
    if ids and len(ids) != len(input_ids):
        raise AnnotationInvalid(f"ids: {len(ids)} given, but {len(input_ids)} input_ids")
    of_inputs = select(inputs.c.seq).where(inputs.c.app == app)
    if not ids:
        wanted = of_inputs.where(inputs.c.id.in_([_plain(id) for id in input_ids]))
        return annotations.c.input.in_(wanted)
    pairs = zip(input_ids, ids, strict=True)
    return or_(
        *(
            and_(
                annotations.c.input == of_inputs.where(inputs.c.id == _plain(input_id)).scalar_subquery(),
                annotations.c.id == _plain(id),
            )
            for input_id, id in pairs
        )
    )


def _plain(value: str) -> str:
    if "\0" in value:
        raise AnnotationInvalid("a value to look for holds a zero byte")
    return value
