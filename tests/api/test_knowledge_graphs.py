"""Named groups of concept relations, and the names of concepts in other languages, through the door."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Concept, ConceptLanguage, ConceptQuery, KnowledgeGraph
from clarifai_grpc.grpc.api.service_pb2 import (
    GetConceptLanguageRequest,
    ListConceptLanguagesRequest,
    PatchConceptLanguagesRequest,
    PostConceptLanguagesRequest,
    PostConceptsRequest,
    PostConceptsSearchesRequest,
    PostKnowledgeGraphsRequest,
)
from world import World

from bowerbird.errors import Code

pytestmark = pytest.mark.anyio

ZOO = {"user_id": "alice", "app_id": "zoo"}
INVALID, NOT_FOUND, TAKEN = Code.CONN_INVALID_REQUEST, Code.CONN_DOES_NOT_EXIST, Code.DATABASE_DUPLICATE_KEY


def graphs(*given: KnowledgeGraph) -> PostKnowledgeGraphsRequest:
    return PostKnowledgeGraphsRequest(knowledge_graphs=given)


async def test_knowledge_graphs_are_made_and_listed(world: World) -> None:
    given = [KnowledgeGraph(id="pets", name="Pets", description="At home."), KnowledgeGraph(name="Wild")]
    made = await world.ok("alice", "PostKnowledgeGraphs", graphs(*given), **ZOO)
    assert made.knowledge_graphs[0].id == "pets"
    listed = await world.ok("alice", "ListKnowledgeGraphs", **ZOO)
    assert list(listed.knowledge_graphs) == list(made.knowledge_graphs)
    assert [graph.name for graph in listed.knowledge_graphs] == ["Pets", "Wild"]


async def test_a_knowledge_graph_that_is_no_good_is_refused(world: World) -> None:
    await world.ok("alice", "PostKnowledgeGraphs", graphs(KnowledgeGraph(id="pets")), **ZOO)
    for code, request in (
        (TAKEN, graphs(KnowledgeGraph(id="new"), KnowledgeGraph(id="pets"))),
        (INVALID, graphs()),
        (INVALID, graphs(KnowledgeGraph(id="a b"))),
        (INVALID, graphs(KnowledgeGraph(id="a"), KnowledgeGraph(id="a"))),
        (INVALID, graphs(KnowledgeGraph(id="a", examples_app_id="x y"))),
    ):
        await world.fails(code, "alice", "PostKnowledgeGraphs", request, **ZOO)
    assert len((await world.ok("alice", "ListKnowledgeGraphs", **ZOO)).knowledge_graphs) == 1


async def named(world: World) -> None:
    """Concepts cat and dog; the cat has names in German and Chinese."""
    request = PostConceptsRequest(concepts=[Concept(id="cat", name="Cat"), Concept(id="dog")])
    await world.ok("alice", "PostConcepts", request, **ZOO)
    given = [
        ConceptLanguage(id="de", name="Katze", definition="Ein Tier."),
        ConceptLanguage(id="zh-TW", name="貓"),
    ]
    await world.ok("alice", "PostConceptLanguages", languages(*given), **ZOO)


def languages(*given: ConceptLanguage, concept: str = "cat") -> PostConceptLanguagesRequest:
    return PostConceptLanguagesRequest(concept_id=concept, concept_languages=given)


async def test_a_concept_has_names_in_other_languages(world: World) -> None:
    await named(world)
    listed = await world.ok(
        "alice", "ListConceptLanguages", ListConceptLanguagesRequest(concept_id="cat"), **ZOO
    )
    assert [(one.id, one.name) for one in listed.concept_languages] == [("de", "Katze"), ("zh-TW", "貓")]
    request = GetConceptLanguageRequest(concept_id="cat", language="de")
    found = await world.ok("alice", "GetConceptLanguage", request, **ZOO)
    assert found.concept_language.definition == "Ein Tier."
    for concept, language in (("cat", "fr"), ("dog", "de"), ("no", "de")):
        request = GetConceptLanguageRequest(concept_id=concept, language=language)
        await world.fails(NOT_FOUND, "alice", "GetConceptLanguage", request, **ZOO)


async def test_a_name_in_a_language_is_patched(world: World) -> None:
    await named(world)
    changed = ConceptLanguage(id="de", name="Kater")
    request = PatchConceptLanguagesRequest(concept_id="cat", concept_languages=[changed], action="overwrite")
    answer = await world.ok("alice", "PatchConceptLanguages", request, **ZOO)
    (patched,) = answer.concept_languages
    assert (patched.name, patched.definition) == ("Kater", "Ein Tier.")
    request.concept_languages[0].id = "fr"
    await world.fails(NOT_FOUND, "alice", "PatchConceptLanguages", request, **ZOO)
    request.action = "merge"
    await world.fails(INVALID, "alice", "PatchConceptLanguages", request, **ZOO)


@pytest.mark.parametrize("code", ["", "german", "DE", "de_DE", "de-de", "d", "de-DE-x"])
async def test_what_is_no_language_is_refused(world: World, code: str) -> None:
    await named(world)
    said = await world.fails(
        INVALID, "alice", "PostConceptLanguages", languages(ConceptLanguage(id=code, name="x")), **ZOO
    )
    assert "concept_languages[0].id" in said


async def test_a_language_needs_a_name_and_comes_once(world: World) -> None:
    await named(world)
    again = languages(ConceptLanguage(id="de", name="Mieze"))
    await world.fails(TAKEN, "alice", "PostConceptLanguages", again, **ZOO)
    said = await world.fails(
        INVALID, "alice", "PostConceptLanguages", languages(ConceptLanguage(id="fr")), **ZOO
    )
    assert "concept_languages[0].name" in said


async def test_concepts_are_found_by_their_name_in_a_language(world: World) -> None:
    await named(world)

    async def found(**query: str) -> list[tuple[str, str]]:
        request = PostConceptsSearchesRequest(concept_query=ConceptQuery(**query))
        answer = await world.ok("alice", "PostConceptsSearches", request, **ZOO)
        return [(concept.id, concept.name) for concept in answer.concepts]

    assert await found(name="kat*", language="de") == [("cat", "Katze")]
    assert await found(name="cat", language="de") == []
    assert await found(language="zh-TW") == [("cat", "貓")]
    assert await found(name="cat", language="en") == [("cat", "Cat")]
    request = PostConceptsSearchesRequest(concept_query=ConceptQuery(language="German"))
    await world.fails(INVALID, "alice", "PostConceptsSearches", request, **ZOO)
