"""Searches that rank: by likeness to a medium, an input or a vector, and by what is predicted."""

from typing import Any

import pytest
from base import with_base, work
from clarifai_grpc.grpc.api.resources_pb2 import (
    Annotation,
    Concept,
    Data,
    Embedding,
    Filter,
    Image,
    Query,
    Rank,
    Search,
    Text,
)
from clarifai_grpc.grpc.api.service_pb2 import Pagination, PostInputsSearchesRequest
from clarifai_grpc.grpc.api.status.status_code_pb2 import StatusCode as Code
from world import World
from zoo import ZOO, having, post, text

pytestmark = pytest.mark.anyio


def ranked(
    annotation: Annotation,
    *filters: Filter,
    negate: bool = False,
    page: int = 1,
    per_page: int = 10,
    **more: Any,
) -> PostInputsSearchesRequest:
    query = Query(ranks=[Rank(annotation=annotation, negate=negate)], filters=filters)
    return PostInputsSearchesRequest(
        searches=[Search(query=query, **more)], pagination=Pagination(page=page, per_page=per_page)
    )


async def found(world: World, request: PostInputsSearchesRequest) -> list[tuple[str, float]]:
    answer = await world.ok("alice", "PostInputsSearches", request, **ZOO)
    return [(hit.input.id, round(hit.score, 2)) for hit in answer.hits]


def like(words: str) -> Annotation:
    return Annotation(data=Data(text=Text(raw=words)))


async def with_three(world: World) -> None:
    await with_base(world)
    await post(
        world,
        text("a", "1,0 cat=0.9", metadata={"site": "n"}),
        text("b", "3,4 cat=0.6 dog=0.8", metadata={"site": "s"}),
        text("c", "0,1 dog=0.7", metadata={"site": "n"}),
    )
    await work(world)


async def test_the_most_alike_come_first(world: World) -> None:
    await with_three(world)
    assert await found(world, ranked(like("2,0"))) == [("a", 1.0), ("b", 0.8), ("c", 0.5)]
    assert await found(world, ranked(Annotation(input_id="c"))) == [("c", 1.0), ("b", 0.9), ("a", 0.5)]
    given = Annotation(data=Data(embeddings=[Embedding(vector=[0, 1])]))
    assert await found(world, ranked(given, page=2, per_page=1)) == [("b", 0.9)]
    assert await found(world, ranked(like("1,0"), min_value=0.7)) == [("a", 1.0), ("b", 0.8)]
    assert (await found(world, ranked(like("1,0"), negate=True)))[0][0] == "c"


async def test_filters_narrow_what_is_ranked(world: World) -> None:
    await with_three(world)
    assert await found(world, ranked(like("3,4"), having({"site": "n"}))) == [("c", 0.9), ("a", 0.8)]


async def test_what_is_predicted_ranks(world: World) -> None:
    await with_three(world)
    cats = Annotation(data=Data(concepts=[Concept(id="cat", value=1)]))
    assert await found(world, ranked(cats)) == [("a", 0.9), ("b", 0.6)]
    assert await found(world, ranked(cats, having({"site": "s"}))) == [("b", 0.6)]


async def test_what_cannot_be_ranked_by_is_named(world: World) -> None:
    async def refused(annotation: Annotation) -> str:
        code = Code.SEARCH_INVALID_REQUEST
        return await world.fails(code, "alice", "PostInputsSearches", ranked(annotation), **ZOO)

    await post(world, text("a", "1,0"))
    assert "no embedding" in await refused(like("1,0"))
    assert "no embedding" in await refused(Annotation(input_id="a"))
    assert "expected input_id" in await refused(Annotation())
    assert "metadata" in await refused(Annotation(data=having({"a": 1}).input.data))
    await with_base(world)
    assert "no embedding" in await refused(Annotation(data=Data(image=Image(base64=b"x"))))
