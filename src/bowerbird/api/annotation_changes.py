"""Annotations: patched and deleted."""

from collections.abc import Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Annotation
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteAnnotationRequest,
    DeleteAnnotationsRequest,
    MultiAnnotationResponse,
    PatchAnnotationsRequest,
)
from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse
from sqlalchemy import select

from bowerbird.api.annotation_drafts import check_data, is_trusted, status_of
from bowerbird.api.annotation_rows import drop_annotations, read, save_input_concepts
from bowerbird.api.fields import batch, distinct
from bowerbird.api.ids import shown
from bowerbird.api.labels import ensure_all, name_concepts
from bowerbird.api.rpc import Call, rpc
from bowerbird.errors import AnnotationInvalid, InsufficientScopes, NotFound
from bowerbird.index.postings import renew_terms
from bowerbird.store import patch
from bowerbird.store.bulk import save_all
from bowerbird.store.kinds import ANNOTATIONS, INPUTS, stamp
from bowerbird.store.resources import Stored
from bowerbird.store.tables import annotations

_KEPT = ("user_id", "model_version_id", "task_id", "worker", "annotation_info", "consensus_info")


@rpc
async def patch_annotations(call: Call, req: PatchAnnotationsRequest) -> MultiAnnotationResponse:
    """Data and status, of all of them or, when one is refused, of none."""
    given = batch("annotations", req.annotations)
    found = await _found(call, [(a.input_id, a.id) for a in given])
    changed = [
        (s, _patched(call, f"annotations[{n}]", req.action, s.message, one))
        for n, (s, one) in enumerate(zip(found, given, strict=True))
    ]
    known = await ensure_all(call, (message.data for _, message in changed))
    for _, message in changed:
        name_concepts(message.data, known)
    empty = [s.seq for s, m in changed if _is_void(m, req.delete_if_empty_data)]
    await save_all(call.conn, ANNOTATIONS, [(s.seq, m) for s, m in changed if s.seq not in empty])
    await drop_annotations(call.conn, empty)
    await save_input_concepts(call, [(s.row["input"], m) for s, m in changed if m.input_level])
    await renew_terms(call.conn, call.app.seq, [s.row["input"] for s, _ in changed])
    return MultiAnnotationResponse(annotations=[message for _, message in changed])


@rpc
async def delete_annotation(call: Call, req: DeleteAnnotationRequest) -> BaseResponse:
    await _delete(call, await _found(call, [(req.input_id, req.annotation_id)]))
    return BaseResponse()


@rpc
async def delete_annotations(call: Call, req: DeleteAnnotationsRequest) -> BaseResponse:
    """Those named, each with its input; or all of the inputs, except what the inputs themselves say."""
    batch("input_ids", req.input_ids)
    if req.ids:
        if len(req.ids) != len(req.input_ids):
            raise AnnotationInvalid(f"ids: {len(req.ids)} given, but {len(req.input_ids)} input_ids")
        await _delete(call, await _found(call, list(zip(req.input_ids, req.ids, strict=True))))
        return BaseResponse()
    of = [s.seq for s in await INPUTS.rows(call.conn, call.app.seq, req.input_ids)]
    query = select(annotations).where(annotations.c.input.in_(of), ~annotations.c.input_level)
    await _delete(call, await read(call.conn, query))
    return BaseResponse()


async def _found(call: Call, named: Sequence[tuple[str, str]]) -> list[Stored[Annotation]]:
    """The annotations by their inputs' and their own ids. Raises NotFound and its kin."""
    distinct("annotations.id", (f"{input_id}/{id}" for input_id, id in named), AnnotationInvalid)
    found = await INPUTS.rows(call.conn, call.app.seq, dict.fromkeys(input_id for input_id, _ in named))
    seqs = {s.message.id: s.seq for s in found}
    ids = [id for _, id in named if "\0" not in id]
    query = select(annotations).where(annotations.c.input.in_(seqs.values()), annotations.c.id.in_(ids))
    rows = await read(call.conn, query.order_by(annotations.c.seq).with_for_update())
    by_key = {(s.row["input"], s.message.id): s for s in rows}
    for input_id, id in named:
        if (seqs[input_id], id) not in by_key:
            raise NotFound(f"annotation {shown(id)} of input {shown(input_id)}")
    return [by_key[seqs[input_id], id] for input_id, id in named]


def _patched(call: Call, field: str, action: str, old: Annotation, given: Annotation) -> Annotation:
    _may_patch(call, field, old)
    for name in _KEPT:
        if getattr(given, name) not in (getattr(Annotation(), name), getattr(old, name)):
            raise AnnotationInvalid(f"{field}.{name}: it cannot be changed")
    check_data(f"{field}.data", given.data)
    changed = Annotation()
    changed.CopyFrom(old)
    changed.data.CopyFrom(patch.apply(action, old.data, given.data))
    if given.status.code:
        changed.status.CopyFrom(status_of(f"{field}.status", given.status.code))
    check_data(f"{field}.data", changed.data)
    if old.input_level and [d.name for d, _ in changed.data.ListFields()] not in ([], ["concepts"]):
        raise AnnotationInvalid(f"{field}.data: what an input itself says are its concepts alone")
    changed.trusted = is_trusted(changed)
    changed.modified_at.CopyFrom(stamp(call.services.clock()))
    return changed


def _may_patch(call: Call, field: str, old: Annotation) -> None:
    if old.model_version_id:
        raise AnnotationInvalid(f"{field}: what a model said cannot be changed")
    if old.user_id != call.actor.user_id and not call.actor.owns(call.app.user_id):
        raise InsufficientScopes(f"{field}: only {old.user_id!r} and the app's owner may change it")


def _is_void(annotation: Annotation, delete_if_empty: bool) -> bool:
    return not annotation.data.ListFields() and (delete_if_empty or annotation.input_level)


async def _delete(call: Call, found: Sequence[Stored[Annotation]]) -> None:
    for stored in found:
        if stored.message.input_level:
            raise AnnotationInvalid(
                f"annotation {stored.message.id!r} is what the input itself says; patch the input instead"
            )
    await drop_annotations(call.conn, [s.seq for s in found])
    await renew_terms(call.conn, call.app.seq, [s.row["input"] for s in found])
