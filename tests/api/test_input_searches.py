"""Searches of inputs, through the door."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import (
    Annotation,
    Concept,
    Data,
    Filter,
    Image,
    Input,
    Query,
    Rank,
    Region,
    Search,
    Text,
)
from clarifai_grpc.grpc.api.service_pb2 import PostInputsSearchesRequest
from clarifai_grpc.grpc.api.status.status_code_pb2 import StatusCode as Code
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from world import World
from zoo import (
    ZOO,
    annotate,
    anywhere_having,
    having,
    hits,
    ids,
    labelled,
    note,
    picture,
    post,
    search_for,
    text,
)

from bowerbird.jobs import drain

pytestmark = pytest.mark.anyio
IMAGES = Filter(input=Input(data=Data(image=Image())))


@pytest.fixture
async def zoo(world: World) -> World:
    """Four inputs: a and b are pictures, c and d texts."""
    await post(
        world,
        picture("a", concepts={"cat": 1}, metadata={"site": "north", "n": 1, "tags": ["new", "wet"]}),
        picture("b", concepts={"cat": 0, "dog": 1}, metadata={"site": "north", "n": 2}),
        text("c", concepts={"cat": 1, "dog": 1}, metadata={"site": "south", "camera": {"id": 7, "on": True}}),
        text("d"),
    )
    return world


async def test_hits_come_newest_first_with_their_app(zoo: World) -> None:
    answer = await zoo.ok("alice", "PostInputsSearches", search_for(), **ZOO)
    assert ids(hit.input for hit in answer.hits) == ["d", "c", "b", "a"]
    assert {(h.score, h.user_id, h.app_id) for h in answer.hits} == {(1.0, "alice", "zoo")}
    assert answer.hits[3].input.data.image.url.startswith("http")


async def test_concepts_are_with_without_or_not_said(zoo: World) -> None:
    assert await hits(zoo, labelled("cat")) == ["c", "a"]
    assert await hits(zoo, labelled("cat", 0)) == ["b"]
    assert await hits(zoo, labelled("cat", negate=True)) == ["d", "b"]
    assert await hits(zoo, labelled("nix")) == []
    assert await hits(zoo, labelled("nix", negate=True)) == ["d", "c", "b", "a"]


async def test_filters_and_their_parts_are_anded(zoo: World) -> None:
    assert await hits(zoo, labelled("cat"), labelled("dog")) == ["c"]
    both = Filter(
        annotation={"data": Data(concepts=[Concept(id="cat", value=1), Concept(id="dog", value=1)])}
    )
    assert await hits(zoo, both) == ["c"]
    both.negate = True
    assert await hits(zoo, both) == ["d", "b", "a"]
    assert await hits(zoo, having({"site": "north", "n": 2})) == ["b"]
    assert await hits(zoo, labelled("dog"), IMAGES, having({"site": "north"})) == ["b"]


async def test_a_concept_may_be_named(zoo: World) -> None:
    def named(name: str) -> Filter:
        return Filter(annotation=Annotation(data=Data(concepts=[Concept(name=name, value=1)])))

    assert await hits(zoo, named("dog")) == ["c", "b"]
    assert await hits(zoo, named("nobody")) == []


async def test_metadata_are_found_by_containment(zoo: World) -> None:
    assert await hits(zoo, having({"camera": {"id": 7}})) == ["c"]
    assert await hits(zoo, having({"camera": {}})) == ["c"]
    assert await hits(zoo, having({"tags": ["wet"]})) == ["a"]
    assert await hits(zoo, having({"tags": ["wet", "old"]})) == []
    assert await hits(zoo, having({"n": "1"})) == []
    assert await hits(zoo, having({"site": "north"}, negate=True)) == ["d", "c"]


async def test_lists_of_things_are_checked_thing_by_thing(zoo: World) -> None:
    await post(zoo, text("mixed", metadata={"boxes": [{"w": 1, "h": 2}, {"w": 3, "h": 4}]}))
    await annotate(zoo, note("d", "n", {"cat": 1}, {"boxes": [{"w": 1, "h": 4}]}))
    assert await hits(zoo, having({"boxes": [{"w": 1, "h": 2}]})) == ["mixed"]
    assert await hits(zoo, having({"boxes": [{"w": 1, "h": 4}]})) == []
    assert await hits(zoo, anywhere_having({"boxes": [{"w": 1, "h": 4}]})) == ["d"]
    assert await hits(zoo, having({"boxes": [{"w": 1, "h": 2}]}), page=2, per_page=1) == []
    count = await zoo.ok(
        "alice",
        "PostInputsSearches",
        search_for(having({"boxes": [{"w": 3, "h": 4}]}), only_count=True),
        **ZOO,
    )
    assert count.hit_counts[0].estimated_total == 1


async def test_metadata_of_annotations_are_found_with_those_of_inputs(zoo: World) -> None:
    await annotate(zoo, note("d", concepts={"cat": 1}, metadata={"site": "north"}))
    assert await hits(zoo, anywhere_having({"site": "north"})) == ["d", "b", "a"]
    assert await hits(zoo, having({"site": "north"})) == ["b", "a"]
    assert await hits(zoo, anywhere_having({"site": "north"}), per_page=1, page=2) == ["b"]


async def test_ids_kinds_and_statuses(zoo: World) -> None:
    assert await hits(zoo, Filter(input=Input(id="b"))) == ["b"]
    assert await hits(zoo, Filter(annotation=Annotation(input_id="b")), labelled("cat")) == []
    assert await hits(zoo, Filter(input=Input(id="b"), negate=True)) == ["d", "c", "a"]
    assert await hits(zoo, Filter(input=Input(data=Data(text=Text())))) == ["d", "c"]
    await drain(zoo.app.services)
    await post(zoo, text("e", concepts={"cat": 1}))
    done = Filter(input=Input(status=Status(code=Code.INPUT_SUCCESS)))
    assert await hits(zoo, done, labelled("cat")) == ["c", "a"]


async def test_annotations_are_found_by_maker_and_status(zoo: World) -> None:
    pending = Status(code=Code.ANNOTATION_PENDING)
    await annotate(
        zoo, note("d", concepts={"x": 1}, status=pending), note("a", concepts={"x": 1}, model_version_id="v")
    )
    assert await hits(zoo, Filter(annotation=Annotation(status=pending))) == ["d"]
    assert await hits(zoo, Filter(annotation=Annotation(model_version_id="v"))) == ["a"]
    assert await hits(zoo, Filter(annotation=Annotation(model_version_id="v", status=pending))) == []
    assert await hits(zoo, Filter(annotation=Annotation(user_id="alice")), IMAGES) == ["b", "a"]


async def test_pages(zoo: World) -> None:
    assert await hits(zoo, page=1, per_page=3) == ["d", "c", "b"]
    assert await hits(zoo, page=2, per_page=3) == ["a"]
    assert await hits(zoo, labelled("cat"), page=2, per_page=1) == ["a"]
    too_many = search_for(per_page=1001)
    await zoo.fails(Code.CONN_INVALID_RANGE, "alice", "PostInputsSearches", too_many, **ZOO)


async def test_counts_instead_of_hits_for_each_search(zoo: World) -> None:
    request = search_for(labelled("cat"), only_count=True)
    request.searches.add()
    answer = await zoo.ok("alice", "PostInputsSearches", request, **ZOO)
    assert not answer.hits
    assert [c.estimated_total for c in answer.hit_counts] == [2, 4]


async def test_several_searches_answer_in_turn(zoo: World) -> None:
    request = search_for(labelled("dog"))
    request.searches.add(query=Query(filters=[labelled("cat", 0)]))
    answer = await zoo.ok("alice", "PostInputsSearches", request, **ZOO)
    assert ids(hit.input for hit in answer.hits) == ["c", "b", "b"]


async def test_other_apps_are_not_searched(zoo: World) -> None:
    await zoo.add_app("alice", "other")
    answer = await zoo.ok(
        "alice", "PostInputsSearches", search_for(labelled("cat")), user_id="alice", app_id="other"
    )
    assert not answer.hits
    await zoo.fails(Code.CONN_DOES_NOT_EXIST, "mallory", "PostInputsSearches", search_for(), **ZOO)


REFUSED = [
    ("ranks[0].annotation.data.geo", Query(ranks=[Rank(annotation={"data": Data(geo={"geo_box": []})})])),
    ("ands", Query(ands=[{"input": Input(id="a")}])),
    ("language", Query(language="ja")),
    ("input.dataset_ids", Query(filters=[Filter(input=Input(dataset_ids=["d"]))])),
    ("input.data.geo", Query(filters=[Filter(input=Input(data=Data(geo={"geo_limit": {"value": 1}})))])),
    ("input.data.image.url", Query(filters=[Filter(input=Input(data=Data(image=Image(url="x"))))])),
    ("annotation.data.regions", Query(filters=[Filter(annotation={"data": Data(regions=[Region()])})])),
    (
        "last_updated_time_range",
        Query(filters=[Filter(last_updated_time_range={"end_time": {"seconds": 1}})]),
    ),
    ("filters[0]", Query(filters=[Filter()])),
    ("value", Query(filters=[labelled("cat", 0.5)])),
    ("concepts[0]", Query(filters=[labelled("")])),
    ("zero byte", Query(filters=[Filter(input=Input(id="a\0"))])),
    ("negated", Query(filters=[having({"boxes": [{"w": 1, "h": 2}]}, negate=True)])),
    ("status", Query(filters=[Filter(annotation=note("", concepts={"x": 1}, status={"code": 24150}))])),
]


async def test_what_is_not_served_is_refused_by_name(zoo: World) -> None:
    for named, query in REFUSED:
        request = PostInputsSearchesRequest(searches=[Search(query=query)])
        details = await zoo.fails(Code.SEARCH_INVALID_REQUEST, "alice", "PostInputsSearches", request, **ZOO)
        assert named in details


async def test_saved_searches_are_refused(zoo: World) -> None:
    request = PostInputsSearchesRequest(searches=[Search(id="s", save=True)])
    await zoo.fails(Code.SEARCH_INVALID_REQUEST, "alice", "PostInputsSearches", request, **ZOO)
    await zoo.fails(
        Code.CONN_INVALID_REQUEST, "alice", "PostInputsSearches", PostInputsSearchesRequest(), **ZOO
    )
