"""Concepts, through the door."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import (
    App,
    Collaborator,
    Concept,
    ConceptQuery,
    User,
    UserAppIDSet,
    Visibility,
    Workflow,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    GetConceptRequest,
    ListConceptsRequest,
    Pagination,
    PatchAppsRequest,
    PatchConceptsRequest,
    PostCollaboratorsRequest,
    PostConceptsRequest,
    PostConceptsSearchesRequest,
)
from google.protobuf.struct_pb2 import Struct
from world import World

from bowerbird.api.concepts import ensure_concepts
from bowerbird.errors import Code, InsufficientScopes, Invalid

pytestmark = pytest.mark.anyio

ZOO = {"user_id": "alice", "app_id": "zoo"}
INVALID = Code.CONN_INVALID_REQUEST


async def post(world: World, *given: Concept) -> list[Concept]:
    answer = await world.ok("alice", "PostConcepts", PostConceptsRequest(concepts=given), **ZOO)
    return list(answer.concepts)


async def listed(world: World, **filters: object) -> list[str]:
    answer = await world.ok("alice", "ListConcepts", ListConceptsRequest(**filters), **ZOO)
    return [c.id for c in answer.concepts]


async def searched(world: World, query: ConceptQuery, **paging: int) -> list[str]:
    request = PostConceptsSearchesRequest(concept_query=query, pagination=Pagination(**paging))
    return [c.id for c in (await world.ok("alice", "PostConceptsSearches", request, **ZOO)).concepts]


async def test_a_concept_is_made_and_found(world: World) -> None:
    given = Concept(id="cat", definition="purrs", value=0, visibility=Visibility(gettable=50))
    (made,) = await post(world, given)
    found = (await world.ok("alice", "GetConcept", GetConceptRequest(concept_id="cat"), **ZOO)).concept
    assert found == made
    assert (found.id, found.name, found.value, found.language) == ("cat", "cat", 1.0, "en")
    assert (found.user_id, found.app_id, found.definition) == ("alice", "zoo", "purrs")
    assert found.visibility.gettable == Visibility.PRIVATE
    assert found.created_at.seconds == world.clock.now


async def test_an_id_is_made_when_none_is_given(world: World) -> None:
    (made,) = await post(world, Concept(name="Hot dog"))
    assert made.id
    assert made.name == "Hot dog"


async def test_a_duplicate_is_refused_and_nothing_made(world: World) -> None:
    await post(world, Concept(id="cat"))
    code = Code.CONCEPTS_INVALID_REQUEST
    for given in ([Concept(id="dog"), Concept(id="cat")], [Concept(id="dog"), Concept(id="dog")]):
        request = PostConceptsRequest(concepts=given)
        assert "duplicate" in await world.fails(code, "alice", "PostConcepts", request, **ZOO)
    assert await listed(world) == ["cat"]


async def test_bad_concepts_are_refused_by_field(world: World) -> None:
    too_large = Struct()
    too_large.update({"x": "y" * 70_000})
    for said, given in (
        ("concepts", []),
        ("concepts", [Concept()] * 129),
        ("concepts[0].id", [Concept(id="a/b")]),
        ("concepts[1].name", [Concept(), Concept(name="x" * 201)]),
        ("concepts[0].name", [Concept(name="x\0")]),
        ("concepts[0].definition", [Concept(definition="x" * 4097)]),
        ("concepts[0].vocab_id", [Concept(vocab_id="x" * 201)]),
        ("concepts[0].metadata", [Concept(metadata=too_large)]),
    ):
        request = PostConceptsRequest(concepts=given)
        assert said in await world.fails(INVALID, "alice", "PostConcepts", request, **ZOO)


async def test_what_is_not_there_is_said_to_be_not_there(world: World) -> None:
    for id in ("", "no", "n\0"):
        request = GetConceptRequest(concept_id=id)
        await world.fails(Code.CONN_DOES_NOT_EXIST, "alice", "GetConcept", request, **ZOO)


async def test_lists_are_paged_and_filtered_by_id_or_name(world: World) -> None:
    await post(world, Concept(id="cat"), Concept(id="c-2", name="Wild Cat"), Concept(id="dog", name="50%"))
    assert await listed(world) == ["cat", "c-2", "dog"]
    assert await listed(world, per_page=2, page=2) == ["dog"]
    assert await listed(world, id="cat") == ["cat", "c-2"]
    assert await listed(world, id="cat*") == ["cat"]
    assert await listed(world, id="50%") == ["dog"]
    assert await listed(world, id="_") == []


async def test_a_patch_overwrites_what_it_sets(world: World) -> None:
    one, other = Struct(), Struct()
    one.update({"a": 1})
    other.update({"b": 2})
    await post(world, Concept(id="cat", definition="purrs", metadata=one), Concept(id="dog"))
    request = PatchConceptsRequest(
        concepts=[Concept(id="cat", name="Cat", metadata=other)], action="overwrite"
    )
    (changed,) = (await world.ok("alice", "PatchConcepts", request, **ZOO)).concepts
    assert (changed.name, changed.definition, changed.metadata) == ("Cat", "purrs", other)
    assert await listed(world, id="CAT") == ["cat"]


async def test_a_patch_that_cannot_be_done_changes_nothing(world: World) -> None:
    await post(world, Concept(id="cat"))
    change = Concept(id="cat", name="Cat")
    for code, action, given in (
        (INVALID, "merge", [change]),
        (INVALID, "overwrite", [change, change]),
        (INVALID, "overwrite", []),
        (Code.CONN_DOES_NOT_EXIST, "overwrite", [change, Concept(id="no")]),
    ):
        request = PatchConceptsRequest(concepts=given, action=action)
        await world.fails(code, "alice", "PatchConcepts", request, **ZOO)
    found = (await world.ok("alice", "GetConcept", GetConceptRequest(concept_id="cat"), **ZOO)).concept
    assert found.name == "cat"


async def test_concepts_are_searched_by_name(world: World) -> None:
    await post(world, Concept(id="1", name="general"), Concept(id="2", name="gent"), Concept(id="3"))
    assert await searched(world, ConceptQuery(name="gen*")) == ["1", "2"]
    assert await searched(world, ConceptQuery(name="GENT")) == ["2"]
    assert await searched(world, ConceptQuery()) == ["3", "1", "2"]
    assert await searched(world, ConceptQuery(), per_page=2, page=2) == ["2"]
    request = PostConceptsSearchesRequest(concept_query=ConceptQuery(workflow=Workflow(id="x")))
    await world.fails(INVALID, "alice", "PostConceptsSearches", request, **ZOO)


async def test_visitors_read_the_concepts_of_public_apps_alone(world: World) -> None:
    await post(world, Concept(id="cat"))
    get = GetConceptRequest(concept_id="cat")
    reads = (("GetConcept", get), ("ListConcepts", None), ("PostConceptsSearches", None))
    for rpc, request in reads:
        await world.fails(Code.CONN_DOES_NOT_EXIST, "mallory", rpc, request, **ZOO)
    public = PatchAppsRequest(
        apps=[App(id="zoo", visibility=Visibility(gettable=Visibility.PUBLIC))], action="overwrite"
    )
    await world.ok("alice", "PatchApps", public, user_id="me")
    for rpc, request in reads:
        await world.ok("mallory", rpc, request, **ZOO)
    change = PatchConceptsRequest(concepts=[Concept(id="cat", name="x")], action="overwrite")
    await world.fails(Code.CONN_DOES_NOT_EXIST, "mallory", "PatchConcepts", change, **ZOO)


async def ensured(world: World, key: str, *given: Concept) -> dict[str, str]:
    dispatcher = world.app.dispatcher
    actor = await dispatcher.keyring.authenticate(world.tokens.get(key, key))
    call = await dispatcher.enter("ListConcepts", actor, UserAppIDSet(**ZOO))
    async with call.write():
        return {id: c.name for id, c in (await ensure_concepts(call, given)).items()}


async def test_missing_concepts_are_made_on_the_way(world: World) -> None:
    await post(world, Concept(id="cat", name="Cat"))
    given = [Concept(id="dog", name="Dog"), Concept(id="cat", name="x"), Concept(id="dog")]
    assert await ensured(world, "alice", *given) == {"dog": "Dog", "cat": "Cat"}
    assert await listed(world) == ["cat", "dog"]
    with pytest.raises(Invalid, match=r"concept\.id"):
        await ensured(world, "alice", Concept(id="a b"))


async def test_missing_concepts_are_made_by_none_who_may_not(world: World) -> None:
    await post(world, Concept(id="cat"))
    reader = await world.add_key("alice", "zoo", scopes=["Concepts:Get"])
    part = Collaborator(user=User(id="bob"), scopes=["Concepts:Get"])
    await world.ok("alice", "PostCollaborators", PostCollaboratorsRequest(collaborators=[part]), **ZOO)
    for key in (reader, "bob"):
        assert await ensured(world, key, Concept(id="cat")) == {"cat": "cat"}
        with pytest.raises(InsufficientScopes, match="Concepts:Add"):
            await ensured(world, key, Concept(id="dog"))
    assert await listed(world) == ["cat"]
