"""A base workflow may write annotations: each once, however often the input is indexed."""

import pytest
from base import add_embedder, add_workflow, counts, use, work
from clarifai_grpc.grpc.api.resources_pb2 import Annotation, Collaborator, Model, OutputInfo, User
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteCollaboratorsRequest,
    ListAnnotationsRequest,
    PostCollaboratorsRequest,
    PostModelsRequest,
)
from clarifai_grpc.grpc.api.status.status_code_pb2 import StatusCode as Code
from pond import struct
from world import World
from zoo import ZOO, get, hits, labelled, post, text

pytestmark = pytest.mark.anyio


async def written(world: World) -> list[Annotation]:
    request = ListAnnotationsRequest(list_all_annotations=True)
    return list((await world.ok("alice", "ListAnnotations", request, **ZOO)).annotations)


async def with_writer(world: World, **params: object) -> None:
    await add_embedder(world)
    info = OutputInfo(params=struct(annotation_status="ANNOTATION_SUCCESS", **params))
    model = Model(id="writer", model_type_id="annotation-writer", output_info=info)
    await world.ok("alice", "PostModels", PostModelsRequest(models=[model]), **ZOO)
    await add_workflow(world, "base", "arrow", "writer")
    await use(world, "base")


async def test_what_the_workflow_writes_is_there_once(world: World) -> None:
    await with_writer(world)
    await post(world, text("a", "1,0 cat=0.9"))
    await work(world)
    (note,) = await written(world)
    assert (note.input_id, note.user_id, note.trusted) == ("a", "alice", True)
    assert await hits(world, labelled("cat")) == ["a"]
    await use(world, "base", reindex=True)
    await work(world)
    assert await counts(world) == {"reindexed": 1}
    assert await written(world) == [note]


async def test_what_cannot_be_written_is_the_inputs_failure(world: World) -> None:
    await with_writer(world)
    await post(world, text("a", "1,0 c@t=0.9"), text("b", "1,0 cat=0.9"))
    await work(world)
    assert await counts(world) == {"processed": 1, "errors": 1}
    assert "c@t" in (await get(world, "a")).status.details


async def test_what_a_model_says_is_no_label(world: World) -> None:
    await add_embedder(world)
    await add_workflow(world, "base", "arrow")
    await use(world, "base")
    await post(world, text("a", "1,0 cat=0.9"))
    await work(world)
    assert await written(world) == []
    assert await hits(world, labelled("cat")) == []


async def test_annotations_are_a_collaborators_for_as_long_as_he_works_in_the_app(world: World) -> None:
    bob = Collaborator(user=User(id="bob"), scopes=["All"])
    await world.ok("alice", "PostCollaborators", PostCollaboratorsRequest(collaborators=[bob]), **ZOO)
    await with_writer(world, annotation_user_id="bob")
    await post(world, text("a", "1,0 cat=0.9"))
    await work(world)
    (note,) = await written(world)
    assert (note.user_id, note.worker.user.id, note.status.code) == ("bob", "bob", Code.ANNOTATION_SUCCESS)
    gone = DeleteCollaboratorsRequest(collaborator_ids=["bob"])
    await world.ok("alice", "DeleteCollaborators", gone, **ZOO)
    await post(world, text("b", "1,0 cat=0.9"))
    await work(world)
    assert "'bob' does not work in the app" in (await get(world, "b")).status.details
    assert [one.input_id for one in await written(world)] == ["a"]
