"""Annotations, through the door."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import (
    Annotation,
    Collaborator,
    Data,
    Model,
    ModelVersion,
    Region,
    User,
    UserAppIDSet,
    Worker,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteAnnotationRequest,
    DeleteAnnotationsRequest,
    GetAnnotationRequest,
    ListAnnotationsRequest,
    PatchAnnotationsRequest,
    PostAnnotationsRequest,
    PostCollaboratorsRequest,
)
from clarifai_grpc.grpc.api.status.status_code_pb2 import StatusCode as Code
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from world import World
from zoo import ZOO, annotate, anywhere_having, get, hits, ids, labelled, note, picture, post, text

pytestmark = pytest.mark.anyio
BY_MODEL = Worker(
    model=Model(id="lights", user_id="alice", app_id="zoo", model_version=ModelVersion(id="v1"))
)


@pytest.fixture
async def zoo(world: World) -> World:
    """A world with the inputs a and b, and bob working in the app."""
    await post(world, picture("a"), text("b"))
    bob = Collaborator(user=User(id="bob"), scopes=["All"], app={"id": "zoo", "user_id": "alice"})
    request = PostCollaboratorsRequest(user_app_id=UserAppIDSet(**ZOO), collaborators=[bob])
    await world.ok("alice", "PostCollaborators", request)
    return world


async def listed(world: World, **fields: object) -> list[str]:
    answer = await world.ok("alice", "ListAnnotations", ListAnnotationsRequest(**fields), **ZOO)
    return ids(answer.annotations)


async def patched(world: World, action: str, *notes: Annotation, who: str = "alice", **fields: bool):
    request = PatchAnnotationsRequest(annotations=notes, action=action, **fields)
    return (await world.ok(who, "PatchAnnotations", request, **ZOO)).annotations


async def refused(world: World, *notes: Annotation, who: str = "alice") -> list[int]:
    answer = await world.call(who, "PostAnnotations", PostAnnotationsRequest(annotations=notes), **ZOO)
    assert answer.status.code == Code.FAILURE, answer
    return [a.status.code for a in answer.annotations]


async def test_an_annotation_is_its_writers_and_a_success(zoo: World) -> None:
    (made,) = (
        await annotate(zoo, note("a", "n1", {"cat": 1}, {"tool": "hand"}, box=True), who="bob")
    ).annotations
    assert (made.user_id, made.worker.user.id, made.trusted, made.input_level) == ("bob", "bob", True, False)
    assert made.status.code == Code.ANNOTATION_SUCCESS
    assert made.data.regions[0].data.concepts[0].name == "cat"
    request = GetAnnotationRequest(input_id="a", annotation_id="n1")
    assert (await zoo.ok("alice", "GetAnnotation", request, **ZOO)).annotation == made


async def test_annotations_are_refused_one_by_one(zoo: World) -> None:
    two = Annotation(input_id="a", data=Data(regions=[Region(id="r1"), Region(id="r2")]))
    request = PostAnnotationsRequest(
        annotations=[
            note("a", "good", {"cat": 1}),
            two,
            note("nix", "n", {"cat": 1}),
            note("a", "good", {"x": 1}),
        ]
    )
    answer = await zoo.call("alice", "PostAnnotations", request, **ZOO)
    assert answer.status.code == Code.MIXED_STATUS
    assert [a.status.code for a in answer.annotations] == [
        Code.ANNOTATION_SUCCESS,
        Code.ANNOTATION_INVALID_ARGUMENT,
        Code.INPUT_DOES_NOT_EXIST,
        Code.DATABASE_DUPLICATE_KEY,
    ]
    assert await listed(zoo) == ["good"]
    assert await hits(zoo, labelled("x")) == []


async def test_posting_again_is_a_duplicate_and_changes_nothing(zoo: World) -> None:
    await annotate(zoo, note("a", "n", {"cat": 1}))
    assert await refused(zoo, note("a", "n", {"dog": 1})) == [Code.DATABASE_DUPLICATE_KEY]
    await annotate(zoo, note("b", "n", {"dog": 1}))
    assert await hits(zoo, labelled("dog")) == ["b"]


async def test_bad_annotations_are_refused(zoo: World) -> None:
    invalid = Code.ANNOTATION_INVALID_ARGUMENT
    bad = [
        Annotation(input_id="a"),
        note("", concepts={"cat": 1}),
        note("a", concepts={"cat": 1.5}),
        note("a", concepts={"cat": 1}, status=Status(code=Code.SUCCESS)),
        note("a", concepts={"cat": 1}, worker=BY_MODEL, model_version_id="v2"),
        note("a", concepts={"cat": 1}, worker=BY_MODEL, user_id="alice"),
        note("a", concepts={"cat": 1}, user_id="mallory"),
    ]
    assert await refused(zoo, *bad) == [invalid] * len(bad)
    assert await refused(zoo, note("a", "bad id", {"cat": 1})) == [Code.INPUT_INVALID_ARGUMENT]
    many = PostAnnotationsRequest(annotations=[note("a", concepts={"cat": 1})] * 129)
    await zoo.fails(Code.CONN_INVALID_REQUEST, "alice", "PostAnnotations", many, **ZOO)


async def test_only_the_owner_writes_for_others(zoo: World) -> None:
    (made,) = (await annotate(zoo, note("a", concepts={"cat": 1}, user_id="bob"))).annotations
    assert made.user_id == "bob"
    for_alice = note("a", concepts={"cat": 1}, user_id="alice")
    assert await refused(zoo, for_alice, who="bob") == [Code.ANNOTATION_INVALID_ARGUMENT]
    await zoo.fails(Code.CONN_DOES_NOT_EXIST, "mallory", "PostAnnotations", None, **ZOO)


async def test_what_models_say_is_kept_apart(zoo: World) -> None:
    said = note("a", "a-0", {"cat": 0.9, "dog": 0.1}, worker=BY_MODEL, model_version_id="v1")
    (made,) = (await annotate(zoo, said, who="bob")).annotations
    assert (made.user_id, made.model_version_id, made.trusted) == ("", "v1", False)
    assert made.worker.model.id == "lights"
    await annotate(zoo, note("a", "n", {"owl": 1}))
    assert await listed(zoo) == ["n"]
    assert await listed(zoo, list_all_annotations=True) == ["a-0", "n"]
    assert await listed(zoo, model_version_ids=["v1"]) == ["a-0"]
    assert not (await get(zoo, "a")).data.concepts
    assert await hits(zoo, labelled("cat")) == ["a"]
    assert await hits(zoo, labelled("dog", 0)) == ["a"]


async def test_lists_are_narrowed(zoo: World) -> None:
    pending = Status(code=Code.ANNOTATION_PENDING)
    await annotate(zoo, note("a", "n1", {"x": 1}), note("b", "n2", {"x": 1}, status=pending, task_id="t"))
    await annotate(zoo, note("a", "n3", {"x": 1}), who="bob")
    assert await listed(zoo) == ["n1", "n3"]
    assert await listed(zoo, user_ids=["bob", "nix"]) == ["n3"]
    assert await listed(zoo, user_ids=["alice", "bob"]) == ["n1", "n2", "n3"]
    assert await listed(zoo, input_ids=["b"], list_all_annotations=True) == ["n2"]
    assert await listed(zoo, input_ids=["a"]) == ["n1", "n3"]
    assert await listed(zoo, ids=["n3", "n2", "n2"], input_ids=["a", "b", "a"]) == ["n2", "n3"]
    assert await listed(zoo, statuses=[pending], list_all_annotations=True) == ["n2"]
    assert await listed(zoo, task_id="t", list_all_annotations=True) == ["n2"]
    assert await listed(zoo, list_all_annotations=True, page=2, per_page=2) == ["n3"]
    for bad in [{"ids": ["n1"]}, {"ids": ["n1"], "input_ids": ["a", "b"]}, {"return_model_output": True}]:
        answer = await zoo.call("alice", "ListAnnotations", ListAnnotationsRequest(**bad), **ZOO)
        assert answer.status.code in (Code.ANNOTATION_INVALID_ARGUMENT, Code.CONN_INVALID_REQUEST)


async def test_an_annotation_that_is_not_there_is_not_found(zoo: World) -> None:
    request = GetAnnotationRequest(input_id="a", annotation_id="nix")
    await zoo.fails(Code.CONN_DOES_NOT_EXIST, "alice", "GetAnnotation", request, **ZOO)
    request = GetAnnotationRequest(input_id="nix", annotation_id="nix")
    await zoo.fails(Code.INPUT_DOES_NOT_EXIST, "alice", "GetAnnotation", request, **ZOO)


async def test_pending_labels_do_not_count_until_they_are_accepted(zoo: World) -> None:
    await annotate(zoo, note("a", "n", {"cat": 1}, status=Status(code=Code.ANNOTATION_PENDING)))
    assert await hits(zoo, labelled("cat")) == []
    (made,) = await patched(
        zoo, "merge", Annotation(id="n", input_id="a", status={"code": Code.ANNOTATION_SUCCESS})
    )
    assert made.trusted
    assert await hits(zoo, labelled("cat")) == ["a"]


async def test_a_patch_changes_what_is_found(zoo: World) -> None:
    await annotate(zoo, note("a", "n", {"cat": 1}, {"x": 1}))
    await patched(zoo, "overwrite", note("a", "n", {"dog": 1}))
    assert await hits(zoo, labelled("cat")) == []
    assert await hits(zoo, labelled("dog")) == ["a"]
    assert await hits(zoo, anywhere_having({"x": 1})) == ["a"]
    await patched(zoo, "remove", note("a", "n", {"dog": 1}, {"x": True}), delete_if_empty_data=False)
    assert await hits(zoo, labelled("dog")) == []


async def test_an_annotation_may_be_deleted_with_its_last_label(zoo: World) -> None:
    await annotate(zoo, note("a", "n", {"cat": 1}))
    await patched(zoo, "remove", note("a", "n", {"cat": 1}), delete_if_empty_data=True)
    assert await listed(zoo, list_all_annotations=True) == []


async def test_collaborators_change_their_own_and_nobody_what_models_said(zoo: World) -> None:
    await annotate(zoo, note("a", "hers", {"cat": 1}), note("a", "its", {"cat": 1}, worker=BY_MODEL))
    await annotate(zoo, note("a", "his", {"cat": 1}), who="bob")
    await patched(zoo, "merge", note("a", "his", {"dog": 1}), who="bob")
    await patched(zoo, "merge", note("a", "his", {"owl": 1}), who="alice")
    hers = PatchAnnotationsRequest(annotations=[note("a", "hers", {"dog": 1})], action="merge")
    await zoo.fails(Code.CONN_INSUFFICIENT_SCOPES, "bob", "PatchAnnotations", hers, **ZOO)
    its = PatchAnnotationsRequest(annotations=[note("a", "its", {"dog": 1})], action="merge")
    await zoo.fails(Code.ANNOTATION_INVALID_ARGUMENT, "alice", "PatchAnnotations", its, **ZOO)
    whose = PatchAnnotationsRequest(annotations=[note("a", "his", user_id="alice")], action="merge")
    await zoo.fails(Code.ANNOTATION_INVALID_ARGUMENT, "alice", "PatchAnnotations", whose, **ZOO)


async def test_patching_the_input_level_annotation_patches_the_input(zoo: World) -> None:
    await post(zoo, picture("c", concepts={"cat": 1}))
    await patched(zoo, "merge", note("c", "c", {"dog": 1}))
    assert ids((await get(zoo, "c")).data.concepts) == ["cat", "dog"]
    assert await hits(zoo, labelled("dog")) == ["c"]
    boxed = PatchAnnotationsRequest(annotations=[note("c", "c", {"x": 1}, box=True)], action="merge")
    await zoo.fails(Code.ANNOTATION_INVALID_ARGUMENT, "alice", "PatchAnnotations", boxed, **ZOO)


async def test_deleting_takes_the_labels_away(zoo: World) -> None:
    await annotate(zoo, note("a", "n1", {"cat": 1}), note("a", "n2", {"dog": 1}), note("b", "n3", {"cat": 1}))
    await zoo.ok(
        "alice", "DeleteAnnotation", DeleteAnnotationRequest(input_id="a", annotation_id="n1"), **ZOO
    )
    assert await hits(zoo, labelled("cat")) == ["b"]
    pairs = DeleteAnnotationsRequest(ids=["n2", "n3"], input_ids=["a", "b"])
    await zoo.ok("alice", "DeleteAnnotations", pairs, **ZOO)
    assert await listed(zoo) == []
    assert await hits(zoo, labelled("dog")) == []


async def test_deleting_all_of_an_input_leaves_what_it_says_itself(zoo: World) -> None:
    await post(zoo, picture("c", concepts={"cat": 1}))
    await annotate(zoo, note("c", "n", {"dog": 1}))
    own = DeleteAnnotationRequest(input_id="c", annotation_id="c")
    await zoo.fails(Code.ANNOTATION_INVALID_ARGUMENT, "alice", "DeleteAnnotation", own, **ZOO)
    await zoo.ok("alice", "DeleteAnnotations", DeleteAnnotationsRequest(input_ids=["c"]), **ZOO)
    assert await listed(zoo) == ["c"]
    assert await hits(zoo, labelled("cat")) == ["c"]
