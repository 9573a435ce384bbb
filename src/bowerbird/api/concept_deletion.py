"""Concepts deleted, as long as nothing uses them."""

from collections.abc import AsyncIterator

from clarifai_grpc.grpc.api.resources_pb2 import Concept, ModelVersion
from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse
from sqlalchemy import func, or_, select

from bowerbird.api.fields import batch, distinct
from bowerbird.api.ids import shown
from bowerbird.api.rpc import Call, rpc
from bowerbird.errors import ConceptInvalid
from bowerbird.index.terms import concept_term
from bowerbird.proto.labelling_pb2 import DeleteConceptsRequest
from bowerbird.store.kinds import CONCEPTS, concept_path
from bowerbird.store.tables import concept_relations, input_terms, model_versions, models


@rpc
async def delete_concepts(call: Call, req: DeleteConceptsRequest) -> BaseResponse:
    """All of them, or none. Raises ConceptInvalid, naming what uses the first that is in use."""
    ids = distinct("ids", batch("ids", req.ids))
    for stored in await CONCEPTS.locked(call.conn, call.app.seq, ids):
        if uses := [use async for use in _uses(call, stored.message)]:
            raise ConceptInvalid(f"concept {shown(stored.message.id)} is in use: {'; '.join(uses)}")
    await CONCEPTS.delete(call.conn, call.app.seq, ids)
    return BaseResponse()


async def _uses(call: Call, concept: Concept) -> AsyncIterator[str]:
    """What would name a concept that is not there, in words."""
    if labelled := await _labelled(call, concept.id):
        yield f"{labelled} input{'s are' if labelled > 1 else ' is'} annotated as it, or as not"
    if named := await _models(call, concept.id):
        yield f"model{'s' if len(named) > 1 else ''} {', '.join(map(repr, sorted(named)))}"
    if related := await _related(call, concept_path(concept)):
        yield f"{related} relation{'s' if related > 1 else ''} to other concepts"


async def _labelled(call: Call, id: str) -> int:
    terms = [concept_term(id, positive) for positive in (True, False)]
    query = select(func.count(input_terms.c.input.distinct()))
    query = query.where(input_terms.c.app == call.app.seq, input_terms.c.term.in_(terms))
    return (await call.conn.execute(query)).scalar_one()


async def _models(call: Call, id: str) -> set[str]:
    """Models of the app that have the concept in their output, in any version."""
    query = select(models.c.id, model_versions.c.message).join(models, models.c.seq == model_versions.c.model)
    spelt, found = id.encode(), set()
    for row in await call.conn.execute(query.where(models.c.app == call.app.seq)):
        if spelt in row.message and _names(ModelVersion.FromString(row.message), id):
            found.add(row.id)
    return found


def _names(version: ModelVersion, id: str) -> bool:
    return any(concept.id == id for concept in version.output_info.data.concepts)


async def _related(call: Call, path: str) -> int:
    """Relations of any app: those to public concepts may be of another."""
    ends = or_(concept_relations.c.subject == path, concept_relations.c.object == path)
    query = select(func.count()).select_from(concept_relations).where(ends)
    return (await call.conn.execute(query)).scalar_one()
