"""Apps, through the door."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import (
    App,
    Collaborator,
    PatchAction,
    User,
    UserAppIDSet,
    Visibility,
    Workflow,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    ListAppsRequest,
    PatchAppsRequest,
    PostAppsRequest,
    PostCollaboratorsRequest,
)
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from world import World

from bowerbird.errors import Code

pytestmark = pytest.mark.anyio

PUBLIC = Visibility(gettable=Visibility.PUBLIC)
ZOO = {"user_id": "alice", "app_id": "zoo"}


def struct(**values: object) -> Struct:
    made = Struct()
    made.update(values)
    return made


async def listed(world: World, who: str, user_id: str = "me", **filters: object) -> list[str]:
    answer = await world.ok(who, "ListApps", ListAppsRequest(**filters), user_id=user_id)
    return [f"{app.user_id}/{app.id}" for app in answer.apps]


async def share(world: World, who: str) -> None:
    part = Collaborator(user=User(id=who), scopes=["All"])
    await world.ok("alice", "PostCollaborators", PostCollaboratorsRequest(collaborators=[part]), **ZOO)


async def patch(world: World, action: str = "overwrite", op: str = "", **fields: object) -> App:
    request = PatchAppsRequest(
        apps=[App(id="zoo", **fields)], action=action, metadata_action=PatchAction(op=op) if op else None
    )
    return (await world.ok("alice", "PatchApps", request, user_id="me")).apps[0]


async def test_an_app_is_made_with_what_was_given(world: World) -> None:
    given = App(
        id="farm",
        description="barns",
        metadata=struct(kind="big"),
        default_workflow_id="general",
        sample_ms=500,
        star_count=7,
        user_id="mallory",
    )
    answer = await world.ok("alice", "PostApps", PostAppsRequest(apps=[given]), user_id="alice")
    app = (await world.ok("alice", "GetApp", user_id="me", app_id="farm")).app
    assert answer.apps[0] == app
    assert (app.id, app.name, app.user_id, app.default_language) == ("farm", "farm", "alice", "en")
    assert (app.description, app.default_workflow_id, app.sample_ms) == ("barns", "general", 500)
    assert MessageToDict(app.metadata) == {"kind": "big"}
    assert app.visibility.gettable == Visibility.PRIVATE
    assert app.created_at == app.modified_at
    assert app.star_count == 0


async def test_an_app_without_an_id_gets_one(world: World) -> None:
    answer = await world.ok("alice", "PostApps", PostAppsRequest(apps=[App(), App()]), user_id="me")
    assert len({app.id for app in answer.apps} - {""}) == 2


async def test_a_default_workflow_of_another_app_is_kept_with_its_app(world: World) -> None:
    workflow = Workflow(id="General", app_id="main", user_id="clarifai")
    await world.add_app("alice", "farm", default_workflow=workflow)
    app = (await world.ok("alice", "GetApp", user_id="me", app_id="farm")).app
    assert (app.default_workflow, app.default_workflow_id) == (workflow, "General")


async def test_an_id_that_is_taken_is_refused_and_nothing_is_made(world: World) -> None:
    request = PostAppsRequest(apps=[App(id="farm"), App(id="zoo")])
    details = await world.fails(Code.DATABASE_DUPLICATE_KEY, "alice", "PostApps", request, user_id="me")
    assert "'zoo'" in details
    assert await listed(world, "alice") == ["alice/zoo"]
    await world.add_app("bob", "zoo")


async def test_a_bad_field_is_named(world: World) -> None:
    cases: list[tuple[dict[str, object], str]] = [
        ({"id": "a b"}, "apps[0].id"),
        ({"name": "x" * 201}, "apps[0].name"),
        ({"name": "a\0"}, "apps[0].name"),
        ({"description": "x" * 4097}, "apps[0].description"),
        ({"notes": "x" * 65537}, "apps[0].notes"),
        ({"default_workflow_id": "../x"}, "apps[0].default_workflow_id"),
        ({"default_workflow": Workflow(id="x", app_id="a b")}, "apps[0].default_workflow"),
        ({"default_workflow": Workflow(id="x"), "default_workflow_id": "y"}, "default_workflow_id"),
        ({"default_language": "x" * 21}, "apps[0].default_language"),
        ({"visibility": Visibility(gettable=11)}, "apps[0].visibility"),
        ({"metadata": struct(x="y" * 70_000)}, "apps[0].metadata"),
    ]
    for fields, named in cases:
        request = PostAppsRequest(apps=[App(**fields)])
        details = await world.fails(Code.CONN_INVALID_REQUEST, "alice", "PostApps", request, user_id="me")
        assert named in details


async def test_no_apps_too_many_or_one_twice_are_refused(world: World) -> None:
    for apps in ([], [App()] * 129, [App(id="x"), App(id="x")]):
        request = PostAppsRequest(apps=apps)
        await world.fails(Code.CONN_INVALID_REQUEST, "alice", "PostApps", request, user_id="me")


async def test_nobody_makes_apps_for_another(world: World) -> None:
    request = PostAppsRequest(apps=[App(id="trap")])
    await world.fails(Code.CONN_DOES_NOT_EXIST, "mallory", "PostApps", request, user_id="alice")
    await share(world, "bob")
    request = PostAppsRequest(apps=[App(id="trap")])
    await world.fails(Code.CONN_INSUFFICIENT_SCOPES, "bob", "PostApps", request, **ZOO)


async def test_a_private_app_looks_to_strangers_as_if_it_did_not_exist(world: World) -> None:
    there = await world.fails(Code.CONN_DOES_NOT_EXIST, "mallory", "GetApp", **ZOO)
    absent = await world.fails(Code.CONN_DOES_NOT_EXIST, "mallory", "GetApp", user_id="alice", app_id="no")
    assert there.replace("zoo", "no") == absent


async def test_a_public_app_is_seen_by_all_and_changed_by_none_but_the_owner(world: World) -> None:
    await patch(world, visibility=PUBLIC)
    assert (await world.ok("mallory", "GetApp", **ZOO)).app.id == "zoo"
    assert await listed(world, "mallory", "alice") == ["alice/zoo"]
    await world.fails(Code.CONN_DOES_NOT_EXIST, "mallory", "DeleteApp", **ZOO)
    request = PatchAppsRequest(apps=[App(id="zoo", name="x")], action="overwrite")
    await world.fails(Code.CONN_DOES_NOT_EXIST, "mallory", "PatchApps", request, **ZOO)


async def test_the_public_app_is_there_from_the_start(world: World) -> None:
    assert await listed(world, "mallory", "clarifai") == ["clarifai/main"]
    await world.fails(Code.CONN_INVALID_REQUEST, "root", "DeleteApp", user_id="clarifai", app_id="main")


async def test_a_list_has_own_apps_and_those_that_are_shared(world: World) -> None:
    await share(world, "bob")
    await world.add_app("bob", "nest")
    assert sorted(await listed(world, "bob")) == ["alice/zoo", "bob/nest"]
    assert await listed(world, "bob", "alice") == ["alice/zoo"]
    assert await listed(world, "mallory", "alice") == []
    assert await listed(world, "mallory") == []


async def test_lists_are_filtered(world: World) -> None:
    for id, name in (("farm", "Big Barn"), ("f_rm", "100% wool"), ("barn", "small")):
        await world.add_app("alice", id, name=name)

    async def found(**filters: object) -> set[str]:
        return {app.removeprefix("alice/") for app in await listed(world, "alice", **filters)}

    assert await found(id="f*") == {"farm", "f_rm"}
    assert await found(id="f_rm") == {"f_rm"}
    assert await found(id="far") == set()
    assert await found(name="BIG*") == {"farm"}
    assert await found(search="barn") == {"farm", "barn"}
    assert await found(search="barn big") == {"farm"}
    assert await found(query="100%") == {"f_rm"}
    assert await found(visibility=PUBLIC) == set()
    assert await found(template_only=True) == set()


async def test_lists_are_sorted_and_paged(world: World) -> None:
    for id, name in (("b", "1"), ("c", "3"), ("a", "2")):
        world.clock.advance(1)
        await world.add_app("alice", id, name=name)
    world.clock.advance(1)
    await patch(world, description="new")
    everything = ["alice/zoo", "alice/a", "alice/c", "alice/b"]
    assert await listed(world, "alice") == everything
    assert await listed(world, "alice", sort_ascending=True) == everything[::-1]
    assert await listed(world, "alice", sort_by_id=True, sort_ascending=True, per_page=2) == [
        "alice/a",
        "alice/b",
    ]
    assert await listed(world, "alice", sort_by_id=True, per_page=3, page=2) == ["alice/a"]
    assert (await listed(world, "alice", sort_by_name=True))[:2] == ["alice/zoo", "alice/c"]
    assert (await listed(world, "alice", sort_by_created_at=True))[0] == "alice/a"
    request = ListAppsRequest(per_page=1001)
    await world.fails(Code.CONN_INVALID_RANGE, "alice", "ListApps", request, user_id="me")


async def test_a_patch_overwrites_what_it_sets_and_keeps_the_rest(world: World) -> None:
    await patch(world, description="first", metadata=struct(a=1, b={"c": 2}))
    world.clock.advance(5)
    app = await patch(world, name="Zoo", default_workflow_id="wf", metadata=struct(b={"d": 3}))
    assert (app.name, app.description, app.default_workflow_id) == ("Zoo", "first", "wf")
    assert MessageToDict(app.metadata) == {"b": {"d": 3}}
    assert app.modified_at.seconds - app.created_at.seconds == 5
    assert app == (await world.ok("alice", "GetApp", **ZOO)).app


async def test_metadata_are_merged_when_asked(world: World) -> None:
    await patch(world, metadata=struct(a=1, b={"c": 2}))
    app = await patch(world, action="merge", metadata=struct(b={"d": 3}))
    assert MessageToDict(app.metadata) == {"a": 1, "b": {"c": 2, "d": 3}}
    app = await patch(world, op="merge", metadata=struct(b=4))
    assert MessageToDict(app.metadata) == {"a": 1, "b": 4}


async def test_metadata_do_not_grow_beyond_the_limit_by_merging(world: World) -> None:
    await patch(world, metadata=struct(a="x" * 40_000))
    request = PatchAppsRequest(apps=[App(id="zoo", metadata=struct(b="x" * 40_000))], action="merge")
    await world.fails(Code.CONN_INVALID_REQUEST, "alice", "PatchApps", request, user_id="me")


async def test_a_patch_that_cannot_be_done_changes_nothing(world: World) -> None:
    good = App(id="zoo", name="changed")
    for action, other, code in (
        ("overwrite", App(id="zoo", name="again"), Code.CONN_INVALID_REQUEST),
        ("overwrite", App(id="no"), Code.CONN_DOES_NOT_EXIST),
        ("overwrite", App(id="n\0"), Code.CONN_DOES_NOT_EXIST),
        ("explode", App(id="no"), Code.CONN_INVALID_REQUEST),
    ):
        request = PatchAppsRequest(apps=[good, other], action=action)
        await world.fails(code, "alice", "PatchApps", request, user_id="me")
    assert (await world.ok("alice", "GetApp", **ZOO)).app.name == "zoo"


async def test_the_language_of_an_app_stays(world: World) -> None:
    assert (await patch(world, default_language="en")).default_language == "en"
    request = PatchAppsRequest(apps=[App(id="zoo", default_language="de")], action="overwrite")
    details = await world.fails(Code.CONN_INVALID_REQUEST, "alice", "PatchApps", request, user_id="me")
    assert "default_language" in details


async def test_a_collaborator_neither_changes_nor_deletes_the_app(world: World) -> None:
    await share(world, "bob")
    assert (await world.ok("bob", "GetApp", **ZOO)).app.id == "zoo"
    request = PatchAppsRequest(
        user_app_id=UserAppIDSet(**ZOO), apps=[App(id="zoo", name="mine")], action="overwrite"
    )
    await world.fails(Code.CONN_INSUFFICIENT_SCOPES, "bob", "PatchApps", request)
    await world.fails(Code.CONN_INSUFFICIENT_SCOPES, "bob", "DeleteApp", **ZOO)


async def test_a_deleted_app_takes_its_keys_with_it(world: World) -> None:
    key = await world.add_key("alice", "zoo")
    assert (await world.ok(key, "GetApp")).app.id == "zoo"
    await world.ok("alice", "DeleteApp", **ZOO)
    await world.fails(Code.CONN_KEY_NOT_FOUND, key, "GetApp")
    await world.fails(Code.CONN_DOES_NOT_EXIST, "alice", "GetApp", **ZOO)
    await world.fails(Code.CONN_DOES_NOT_EXIST, "alice", "DeleteApp", **ZOO)
    await world.add_app("alice", "zoo")


async def test_deleting_needs_the_name_of_an_app(world: World) -> None:
    await world.fails(Code.CONN_INVALID_REQUEST, "alice", "DeleteApp", user_id="me")
