"""Relations between concepts. Stored in one direction, seen from both: a hypernym is the other's hyponym."""

from collections.abc import Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Concept, ConceptRelation, Visibility
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteConceptRelationsRequest,
    ListConceptRelationsRequest,
    MultiConceptRelationResponse,
    PostConceptRelationsRequest,
)
from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse
from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.access import readable_app
from bowerbird.api.fields import batch, choice, distinct
from bowerbird.api.ids import check_id, given_or_new, shown
from bowerbird.api.pages import page_of
from bowerbird.api.relation_sense import Sense
from bowerbird.api.rpc import Call, rpc
from bowerbird.auth.actors import PUBLIC_APP, PUBLIC_USER, AppRef
from bowerbird.errors import ConceptInvalid, Duplicate, Invalid, NotFound
from bowerbird.store.kinds import CONCEPT_RELATIONS, CONCEPTS, KNOWLEDGE_GRAPHS, concept_path
from bowerbird.store.resources import Stored
from bowerbird.store.tables import concept_relations

INVERSE = {"hyponym": "hypernym", "hypernym": "hyponym", "synonym": "synonym"}
_T = concept_relations.c


@rpc
async def post_concept_relations(
    call: Call, req: PostConceptRelationsRequest
) -> MultiConceptRelationResponse:
    """Relate a concept of the app to others, of the app or of clarifai/main."""
    subject = _named(await CONCEPTS.one(call.conn, call.app.seq, req.concept_id))
    made = [
        await _made(call, f"concept_relations[{i}]", subject, given)
        for i, given in enumerate(batch("concept_relations", req.concept_relations))
    ]
    distinct("concept_relations.id", (r.id for r in made))
    await call.changes("concept_relations")  # first: its lock lets nobody else relate concepts meanwhile
    await _check_sense(call, [_as_stored(r) for r in made])
    taken = await CONCEPT_RELATIONS.insert(call.conn, call.app.seq, [_as_stored(r) for r in made])
    if taken:
        again = next(r for r in made if r.id == taken[0])
        raise Duplicate(
            f"{shown(subject.id)} {again.predicate} {shown(again.object_concept.id)}: "
            "the relation, or another with its id, exists already"
        )
    return MultiConceptRelationResponse(concept_relations=made)


@rpc(open_to_visitors=True)
async def list_concept_relations(
    call: Call, req: ListConceptRelationsRequest
) -> MultiConceptRelationResponse:
    """A concept's relations seen from it; without a concept all, each in one direction."""
    app = readable_app(call)
    if req.predicate:
        choice("predicate", req.predicate, *INVERSE)
    where = []
    if req.knowledge_graph_id:
        where.append(_T.knowledge_graph == check_id("knowledge_graph_id", req.knowledge_graph_id))
    if req.concept_id:
        concept = await CONCEPTS.one(call.conn, app.seq, req.concept_id)
        where.append(_seen_from(concept_path(concept), req.predicate))
    elif req.predicate:
        where.append(_T.predicate == _stored_predicate(req.predicate))
    found = await CONCEPT_RELATIONS.page(call.conn, app.seq, page_of(req), *where)
    turned = [_turned(stored, req.concept_id, req.predicate, app) for stored in found]
    return MultiConceptRelationResponse(concept_relations=turned)


@rpc
async def delete_concept_relations(call: Call, req: DeleteConceptRelationsRequest) -> BaseResponse:
    concept = concept_path(await CONCEPTS.one(call.conn, call.app.seq, req.concept_id))
    ids = distinct("ids", batch("ids", req.ids))
    found = await CONCEPT_RELATIONS.rows(call.conn, call.app.seq, ids)
    for stored in found:
        if concept not in (stored.row["subject"], stored.row["object"]):
            raise NotFound(f"concept relation {shown(stored.message.id)} of concept {shown(req.concept_id)}")
    gone = [stored.seq for stored in found]
    await call.conn.execute(delete(concept_relations).where(_T.seq.in_(gone)))
    await call.changes("concept_relations")
    return BaseResponse()


async def synonyms_of(
    conn: AsyncConnection, app: AppRef, concept: Concept, knowledge_graph_id: str = ""
) -> list[Concept]:
    """The concepts that an app holds to mean the same as this one, which its user and app must name too.

    An empty knowledge graph stands for all of the app's.
    """
    path = concept_path(concept)
    where = [_seen_from(path, "synonym")]
    if knowledge_graph_id:
        where.append(_T.knowledge_graph == knowledge_graph_id)
    query = CONCEPT_RELATIONS.select(app.seq).where(*where).order_by(_T.seq)
    found = [CONCEPT_RELATIONS.stored(row) for row in await conn.execute(query)]
    return [
        s.message.object_concept if s.row["subject"] == path else s.message.subject_concept for s in found
    ]


