"""Operators in collectors and workflows: relations that change, crops, neighbours, calls elsewhere."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Concept, ConceptRelation, Model, ModelVersion, OutputInfo
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteConceptRelationsRequest,
    PostCollectorsRequest,
    PostConceptRelationsRequest,
    PostConceptsRequest,
    PostModelOutputsRequest,
    PostModelsRequest,
)
from pond import KEPT, Pond, struct
from workflows.doors import boxed, picture

from bowerbird.errors import Code

pytestmark = pytest.mark.anyio


async def relate(pond: Pond, subject: str, other: str) -> str:
    related = ConceptRelation(predicate="synonym", object_concept=Concept(id=other))
    request = PostConceptRelationsRequest(user_app_id=KEPT, concept_id=subject, concept_relations=[related])
    answer = await pond.world.ok("alice", "PostConceptRelations", request)
    return str(answer.concept_relations[0].id)


async def mapping(pond: Pond) -> None:
    """A collector that keeps what the app calls a dog."""
    concepts = [Concept(id=id) for id in ("dog", "puppy", "hound")]
    await pond.world.ok("alice", "PostConcepts", PostConceptsRequest(user_app_id=KEPT, concepts=concepts))
    await pond.add_operator("map", "concept-synonym-mapper", OutputInfo())
    threshold = OutputInfo()
    threshold.data.concepts.add(id="dog", value=0.5)
    await pond.add_operator("dogs", "concept-thresholder", threshold)
    await pond.add_workflow("w", ("map", "map", ()), ("dogs", "dogs", ("map",)))
    await pond.collect(pre_queue_workflow_id="w")


async def swapped(pond: Pond) -> None:
    """Wait until the tap has heard of a change by itself."""
    old = pond.world.collecting.plans.by_model
    async with asyncio.timeout(5):
        while pond.world.collecting.plans.by_model is old:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)


async def test_a_relation_counts_as_soon_as_it_is_made_and_no_longer_when_it_is_deleted(pond: Pond) -> None:
    await mapping(pond)
    await relate(pond, "hound", "dog")
    await pond.settle()
    await pond.predict("puppy=0.9", "hound=0.9", "hound=0.4")
    assert len(await pond.kept()) == 1
    waiting = asyncio.create_task(swapped(pond))
    await asyncio.sleep(0)
    made = await relate(pond, "puppy", "dog")
    await waiting
    await pond.predict("puppy=0.9")
    assert len(await pond.kept()) == 2
    request = DeleteConceptRelationsRequest(user_app_id=KEPT, concept_id="puppy", ids=[made])
    waiting = asyncio.create_task(swapped(pond))
    await asyncio.sleep(0)
    await pond.world.ok("alice", "DeleteConceptRelations", request)
    await waiting
    await pond.predict("puppy=0.9")
    assert len(await pond.kept()) == 2


@pytest.mark.parametrize(
    ("type_id", "params", "where"),
    [
        ("webhook", {"url": "https://hooks.example/"}, "a post-queue workflow"),
        ("language-id", {}, "a post-queue workflow"),
        ("annotation-writer", {}, "an app's base workflow"),
    ],
)
async def test_what_is_not_light_is_refused_before_the_queue(
    pond: Pond, type_id: str, params: dict[str, object], where: str
) -> None:
    await pond.add_operator("heavy", type_id, OutputInfo(params=struct(**params)))
    await pond.add_workflow("w", ("n", "heavy", ()))
    request = PostCollectorsRequest(user_app_id=KEPT, collectors=[pond.collector(pre_queue_workflow_id="w")])
    said = await pond.world.fails(Code.WORKFLOW_INVALID_ARGUMENT, "alice", "PostCollectors", request)
    assert f"it can be used in {where}" in said


async def test_a_writer_of_annotations_is_refused_after_the_queue(pond: Pond) -> None:
    await pond.add_operator("writer", "annotation-writer", OutputInfo())
    await pond.add_workflow("w", ("n", "writer", ()))
    request = PostCollectorsRequest(user_app_id=KEPT, collectors=[pond.collector(post_queue_workflow_id="w")])
    said = await pond.world.fails(Code.WORKFLOW_INVALID_ARGUMENT, "alice", "PostCollectors", request)
    assert "in the base workflow of an app only" in said


async def test_annotations_are_written_for_those_who_work_in_the_app(pond: Pond) -> None:
    def writer(id: str, user: str) -> PostModelsRequest:
        info = OutputInfo(params=struct(annotation_user_id=user))
        version = ModelVersion(output_info=info)
        model = Model(id=id, model_type_id="annotation-writer", model_version=version)
        return PostModelsRequest(user_app_id=KEPT, models=[model])

    await pond.world.ok("alice", "PostModels", writer("own", "alice"))
    said = await pond.world.fails(Code.MODEL_INVALID_ARGUMENT, "alice", "PostModels", writer("w", "mallory"))
    assert "output_info.params.annotation_user_id: expected the app's owner or a collaborator" in said


async def asked(pond: Pond, model: str, request: PostModelOutputsRequest) -> PostModelOutputsRequest:
    request.user_app_id.CopyFrom(KEPT)
    request.model_id = model
    return await pond.world.call("alice", "PostModelOutputs", request)


async def test_crops_are_answered(pond: Pond) -> None:
    await pond.add_operator("crop", "image-crop", OutputInfo())
    request = PostModelOutputsRequest()
    given = request.inputs.add().data
    given.CopyFrom(boxed((0, 0, 1, 0.5), (0, 0.5, 1, 1)))
    given.image.base64 = picture()
    answer = await asked(pond, "crop", request)
    regions = answer.outputs[0].data.regions
    assert [(r.id, r.data.image.image_info.width, bool(r.data.image.base64)) for r in regions] == [
        ("r0", 20, True),
        ("r1", 20, True),
    ]


async def test_an_app_that_holds_nothing_has_no_neighbours(pond: Pond) -> None:
    await pond.add_operator("knn", "knn-concept", OutputInfo())
    await pond.add_operator("new", "novelty-filter", OutputInfo())
    for model, keeps in (("knn", False), ("new", True)):
        request = PostModelOutputsRequest()
        request.inputs.add().data.embeddings.add(vector=[1, 0], num_dimensions=2)
        answer = await asked(pond, model, request)
        assert bool(answer.outputs[0].data.ByteSize()) is keeps


@asynccontextmanager
async def hook(answers: Sequence[tuple[str, bytes]]) -> AsyncIterator[tuple[str, list[tuple[str, bytes]]]]:
    """A server on this machine, and what it was sent: heads and bodies."""
    seen: list[tuple[str, bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].split()[0])
        seen.append((head, await reader.readexactly(length)))
        status, body = answers[min(len(seen), len(answers)) - 1]
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/in", seen


async def called(pond: Pond, url: str) -> tuple[int, str, list[str]]:
    """The code of the answer, its details, and the concepts that came back."""
    await pond.add_operator("hook", "webhook", OutputInfo(params=struct(url=url)))
    request = PostModelOutputsRequest()
    request.inputs.add().data.concepts.add(id="a", value=0.5)
    answer = await asked(pond, "hook", request)
    output = answer.outputs[0]
    return output.status.code, output.status.details, [c.id for c in output.data.concepts]


async def test_a_webhook_is_called_and_its_answer_merged(pond: Pond) -> None:
    pond.world.app.services.settings = pond.world.app.services.settings.model_copy(
        update={"fetch_allow": ("127.0.0.1",)}
    )
    busy, fine = ("503 Busy", b""), ("200 OK", b'{"concepts": [{"id": "b", "value": 0.25}]}')
    async with hook([busy, fine]) as (url, seen):
        assert await called(pond, url) == (Code.SUCCESS, "", ["a", "b"])
    assert len(seen) == 2
    head, body = seen[1]
    assert head.startswith("post /in ")
    assert "x-bowerbird-signature: t=" in head
    assert json.loads(body)["user_app_id"] == {"user_id": "alice", "app_id": "kept"}


async def test_a_webhook_does_not_reach_private_hosts(pond: Pond) -> None:
    async with hook([("200 OK", b"")]) as (url, seen):
        code, details, _ = await called(pond, url)
    assert code == Code.MODEL_PREDICTION_FAILED
    assert "fetch_allow" in details
    assert seen == []


async def test_a_webhook_follows_no_redirect(pond: Pond) -> None:
    pond.world.app.services.settings = pond.world.app.services.settings.model_copy(
        update={"fetch_allow": ("127.0.0.1",)}
    )
    async with hook([("302 Found\r\nLocation: http://127.0.0.1:1/", b"")]) as (url, seen):
        code, details, _ = await called(pond, url)
    assert (code, len(seen)) == (Code.MODEL_PREDICTION_FAILED, 1)
    assert "302" in details
