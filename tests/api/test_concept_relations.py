"""Relations between concepts, through the door."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Concept, ConceptRelation, KnowledgeGraph
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteConceptRelationsRequest,
    ListConceptRelationsRequest,
    PostConceptRelationsRequest,
    PostConceptsRequest,
    PostKnowledgeGraphsRequest,
)
from world import World

from bowerbird.api.concept_relations import synonyms_of
from bowerbird.errors import Code

pytestmark = pytest.mark.anyio

ZOO = {"user_id": "alice", "app_id": "zoo"}
INVALID, NOT_FOUND = Code.CONN_INVALID_REQUEST, Code.CONN_DOES_NOT_EXIST
PUP = Concept(id="puppy", user_id="clarifai", app_id="main")


def related(predicate: str, other: str | Concept, **fields: object) -> ConceptRelation:
    end = Concept(id=other) if isinstance(other, str) else other
    return ConceptRelation(predicate=predicate, object_concept=end, **fields)


async def concepts(world: World, *ids: str) -> None:
    request = PostConceptsRequest(concepts=[Concept(id=id) for id in ids])
    await world.ok("alice", "PostConcepts", request, **ZOO)


async def graphs(world: World, *ids: str) -> None:
    request = PostKnowledgeGraphsRequest(knowledge_graphs=[KnowledgeGraph(id=id) for id in ids])
    await world.ok("alice", "PostKnowledgeGraphs", request, **ZOO)


async def relate(world: World, subject: str, *given: ConceptRelation) -> list[ConceptRelation]:
    request = PostConceptRelationsRequest(concept_id=subject, concept_relations=given)
    return list((await world.ok("alice", "PostConceptRelations", request, **ZOO)).concept_relations)


async def refused(world: World, code: int, subject: str, *given: ConceptRelation) -> str:
    request = PostConceptRelationsRequest(concept_id=subject, concept_relations=given)
    return await world.fails(code, "alice", "PostConceptRelations", request, **ZOO)


async def seen(world: World, **filters: object) -> list[tuple[str, str, str]]:
    request = ListConceptRelationsRequest(**filters)
    answer = await world.ok("alice", "ListConceptRelations", request, **ZOO)
    return [(r.subject_concept.id, r.predicate, r.object_concept.id) for r in answer.concept_relations]


async def test_a_relation_is_seen_from_both_ends(world: World) -> None:
    await concepts(world, "honey", "food", "meal")
    (made,) = await relate(world, "honey", related("hyponym", "food"))
    await relate(world, "food", related("synonym", "meal"))
    assert made.id
    assert (made.subject_concept.user_id, made.object_concept.app_id) == ("alice", "zoo")
    assert await seen(world, concept_id="honey") == [("honey", "hyponym", "food")]
    assert await seen(world, concept_id="food") == [
        ("food", "hypernym", "honey"),
        ("food", "synonym", "meal"),
    ]
    assert await seen(world, concept_id="meal") == [("meal", "synonym", "food")]


async def test_a_hypernym_is_the_same_as_the_hyponym_the_other_way_round(world: World) -> None:
    await concepts(world, "honey", "food")
    (made,) = await relate(world, "food", related("hypernym", "honey"))
    assert (made.subject_concept.id, made.predicate) == ("food", "hypernym")
    assert await seen(world, concept_id="honey", predicate="hyponym") == [("honey", "hyponym", "food")]
    assert await seen(world, concept_id="honey", predicate="hypernym") == []
    assert await seen(world, concept_id="food", predicate="hypernym") == [("food", "hypernym", "honey")]


async def test_all_relations_are_listed_in_one_direction(world: World) -> None:
    await concepts(world, "a", "b", "c")
    await relate(world, "a", related("hyponym", "b"), related("synonym", "c"))
    assert await seen(world) == [("a", "hyponym", "b"), ("a", "synonym", "c")]
    assert await seen(world, predicate="hypernym") == [("b", "hypernym", "a")]
    assert await seen(world, predicate="synonym") == [("a", "synonym", "c")]
    assert await seen(world, page=2, per_page=1) == [("a", "synonym", "c")]


async def test_relations_are_listed_by_knowledge_graph(world: World) -> None:
    await concepts(world, "a", "b")
    await graphs(world, "pets")
    await relate(world, "a", related("synonym", "b"))
    await relate(world, "a", related("synonym", "b", knowledge_graph_id="pets"))
    assert len(await seen(world)) == 2
    assert len(await seen(world, knowledge_graph_id="pets", concept_id="b")) == 1
    assert await seen(world, knowledge_graph_id="cars") == []


async def test_a_relation_that_exists_is_refused_in_both_directions(world: World) -> None:
    await concepts(world, "a", "b", "c")
    await relate(world, "a", related("hyponym", "b", id="first"), related("synonym", "c"))
    code = Code.DATABASE_DUPLICATE_KEY
    await refused(world, code, "b", related("synonym", "c"), related("hypernym", "a"))
    await refused(world, code, "b", related("hypernym", "a"))
    assert "'c' synonym 'a'" in await refused(world, code, "c", related("synonym", "a"))
    await refused(world, code, "c", related("synonym", "b", id="first"))
    await refused(world, code, "c", related("synonym", "b"), related("synonym", "b"))
    assert len(await seen(world)) == 2


async def test_relations_that_contradict_each_other_are_refused(world: World) -> None:
    await concepts(world, "a", "b", "c", "d")
    await graphs(world, "pets")
    code = Code.CONCEPTS_INVALID_REQUEST
    await relate(world, "a", related("hyponym", "b"), related("synonym", "d"))
    await relate(world, "b", related("hyponym", "c"))
    for subject, given, says in (
        ("b", related("synonym", "a"), "'alice/zoo/a' is a hyponym of 'alice/zoo/b'"),
        ("d", related("hyponym", "a"), "are synonyms"),
        ("a", related("hypernym", "d"), "are synonyms"),
        ("b", related("hyponym", "a"), "of itself, by way of 'alice/zoo/a'"),
        ("c", related("hyponym", "a"), "of itself, by way of 'alice/zoo/a' and 'alice/zoo/b'"),
        ("a", related("hypernym", "c"), "of itself, by way of"),
    ):
        assert says in await refused(world, code, subject, given)
    await refused(world, code, "c", related("synonym", "d"), related("hyponym", "d"))
    assert len(await seen(world)) == 3
    await relate(world, "a", related("hypernym", "c", knowledge_graph_id="pets"))


async def test_a_relation_needs_its_knowledge_graph(world: World) -> None:
    await concepts(world, "a", "b")
    await refused(world, NOT_FOUND, "a", related("synonym", "b", knowledge_graph_id="pets"))
    assert await seen(world) == []


async def test_a_relation_that_makes_no_sense_is_refused(world: World) -> None:
    await concepts(world, "a", "b")
    for code, subject, given in (
        (INVALID, "a", []),
        (INVALID, "a", [related("friend", "b")]),
        (INVALID, "a", [related("synonym", "a")]),
        (INVALID, "a", [related("synonym", "b", subject_concept=Concept(id="b"))]),
        (INVALID, "a", [related("synonym", "b", id="a b")]),
        (INVALID, "a", [related("synonym", "b", knowledge_graph_id="a b")]),
        (INVALID, "a", [related("synonym", Concept(id="b", app_id="other"))]),
        (NOT_FOUND, "a", [related("synonym", "no")]),
        (NOT_FOUND, "a", [related("synonym", PUP)]),
        (NOT_FOUND, "no", [related("synonym", "a")]),
    ):
        await refused(world, code, subject, *given)
    assert await seen(world) == []
    await world.fails(
        INVALID, "alice", "ListConceptRelations", ListConceptRelationsRequest(predicate="x"), **ZOO
    )


async def test_a_concept_may_be_related_to_a_public_one(world: World) -> None:
    request = PostConceptsRequest(concepts=[Concept(id="puppy", name="Puppy")])
    await world.ok("root", "PostConcepts", request, user_id="clarifai", app_id="main")
    await concepts(world, "pup", "puppy")
    (made, _) = await relate(world, "pup", related("synonym", PUP), related("synonym", "puppy"))
    assert (made.object_concept.user_id, made.object_concept.name) == ("clarifai", "Puppy")
    assert await seen(world, concept_id="pup") == [("pup", "synonym", "puppy")] * 2
    assert await seen(world, concept_id="puppy") == [("puppy", "synonym", "pup")]
    app = await world.app.dispatcher.authority.directory.app("alice", "zoo")
    assert app is not None
    async with world.app.services.db.read() as conn:
        assert [c.id for c in await synonyms_of(conn, app, PUP)] == ["pup"]
        assert await synonyms_of(conn, app, PUP, "pets") == []


async def test_deleted_relations_are_gone_from_both_ends(world: World) -> None:
    await concepts(world, "a", "b", "c")
    (made, other) = await relate(world, "a", related("hyponym", "b"), related("synonym", "c"))
    for code, concept, ids in (
        (NOT_FOUND, "b", [made.id, other.id]),
        (NOT_FOUND, "a", [made.id, "no"]),
        (NOT_FOUND, "no", [made.id]),
        (INVALID, "a", []),
        (INVALID, "a", [made.id, made.id]),
    ):
        request = DeleteConceptRelationsRequest(concept_id=concept, ids=ids)
        await world.fails(code, "alice", "DeleteConceptRelations", request, **ZOO)
    request = DeleteConceptRelationsRequest(concept_id="b", ids=[made.id])
    await world.ok("alice", "DeleteConceptRelations", request, **ZOO)
    assert await seen(world) == [("a", "synonym", "c")]
    assert await seen(world, concept_id="b") == []


async def test_relations_need_a_personal_access_token(world: World) -> None:
    key = await world.add_key("alice", "zoo")
    code = Code.CONN_INSUFFICIENT_SCOPES
    assert "personal access token" in await world.fails(code, key, "ListConceptRelations")
