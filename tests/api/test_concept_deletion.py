"""Concepts deleted, through the door."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import (
    Collaborator,
    Concept,
    ConceptRelation,
    Data,
    Model,
    ModelVersion,
    OutputInfo,
    User,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteConceptRelationsRequest,
    DeleteInputRequest,
    DeleteModelRequest,
    ListConceptsRequest,
    PostCollaboratorsRequest,
    PostConceptRelationsRequest,
    PostConceptsRequest,
    PostModelsRequest,
)
from world import World
from zoo import post, text

from bowerbird.errors import Code
from bowerbird.proto.labelling_pb2 import DeleteConceptsRequest

pytestmark = pytest.mark.anyio
ZOO = {"user_id": "alice", "app_id": "zoo"}
INVALID = Code.CONCEPTS_INVALID_REQUEST


@pytest.fixture(autouse=True)
async def concepts(world: World) -> None:
    made = [Concept(id=id) for id in ("cat", "dog", "cow")]
    await world.ok("alice", "PostConcepts", PostConceptsRequest(concepts=made), **ZOO)


async def listed(world: World) -> list[str]:
    return [c.id for c in (await world.ok("alice", "ListConcepts", ListConceptsRequest(), **ZOO)).concepts]


async def delete(world: World, *ids: str) -> None:
    await world.ok("alice", "DeleteConcepts", DeleteConceptsRequest(ids=ids), **ZOO)


async def refused(world: World, *ids: str, who: str = "alice", code: int = INVALID) -> str:
    return await world.fails(code, who, "DeleteConcepts", DeleteConceptsRequest(ids=ids), **ZOO)


async def test_concepts_that_nothing_uses_are_deleted(world: World) -> None:
    await delete(world, "cat", "cow")
    assert await listed(world) == ["dog"]
    again = PostConceptsRequest(concepts=[Concept(id="cat")])
    await world.ok("alice", "PostConcepts", again, **ZOO)


async def test_a_concept_of_a_label_stays_and_none_of_the_call_goes(world: World) -> None:
    await post(world, text("a", "meow", concepts={"cat": 0}))
    assert (
        await refused(world, "dog", "cat") == "concept 'cat' is in use: 1 input is annotated as it, or as not"
    )
    assert await listed(world) == ["cat", "dog", "cow"]
    await world.ok("alice", "DeleteInput", DeleteInputRequest(input_id="a"), **ZOO)
    await delete(world, "cat")


async def test_a_concept_of_a_model_stays(world: World) -> None:
    output = OutputInfo(data=Data(concepts=[Concept(id="cat", value=0.5)]))
    model = Model(
        id="pick", model_type_id="concept-thresholder", model_version=ModelVersion(output_info=output)
    )
    await world.ok("alice", "PostModels", PostModelsRequest(models=[model]), **ZOO)
    assert "model 'pick'" in await refused(world, "cat")
    await world.ok("alice", "DeleteModel", DeleteModelRequest(model_id="pick"), **ZOO)
    await delete(world, "cat")


async def test_a_related_concept_stays_whichever_end_it_is(world: World) -> None:
    relation = ConceptRelation(id="r", object_concept=Concept(id="dog"), predicate="synonym")
    request = PostConceptRelationsRequest(concept_id="cat", concept_relations=[relation])
    await world.ok("alice", "PostConceptRelations", request, **ZOO)
    for id in ("cat", "dog"):
        assert "1 relation to other concepts" in await refused(world, id)
    gone = DeleteConceptRelationsRequest(concept_id="cat", ids=["r"])
    await world.ok("alice", "DeleteConceptRelations", gone, **ZOO)
    await delete(world, "cat", "dog")


async def test_what_is_not_there_and_who_may_not(world: World) -> None:
    await refused(world, "cat", "unicorn", code=Code.CONN_DOES_NOT_EXIST)
    assert len(await listed(world)) == 3
    await refused(world, code=Code.CONN_INVALID_REQUEST)
    bob = Collaborator(user=User(id="bob"), scopes=["Concepts:Get", "Concepts:Add"])
    await world.ok("alice", "PostCollaborators", PostCollaboratorsRequest(collaborators=[bob]), **ZOO)
    assert "Concepts:Delete" in await refused(world, "cat", who="bob", code=Code.CONN_INSUFFICIENT_SCOPES)
    await refused(world, "cat", who="mallory", code=Code.CONN_DOES_NOT_EXIST)
