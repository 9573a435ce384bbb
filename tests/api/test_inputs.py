"""Inputs, through the door: posted, read, listed, streamed, patched, counted, deleted."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import (
    Concept,
    Data,
    Geo,
    GeoLimit,
    GeoPoint,
    Image,
    Input,
    InputIDConflictResolution,
    Text,
    UserAppIDSet,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteInputRequest,
    DeleteInputsRequest,
    GetConceptRequest,
    GetInputRequest,
    ListAnnotationsRequest,
    ListInputsRequest,
    PatchInputsRequest,
    PostInputsRequest,
    StreamInputsRequest,
)
from clarifai_grpc.grpc.api.status.status_code_pb2 import StatusCode as Code
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from world import World
from zoo import ZOO, get, having, hits, ids, labelled, linked, made, picture, png, png_bomb, post, text

from bowerbird.jobs import drain

pytestmark = pytest.mark.anyio


async def refused(world: World, *inputs: Input) -> list[int]:
    """The statuses of inputs of which none is taken."""
    answer = await world.call("alice", "PostInputs", PostInputsRequest(inputs=inputs), **ZOO)
    assert answer.status.code == Code.FAILURE, answer
    return [i.status.code for i in answer.inputs]


async def listed(world: World, **fields: object) -> list[str]:
    return ids((await world.ok("alice", "ListInputs", ListInputsRequest(**fields), **ZOO)).inputs)


async def patched(world: World, action: str, *inputs: Input):
    return await world.ok("alice", "PatchInputs", PatchInputsRequest(inputs=inputs, action=action), **ZOO)


async def test_an_input_is_pending_first_and_done_once_it_was_processed(world: World) -> None:
    posted = (await post(world, picture("a"))).inputs[0]
    assert posted.status.code == Code.INPUT_PENDING
    assert not posted.data.image.base64
    await drain(world.app.services)
    done = await get(world, "a")
    assert done.status.code == Code.INPUT_SUCCESS
    assert (done.data.image.image_info.width, done.data.image.image_info.format) == (8, "PNG")
    assert done.created_at.seconds == int(world.clock.now)


async def test_an_input_without_an_id_is_given_one(world: World) -> None:
    first, second = (await post(world, picture(), picture())).inputs
    assert len(first.id) == 32
    assert first.id != second.id


async def test_a_text_is_kept_as_a_file(world: World) -> None:
    stored = (await post(world, text("t", "grüße"))).inputs[0].data.text
    assert not stored.raw
    assert stored.url.endswith("/media/orig/users/alice/apps/zoo/inputs/t")
    assert (stored.text_info.char_count, stored.text_info.encoding) == (5, "UTF-8")


async def test_what_is_posted_beside_the_medium_is_kept(world: World) -> None:
    given = picture(
        "a", concepts={"cat": 1, "dog": 0}, metadata={"site": "north", "nested": {"a": [1, None]}}
    )
    given.data.geo.geo_point.longitude = -30
    await post(world, given)
    stored = (await get(world, "a")).data
    assert stored.metadata == given.data.metadata
    assert stored.geo == given.data.geo
    assert [(c.id, c.name, c.value, c.app_id) for c in stored.concepts] == [
        ("cat", "cat", 1, "zoo"),
        ("dog", "dog", 0, "zoo"),
    ]


async def test_missing_concepts_are_made(world: World) -> None:
    await post(world, picture("a", concepts={"cat": 1}))
    answer = await world.ok("alice", "GetConcept", GetConceptRequest(concept_id="cat"), **ZOO)
    assert answer.concept.name == "cat"


async def test_concepts_are_the_input_level_annotation(world: World) -> None:
    await post(world, picture("a", concepts={"cat": 1}), picture("b"))
    (found,) = (await world.ok("alice", "ListAnnotations", ListAnnotationsRequest(), **ZOO)).annotations
    assert (found.input_id, found.input_level, found.trusted, found.user_id) == ("a", True, True, "alice")
    assert [(c.id, c.value) for c in found.data.concepts] == [("cat", 1)]


async def test_bad_inputs_are_refused_one_by_one_and_the_others_taken(world: World) -> None:
    request = PostInputsRequest(
        inputs=[picture("good"), picture("bomb", png_bomb()), picture("torn", png()[:50])]
    )
    answer = await world.call("alice", "PostInputs", request, **ZOO)
    assert answer.status.code == Code.MIXED_STATUS
    assert [i.status.code for i in answer.inputs] == [
        Code.INPUT_PENDING,
        Code.INPUT_OVER_LIMIT,
        Code.INPUT_UNSUPPORTED_FORMAT,
    ]
    assert await listed(world) == ["good"]


async def test_a_medium_must_be_what_it_is_said_to_be(world: World) -> None:
    codes = await refused(
        world,
        picture("html", b"<html><script>alert(1)</script></html>"),
        picture("svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        text("zero", "a\0b"),
        text("long", "x" * (1024 * 1024 + 1)),
    )
    unsupported, over = Code.INPUT_UNSUPPORTED_FORMAT, Code.INPUT_OVER_LIMIT
    assert codes == [unsupported, unsupported, unsupported, over]
    assert await listed(world) == []


async def test_an_input_has_exactly_one_medium(world: World) -> None:
    two = Input(id="two", data=Data(image=Image(base64=png()), text=Text(raw="x")))
    both = Input(id="both", data=Data(image=Image(base64=png(), url="https://example.com/x")))
    codes = await refused(world, two, both, Input(id="none"), Input(id="empty", data=Data(image=Image())))
    assert codes == [Code.INPUT_INVALID_ARGUMENT] * 4


async def test_bad_ids_are_refused(world: World) -> None:
    bad = ["a:b", "a b", "ä", "x" * 129, "..", ".hidden", "a/b", "a\0", "a\n"]
    assert await refused(world, *map(text, bad)) == [Code.INPUT_INVALID_ARGUMENT] * len(bad)


async def test_what_an_input_cannot_carry_is_refused_by_name(world: World) -> None:
    given = picture("a")
    given.data.regions.add(id="r")
    answer = await world.call("alice", "PostInputs", PostInputsRequest(inputs=[given]), **ZOO)
    assert "inputs[0].data.regions" in answer.inputs[0].status.details
    assert await refused(world, Input(id="d", data=picture().data, dataset_ids=["x"])) == [
        Code.INPUT_INVALID_ARGUMENT
    ]


async def test_bad_places_are_refused(world: World) -> None:
    bad = [
        Geo(geo_point=GeoPoint(longitude=181)),
        Geo(geo_point=GeoPoint(latitude=float("nan"))),
        Geo(geo_limit=GeoLimit(value=1)),
        Geo(),
    ]
    given = [Input(data=Data(text=Text(raw="x"), geo=geo)) for geo in bad]
    assert await refused(world, *given) == [Code.INPUT_INVALID_ARGUMENT] * 4


async def test_bad_concepts_are_refused(world: World) -> None:
    bad = [[Concept(id="a", value=2)], [Concept(id="a", value=float("nan"))], [Concept(id="a")] * 2]
    given = [Input(data=Data(text=Text(raw="x"), concepts=concepts)) for concepts in bad]
    assert await refused(world, *given) == [Code.INPUT_INVALID_ARGUMENT] * 3
    assert await refused(world, text("a", concepts={"no id": 1})) == [Code.CONN_INVALID_REQUEST]


async def test_metadata_have_bounds(world: World) -> None:
    large = picture("large", metadata={"x": "y" * 70_000})
    many = picture("many", metadata={f"k{n}": n for n in range(2000)})
    assert await refused(world, large, many) == [Code.CONN_INVALID_REQUEST, Code.INPUT_INVALID_ARGUMENT]


async def test_metadata_may_hold_any_text(world: World) -> None:
    odd = {"zero\0key": "a\0b", "quote\"'": "%_\\", "": "empty", "long": "ß" * 500, "smile": "😀"}
    await post(world, picture("a", metadata=odd))
    assert dict((await get(world, "a")).data.metadata) == odd
    for key, value in odd.items():
        assert await hits(world, having({key: value})) == ["a"]


async def test_a_call_takes_at_most_128_inputs(world: World) -> None:
    request = PostInputsRequest(inputs=[text(f"t{n}") for n in range(129)])
    details = await world.fails(Code.CONN_INVALID_REQUEST, "alice", "PostInputs", request, **ZOO)
    assert "129" in details
    await world.fails(Code.CONN_INVALID_REQUEST, "alice", "PostInputs", PostInputsRequest(), **ZOO)
    assert await listed(world) == []


async def test_a_full_batch_is_taken_in_order(world: World) -> None:
    await post(world, *(text(f"t{n}") for n in range(128)))
    assert await listed(world, per_page=1000) == [f"t{n}" for n in reversed(range(128))]


async def test_an_id_in_use_is_refused_for_that_input_only(world: World) -> None:
    await post(world, text("a", "first"))
    request = PostInputsRequest(inputs=[text("a", "second"), text("b"), text("b")])
    answer = await world.call("alice", "PostInputs", request, **ZOO)
    assert answer.status.code == Code.MIXED_STATUS
    duplicate = Code.INPUT_DUPLICATE
    assert [i.status.code for i in answer.inputs] == [duplicate, Code.INPUT_PENDING, duplicate]
    assert (await get(world, "a")).data.text.text_info.char_count == len("first")


async def test_posting_again_adds_nothing(world: World) -> None:
    await post(world, text("a"), text("b"))
    assert await refused(world, text("a"), text("b")) == [Code.INPUT_DUPLICATE] * 2
    assert await listed(world) == ["b", "a"]


async def test_a_url_stands_in_an_app_once_unless_allowed(world: World) -> None:
    url = "https://example.com/cat.png"
    await post(world, linked("a", url))
    assert await refused(world, linked("b", url), linked("", url)) == [Code.INPUT_DUPLICATE] * 2
    await post(world, linked("c", url, again=True), linked("d", url, again=True))
    assert await listed(world) == ["d", "c", "a"]


async def test_the_same_url_twice_in_a_call_is_a_duplicate(world: World) -> None:
    request = PostInputsRequest(inputs=[linked("a", "http://x.example/1"), linked("b", "http://x.example/1")])
    answer = await world.call("alice", "PostInputs", request, **ZOO)
    assert [i.status.code for i in answer.inputs] == [Code.INPUT_PENDING, Code.INPUT_DUPLICATE]


async def test_what_is_no_web_address_is_refused(world: World) -> None:
    urls = ["ftp://example.com/x", "javascript:alert(1)", "/etc/passwd", "http://" + "x" * 5000]
    assert await refused(world, *(linked("", url) for url in urls)) == [Code.INPUT_INVALID_URL] * 4


async def test_suffixes_for_ids_in_use_are_not_served(world: World) -> None:
    request = PostInputsRequest(
        inputs=[text("a")], input_id_conflict_resolution=InputIDConflictResolution.SUFFIX
    )
    await world.fails(Code.CONN_INVALID_REQUEST, "alice", "PostInputs", request, **ZOO)


async def test_strangers_neither_post_nor_read(world: World) -> None:
    await post(world, text("a"))
    for rpc, request in [
        ("PostInputs", PostInputsRequest(inputs=[text("b")])),
        ("GetInput", GetInputRequest(input_id="a")),
        ("ListInputs", None),
        ("StreamInputs", None),
        ("GetInputCount", None),
        ("PatchInputs", PatchInputsRequest(inputs=[Input(id="a")], action="merge")),
        ("DeleteInput", DeleteInputRequest(input_id="a")),
        ("DeleteInputs", DeleteInputsRequest(ids=["a"])),
    ]:
        await world.fails(Code.CONN_DOES_NOT_EXIST, "mallory", rpc, request, **ZOO)
    assert await listed(world) == ["a"]


async def test_a_key_that_may_not_add_concepts_adds_no_inputs_with_new_ones(world: World) -> None:
    scopes = ["Inputs:Add", "Inputs:Get", "Annotations:Get", "Concepts:Get"]
    key = await world.add_key("alice", "zoo", scopes=scopes)
    new = PostInputsRequest(inputs=[picture("a", concepts={"cat": 1})], user_app_id=UserAppIDSet())
    await world.fails(Code.CONN_INSUFFICIENT_SCOPES, key, "PostInputs", new)
    assert await listed(world) == []


async def test_an_input_that_is_not_there_is_named(world: World) -> None:
    details = await world.fails(
        Code.INPUT_DOES_NOT_EXIST, "alice", "GetInput", GetInputRequest(input_id="nix\0"), **ZOO
    )
    assert "nix" in details


async def test_lists_show_the_newest_first_in_pages(world: World) -> None:
    await post(world, *(text(f"t{n}") for n in range(5)))
    assert await listed(world, page=1, per_page=2) == ["t4", "t3"]
    assert await listed(world, page=3, per_page=2) == ["t0"]
    assert await listed(world, page=4, per_page=2) == []
    too_many = ListInputsRequest(per_page=1001)
    await world.fails(Code.CONN_INVALID_RANGE, "alice", "ListInputs", too_many, **ZOO)


async def test_lists_are_narrowed_by_ids_and_by_status(world: World) -> None:
    await post(world, text("a"), text("b"))
    await drain(world.app.services)
    await post(world, text("c"))
    assert await listed(world, ids=["a", "c", "nix", "\0"]) == ["c", "a"]
    assert await listed(world, status=Status(code=Code.INPUT_SUCCESS)) == ["b", "a"]
    assert await listed(world, status=Status(code=Code.INPUT_PENDING)) == ["c"]


async def test_streams_go_on_after_the_last_id(world: World) -> None:
    await post(world, *(text(f"t{n:02}") for n in range(25)))

    async def streamed(**fields: object) -> list[str]:
        answer = await world.ok("alice", "StreamInputs", StreamInputsRequest(**fields), **ZOO)
        return ids(answer.inputs)

    first = await streamed()
    assert first == [f"t{n:02}" for n in range(20)]
    assert await streamed(last_id=first[-1]) == [f"t{n}" for n in range(20, 25)]
    assert await streamed(last_id="t24") == []
    assert await streamed(descending=True, per_page=2, last_id="t24") == ["t23", "t22"]
    assert await streamed(order_by_id=True, per_page=2, last_id="t03") == ["t04", "t05"]
    gone = StreamInputsRequest(last_id="nix")
    await world.fails(Code.INPUT_DOES_NOT_EXIST, "alice", "StreamInputs", gone, **ZOO)


async def test_counts_tell_how_far_the_inputs_are(world: World) -> None:
    await post(world, text("a"), text("b"))
    await drain(world.app.services)
    await post(world, text("c"))
    counts = (await world.ok("alice", "GetInputCount", **ZOO)).counts
    assert (counts.processed, counts.to_process, counts.errors, counts.processing) == (2, 1, 0, 0)


async def test_deleting_takes_everything_with_it(world: World) -> None:
    await post(world, picture("a", concepts={"cat": 1}, metadata={"x": 1}), text("b"))
    await world.ok("alice", "DeleteInput", DeleteInputRequest(input_id="a"), **ZOO)
    assert await listed(world) == ["b"]
    assert await hits(world, labelled("cat")) == []
    assert not (await world.ok("alice", "ListAnnotations", **ZOO)).annotations
    await post(world, picture("a"))
    assert await drain(world.app.services) == 2


async def test_several_are_deleted_together_or_not_at_all(world: World) -> None:
    await post(world, text("a"), text("b"))
    missing = DeleteInputsRequest(ids=["a", "nix"])
    await world.fails(Code.INPUT_DOES_NOT_EXIST, "alice", "DeleteInputs", missing, **ZOO)
    assert await listed(world) == ["b", "a"]
    await world.ok("alice", "DeleteInputs", DeleteInputsRequest(ids=["a", "b"]), **ZOO)
    assert await listed(world) == []


def changes(id: str, **parts: object) -> Input:
    """An input with nothing but what is to change."""
    return made(Input(id=id), **parts)


async def test_a_merge_adds_concepts_and_metadata(world: World) -> None:
    await post(world, picture("a", concepts={"cat": 1}, metadata={"x": {"y": 1}}))
    await patched(world, "merge", changes("a", concepts={"dog": 0}, metadata={"x": {"z": 2}}))
    stored = await get(world, "a")
    assert [(c.id, c.value) for c in stored.data.concepts] == [("cat", 1), ("dog", 0)]
    assert dict(stored.data.metadata["x"]) == {"y": 1, "z": 2}
    assert stored.data.image.hosted.sizes
    assert await hits(world, labelled("dog", 0)) == ["a"]
    assert await hits(world, having({"x": {"y": 1, "z": 2}})) == ["a"]


async def test_an_overwrite_replaces_what_is_given_and_nothing_else(world: World) -> None:
    await post(world, picture("a", concepts={"cat": 1}, metadata={"x": 1}))
    await patched(world, "overwrite", changes("a", concepts={"dog": 1}))
    stored = (await get(world, "a")).data
    assert ids(stored.concepts) == ["dog"]
    assert dict(stored.metadata) == {"x": 1}
    assert stored.image.image_info.width == 8
    assert await hits(world, labelled("cat")) == []
    assert await hits(world, labelled("dog")) == ["a"]


async def test_a_removal_takes_concepts_away_and_their_annotation_with_the_last(world: World) -> None:
    await post(world, picture("a", concepts={"cat": 1}))
    await patched(world, "remove", changes("a", concepts={"cat": 1}))
    assert not (await get(world, "a")).data.concepts
    assert not (await world.ok("alice", "ListAnnotations", **ZOO)).annotations
    assert await hits(world, labelled("cat")) == []


async def test_a_patch_changes_the_input_level_annotation(world: World) -> None:
    await post(world, picture("a", concepts={"cat": 1}), picture("b"))
    await patched(world, "merge", changes("a", concepts={"dog": 1}), changes("b", concepts={"owl": 1}))
    found = (await world.ok("alice", "ListAnnotations", **ZOO)).annotations
    assert [(a.input_id, ids(a.data.concepts)) for a in found] == [("a", ["cat", "dog"]), ("b", ["owl"])]


async def test_a_patch_keeps_the_media(world: World) -> None:
    await post(world, linked("a", "https://example.com/a.png"))
    same = Input(id="a", data=Data(image=Image(url="https://example.com/a.png")))
    await patched(world, "overwrite", same)
    other = PatchInputsRequest(inputs=[linked("a", "https://example.com/b.png")], action="merge")
    await world.fails(Code.INPUT_INVALID_ARGUMENT, "alice", "PatchInputs", other, **ZOO)
    assert (await get(world, "a")).data.image.url == "https://example.com/a.png"


async def test_a_bad_patch_changes_nothing(world: World) -> None:
    await post(world, picture("a", metadata={"x": 1}))
    good = changes("a", metadata={"x": 2})
    for code, action, inputs in [
        (Code.INPUT_DOES_NOT_EXIST, "merge", [good, Input(id="nix")]),
        (Code.CONN_INVALID_REQUEST, "replace", [good]),
        (Code.CONN_INVALID_REQUEST, "merge", []),
        (Code.INPUT_INVALID_ARGUMENT, "merge", [good, good]),
        (Code.INPUT_INVALID_ARGUMENT, "merge", [Input(id="a", data=good.data, dataset_ids=["d"])]),
    ]:
        request = PatchInputsRequest(inputs=inputs, action=action)
        await world.fails(code, "alice", "PatchInputs", request, **ZOO)
    assert dict((await get(world, "a")).data.metadata) == {"x": 1}