async def _made(call: Call, field: str, subject: Concept, given: ConceptRelation) -> ConceptRelation:
    if given.subject_concept.id not in ("", subject.id):
        raise Invalid(f"{field}.subject_concept.id: expected {subject.id!r}, whose relations are added to")
    other = await _object(call, f"{field}.object_concept", given.object_concept)
    if concept_path(other) == concept_path(subject):
        raise Invalid(f"{field}.object_concept: a concept is not related to itself")
    graph = given.knowledge_graph_id
    return ConceptRelation(
        id=given_or_new(f"{field}.id", given.id),
        subject_concept=subject,
        object_concept=other,
        predicate=choice(f"{field}.predicate", given.predicate, *INVERSE),
        knowledge_graph_id=check_id(f"{field}.knowledge_graph_id", graph) if graph else "",
        visibility=Visibility(gettable=Visibility.PRIVATE),
    )


async def _check_sense(call: Call, made: Sequence[ConceptRelation]) -> None:
    """Raises ConceptInvalid when relations contradict those that the app has in the same knowledge graph, or
    each other; NotFound for a graph that the app does not have."""
    for graph in {relation.knowledge_graph_id for relation in made}:
        if graph:
            await KNOWLEDGE_GRAPHS.one(call.conn, call.app.seq, graph)
        query = select(_T.subject, _T.predicate, _T.object).where(
            _T.app == call.app.seq, _T.knowledge_graph == graph
        )
        sense = Sense()
        for row in await call.conn.execute(query):
            sense.add(row.subject, row.predicate, row.object)
        for relation in made:
            if relation.knowledge_graph_id == graph:
                ends = concept_path(relation.subject_concept), concept_path(relation.object_concept)
                if problem := sense.against(ends[0], relation.predicate, ends[1]):
                    raise ConceptInvalid(problem)
                sense.add(ends[0], relation.predicate, ends[1])


async def _object(call: Call, field: str, given: Concept) -> Concept:
    """The concept at the other end. Raises Invalid, NotFound."""
    home = call.app
    place = (given.user_id or home.user_id, given.app_id or home.id)
    if place == (PUBLIC_USER, PUBLIC_APP):
        public = await call.authority.directory.app(*place)
        assert public is not None, "made at the first start"
        home = public
    elif place != (home.user_id, home.id):
        raise Invalid(f"{field}: expected a concept of this app or of {PUBLIC_USER}/{PUBLIC_APP}")
    return _named(await CONCEPTS.one(call.conn, home.seq, given.id))


def _named(concept: Concept) -> Concept:
    return Concept(id=concept.id, name=concept.name, app_id=concept.app_id, user_id=concept.user_id)


def _stored_predicate(predicate: str) -> str:
    return "hyponym" if predicate == "hypernym" else predicate


def _as_stored(relation: ConceptRelation) -> ConceptRelation:
    """The direction in which it is stored, whichever was given: so both count as the same."""
    ends = concept_path(relation.subject_concept), concept_path(relation.object_concept)
    is_backwards = relation.predicate == "hypernym" or (relation.predicate == "synonym" and ends > ends[::-1])
    return _inverse(relation) if is_backwards else relation


def _inverse(relation: ConceptRelation) -> ConceptRelation:
    turned = ConceptRelation()
    turned.CopyFrom(relation)
    turned.subject_concept.CopyFrom(relation.object_concept)
    turned.object_concept.CopyFrom(relation.subject_concept)
    turned.predicate = INVERSE[relation.predicate]
    return turned


def _seen_from(concept: str, predicate: str) -> ColumnElement[bool]:
    """Whether a stored relation is one of this concept's, and of this predicate when seen from there."""
    if predicate == "hyponym":
        return (_T.subject == concept) & (_T.predicate == "hyponym")
    if predicate == "hypernym":
        return (_T.object == concept) & (_T.predicate == "hyponym")
    either = or_(_T.subject == concept, _T.object == concept)
    return either & (_T.predicate == "synonym") if predicate else either


def _turned(stored: Stored[ConceptRelation], concept_id: str, predicate: str, app: AppRef) -> ConceptRelation:
    """A relation as asked for: from the concept, or without one by the predicate."""
    if concept_id:
        is_forward = stored.row["subject"] == f"{app.user_id}/{app.id}/{concept_id}"
    else:
        is_forward = predicate != "hypernym"
    return stored.message if is_forward else _inverse(stored.message)
