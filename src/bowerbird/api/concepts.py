"""Concepts: the labels of an app."""

from collections.abc import Iterable
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import App, Concept, ConceptLanguage, ConceptQuery, Visibility
from clarifai_grpc.grpc.api.service_pb2 import (
    GetConceptRequest,
    ListConceptsRequest,
    MultiConceptResponse,
    PatchConceptsRequest,
    PostConceptsRequest,
    PostConceptsSearchesRequest,
    SingleConceptResponse,
)
from sqlalchemy import Row, or_, select

from bowerbird.api.access import readable_app, require
from bowerbird.api.concept_languages import check_code
from bowerbird.api.fields import LONGEST_NAME, LONGEST_TEXT, batch, choice, distinct, metadata, text
from bowerbird.api.ids import check_id, given_or_new, shown
from bowerbird.api.pages import containing, matching, page_of
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.errors import ConceptInvalid, Invalid
from bowerbird.store.kinds import APPS, CONCEPTS, stamp
from bowerbird.store.resources import Page
from bowerbird.store.tables import concept_languages, concepts


@rpc
async def post_concepts(call: Call, req: PostConceptsRequest) -> MultiConceptResponse:
    app = await APPS.one(call.conn, call.app.user_id, call.app.id)
    made = [
        _made(call, app, given_or_new(f"concepts[{i}].id", given.id), _accepted(f"concepts[{i}]", given))
        for i, given in enumerate(batch("concepts", req.concepts))
    ]
    distinct("concepts.id", (c.id for c in made), ConceptInvalid)
    taken = await CONCEPTS.insert(call.conn, call.app.seq, made)
    if taken:
        raise ConceptInvalid(f"duplicate concept {shown(taken[0])}: the app has it already")
    return MultiConceptResponse(concepts=made)


@rpc(open_to_visitors=True)
async def get_concept(call: Call, req: GetConceptRequest) -> SingleConceptResponse:
    app = readable_app(call)
    return SingleConceptResponse(concept=await CONCEPTS.one(call.conn, app.seq, req.concept_id))


@rpc(open_to_visitors=True)
async def list_concepts(call: Call, req: ListConceptsRequest) -> MultiConceptResponse:
    app = readable_app(call)
    where = [or_(*(containing("id", c, req.id) for c in (concepts.c.id, concepts.c.name)))] if req.id else []
    found = await CONCEPTS.page(call.conn, app.seq, page_of(req), *where)
    return MultiConceptResponse(concepts=[stored.message for stored in found])


@rpc
async def patch_concepts(call: Call, req: PatchConceptsRequest) -> MultiConceptResponse:
    """Replace those of name, definition, vocabulary and metadata that are given."""
    choice("action", req.action, "overwrite")
    ids = distinct("concepts.id", (c.id for c in batch("concepts", req.concepts)))
    changed = []
    for i, stored in enumerate(await CONCEPTS.locked(call.conn, call.app.seq, ids)):
        given = _accepted(f"concepts[{i}]", req.concepts[i])
        concept = Concept()
        concept.CopyFrom(stored.message)
        if given.HasField("metadata"):
            concept.ClearField("metadata")
        concept.MergeFrom(given)
        await CONCEPTS.save(call.conn, stored.seq, concept)
        changed.append(concept)
    return MultiConceptResponse(concepts=changed)


@rpc(transaction=Transaction.READ, open_to_visitors=True)
async def post_concepts_searches(call: Call, req: PostConceptsSearchesRequest) -> MultiConceptResponse:
    """The app's concepts whose name matches; "gen*" matches "general". With a language, those that have a
    name in it, and that name is the one that counts."""
    app, query = readable_app(call), req.concept_query
    if query.HasField("model") or query.HasField("workflow") or query.workflow_id or query.use_cases:
        raise Invalid("concept_query: only the concepts of the app itself can be searched")
    page = page_of(req.pagination)
    if query.language and query.language != (await APPS.one(call.conn, app.user_id, app.id)).default_language:
        check_code("concept_query.language", query.language)
        return MultiConceptResponse(concepts=await _in_language(call, app.seq, query, page))
    where = [matching("concept_query.name", concepts.c.name, query.name)] if query.name else []
    found = await CONCEPTS.page(call.conn, app.seq, page, *where, order=[concepts.c.name])
    return MultiConceptResponse(concepts=[stored.message for stored in found])


async def _in_language(call: Call, app: int, query: ConceptQuery, page: Page) -> list[Concept]:
    """Concepts with the names that were added in a language."""
    t = concept_languages.c
    added = select(concepts.c.message, t.name, t.message.label("language")).join(
        concept_languages, t.concept == concepts.c.seq
    )
    added = added.where(concepts.c.app == app, t.id == query.language).order_by(t.name, concepts.c.seq)
    if query.name:
        added = added.where(matching("concept_query.name", t.name, query.name))
    return [_told_in(row) for row in await call.conn.execute(page.cut(added))]


def _told_in(row: Row[Any]) -> Concept:  # as `_in_language` selects it
    concept = Concept.FromString(row.message)
    language = ConceptLanguage.FromString(row.language)
    concept.name, concept.language = language.name, language.id
    concept.definition = language.definition or concept.definition
    return concept


async def ensure_concepts(call: Call, wanted: Iterable[Concept]) -> dict[str, Concept]:
    """The concepts of the call's app with these ids, by id; those that it lacks are made.

    Needs a writing transaction. Raises InsufficientScopes when there are some to make and the caller may
    not, Invalid for what is not an id.
    """
    asked: dict[str, Concept] = {}
    for concept in wanted:
        asked.setdefault(concept.id, concept)
    have = await CONCEPTS.find(call.conn, call.app.seq, asked)
    found = {id: stored.message for id, stored in have.items()}
    absent = [c for id, c in asked.items() if id not in found]
    if absent:
        await require(call, ["Concepts_Add"])
        app = await APPS.one(call.conn, call.app.user_id, call.app.id)
        made = [_made(call, app, check_id("concept.id", c.id), _accepted("concept", c)) for c in absent]
        await CONCEPTS.insert(call.conn, call.app.seq, made)
        found |= {c.id: c for c in made}
    return {id: found[id] for id in asked}


def _accepted(field: str, given: Concept) -> Concept:
    """What clients may write of a concept beside its id, and nothing else. Raises Invalid."""
    concept = Concept(
        name=text(f"{field}.name", given.name, LONGEST_NAME),
        definition=text(f"{field}.definition", given.definition, LONGEST_TEXT),
        vocab_id=text(f"{field}.vocab_id", given.vocab_id, LONGEST_NAME),
    )
    if given.HasField("metadata"):
        concept.metadata.CopyFrom(metadata(f"{field}.metadata", given.metadata))
    return concept


def _made(call: Call, app: App, id: str, given: Concept) -> Concept:
    concept = Concept()
    concept.CopyFrom(given)
    concept.id = id
    concept.name = given.name or id
    concept.value = 1
    concept.language = app.default_language
    concept.app_id, concept.user_id = app.id, app.user_id
    concept.visibility.gettable = Visibility.PRIVATE
    concept.created_at.CopyFrom(stamp(call.services.clock()))
    return concept
