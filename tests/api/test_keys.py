"""Keys and personal access tokens, through the door."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import App, Collaborator, Key, User, UserAppIDSet
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteKeyRequest,
    GetKeyRequest,
    ListKeysRequest,
    PatchKeysRequest,
    PostCollaboratorsRequest,
    PostKeysRequest,
)
from google.protobuf.timestamp_pb2 import Timestamp
from world import World

from bowerbird.auth.keys import HANDLE_LENGTH
from bowerbird.errors import Code

pytestmark = pytest.mark.anyio

PAT, APP_KEY = "personal_access_token", "app_specific_key"
ZOO = {"user_id": "alice", "app_id": "zoo"}
V2 = "/clarifai.api.V2/"


def at(seconds: float) -> Timestamp:
    return Timestamp(seconds=int(seconds))


async def make(world: World, who: str = "alice", **fields: object) -> Key:
    key = Key(**{"scopes": ["All"], **fields})
    return (await world.ok(who, "PostKeys", PostKeysRequest(keys=[key]), user_id="me")).keys[0]


async def refused(
    world: World, who: str = "alice", code: int = Code.CONN_INVALID_REQUEST, **fields: object
) -> str:
    key = Key(**{"scopes": ["All"], **fields})
    return await world.fails(code, who, "PostKeys", PostKeysRequest(keys=[key]), user_id="me")


async def patch(world: World, who: str, **fields: object) -> Key:
    request = PatchKeysRequest(keys=[Key(**fields)], action="overwrite")
    return (await world.ok(who, "PatchKeys", request, user_id="me")).keys[0]


async def unpatchable(world: World, who: str, code: int = Code.CONN_INVALID_REQUEST, **fields: object) -> str:
    request = PatchKeysRequest(keys=[Key(**fields)], action="overwrite")
    return await world.fails(code, who, "PatchKeys", request, user_id="me")


async def listed(world: World, **filters: object) -> list[str]:
    answer = await world.ok("alice", "ListKeys", ListKeysRequest(**filters), user_id="me")
    return [key.description for key in answer.keys]


async def test_a_key_is_shown_whole_once_and_by_its_handle_ever_after(world: World) -> None:
    made = await make(world, description="for the door", apps=[App(id="zoo")])
    assert len(made.id) > HANDLE_LENGTH + 40
    (listed,) = (await world.ok("alice", "ListAppKeys", **ZOO)).keys
    assert listed.id == made.id[:HANDLE_LENGTH]
    for name in (made.id, listed.id):
        request = GetKeyRequest(key_id=name)
        assert (await world.ok("alice", "GetKey", request, user_id="me")).key == listed
    assert (listed.type, listed.description, list(listed.scopes)) == (APP_KEY, "for the door", ["All"])
    assert (listed.apps[0].id, listed.apps[0].user_id) == ("zoo", "alice")
    assert listed.created_at.seconds == world.clock.now


async def test_a_handle_does_not_authenticate(world: World) -> None:
    made = await make(world)
    await world.ok(made.id, "GetUser")
    await world.fails(Code.CONN_KEY_INVALID, made.id[:HANDLE_LENGTH], "GetUser")
    await world.fails(Code.CONN_KEY_INVALID, made.id + "x", "GetUser")


async def test_a_key_without_a_type_is_for_the_app_it_names_or_for_the_user(world: World) -> None:
    assert (await make(world, apps=[App(id="zoo", user_id="me")])).type == APP_KEY
    assert (await make(world)).type == PAT


async def test_scopes_are_taken_in_both_spellings_and_shown_in_one(world: World) -> None:
    made = await make(world, scopes=["Inputs_Get", "Inputs:Add"])
    assert list(made.scopes) == ["Inputs:Get", "Inputs:Add"]
    made = await make(world, scopes=["Inputs_Get", "Inputs:Get"], endpoints=[V2 + "GetUser"] * 2)
    assert (list(made.scopes), list(made.endpoints)) == (["Inputs:Get"], [V2 + "GetUser"])


async def test_a_key_that_would_be_wrong_or_useless_is_refused(world: World) -> None:
    cases: list[tuple[dict[str, object], str]] = [
        ({"type": "other"}, "keys[0].type"),
        ({"type": APP_KEY}, "keys[0].apps"),
        ({"apps": [App(id="zoo"), App(id="zoo")]}, "keys[0].apps"),
        ({"type": PAT, "apps": [App(id="zoo")]}, "keys[0].apps"),
        ({"description": "x" * 4097}, "keys[0].description"),
        ({"scopes": []}, "keys[0].scopes"),
        ({"scopes": ["Inputs:Eat"]}, "'Inputs:Eat'"),
        ({"scopes": ["undef"]}, "'undef'"),
        ({"scopes": ["Inputs:Delete", "Inputs:Get"]}, "Inputs:Delete is useless without Inputs:Add"),
        ({"endpoints": ["/clarifai.api.V2/Fly"]}, "/clarifai.api.V2/Fly"),
        ({"endpoints": ["PostInputs"]}, "'PostInputs'"),
        ({"scopes": ["Concepts:Get"], "endpoints": [V2 + "PostConcepts"]}, "Concepts:Add"),
        ({"endpoints": [V2 + "PostKeys"], "apps": [App(id="zoo")]}, V2 + "PostKeys"),
        ({"endpoints": [V2 + "ListStatusCodes"]}, V2 + "ListStatusCodes"),
        ({"expires_at": at(1_700_000_000)}, "keys[0].expires_at"),
        ({"expires_at": Timestamp(seconds=2**62)}, "keys[0].expires_at"),
        ({"expires_at": Timestamp(seconds=1_900_000_000, nanos=-1)}, "keys[0].expires_at"),
    ]
    for fields, said in cases:
        assert said in await refused(world, **fields)
    assert await listed(world) == ["first token"]


async def test_one_bad_key_refuses_all(world: World) -> None:
    request = PostKeysRequest(keys=[Key(scopes=["All"]), Key(scopes=["All"], apps=[App(id="no")])])
    await world.fails(Code.CONN_DOES_NOT_EXIST, "alice", "PostKeys", request, user_id="me")
    assert await listed(world) == ["first token"]


async def test_keys_are_made_for_own_apps_only(world: World) -> None:
    part = Collaborator(user=User(id="bob"), scopes=["All"])
    await world.ok("alice", "PostCollaborators", PostCollaboratorsRequest(collaborators=[part]), **ZOO)
    for who in ("bob", "mallory", "root"):
        app = App(id="zoo", user_id="alice")
        await refused(world, who, Code.CONN_DOES_NOT_EXIST, apps=[app])
        await refused(world, who, Code.CONN_DOES_NOT_EXIST, apps=[App(id="zoo")])
    key = Key(scopes=["All"], apps=[App(id="zoo", user_id="alice")])
    request = PostKeysRequest(user_app_id=UserAppIDSet(**ZOO), keys=[key])
    await world.fails(Code.CONN_INSUFFICIENT_SCOPES, "bob", "PostKeys", request)


async def test_a_collaborator_sees_no_keys_of_the_owner(world: World) -> None:
    part = Collaborator(user=User(id="bob"), scopes=["All"])
    await world.ok("alice", "PostCollaborators", PostCollaboratorsRequest(collaborators=[part]), **ZOO)
    handle = (await make(world, apps=[App(id="zoo")])).id[:HANDLE_LENGTH]
    for rpc, request in (
        ("ListAppKeys", None),
        ("ListKeys", None),
        ("GetKey", GetKeyRequest(key_id=handle)),
        ("PatchKeys", PatchKeysRequest(keys=[Key(id=handle)], action="overwrite")),
        ("DeleteKey", DeleteKeyRequest(key_id=handle)),
    ):
        await world.fails(Code.CONN_INSUFFICIENT_SCOPES, "bob", rpc, request, **ZOO)


async def test_the_keys_of_others_look_as_if_they_did_not_exist(world: World) -> None:
    handle = (await make(world)).id[:HANDLE_LENGTH]
    for rpc, request in (
        ("GetKey", GetKeyRequest(key_id=handle)),
        ("GetKey", GetKeyRequest(key_id="zero\0")),
        ("PatchKeys", PatchKeysRequest(keys=[Key(id=handle)], action="overwrite")),
        ("DeleteKey", DeleteKeyRequest(key_id=handle)),
    ):
        await world.fails(Code.CONN_KEY_NOT_FOUND, "mallory", rpc, request, user_id="me")


async def test_a_key_gives_no_more_than_the_one_it_is_made_with(world: World) -> None:
    scopes = ["Keys:Add", "Keys:Get", "Apps:Get", "Inputs:Get"]
    weak = await world.add_key("alice", scopes=scopes)
    assert list((await make(world, weak, scopes=["Inputs:Get"])).scopes) == ["Inputs:Get"]
    code = Code.CONN_INSUFFICIENT_SCOPES
    assert "All" in await refused(world, weak, code, scopes=["All"])
    assert "Inputs:Add" in await refused(world, weak, code, scopes=["Inputs:Get", "Inputs:Add"])
    assert "every scope" in await refused(world, weak, code, scopes=[], endpoints=[V2 + "GetInput"])


async def test_a_key_for_some_endpoints_makes_keys_for_those_alone(world: World) -> None:
    narrow = await world.add_key("alice", scopes=["All"], endpoints=[V2 + "PostKeys", V2 + "GetUser"])
    await make(world, narrow, endpoints=[V2 + "GetUser"])
    code = Code.CONN_INSUFFICIENT_SCOPES
    assert "every endpoint" in await refused(world, narrow, code)
    assert "GetInput" in await refused(world, narrow, code, endpoints=[V2 + "GetInput"])


async def test_a_key_does_not_outlive_the_token_that_made_it(world: World) -> None:
    soon = world.clock.now + 100
    short = (await make(world, expires_at=at(soon))).id
    await refused(world, short, Code.CONN_INSUFFICIENT_SCOPES)
    await refused(world, short, Code.CONN_INSUFFICIENT_SCOPES, expires_at=at(soon + 1))
    await make(world, short, expires_at=at(soon))
    code = Code.CONN_INSUFFICIENT_SCOPES
    await unpatchable(world, short, code, id=short, expires_at=at(soon + 1))


async def test_an_expired_key_is_refused_at_once(world: World) -> None:
    key = (await make(world, expires_at=at(world.clock.now + 100))).id
    await world.ok(key, "GetUser")
    world.clock.advance(100)
    assert "expired" in await world.fails(Code.CONN_KEY_INVALID, key, "GetUser")


async def test_keys_are_listed_by_type_expiry_scopes_and_endpoints(world: World) -> None:
    await make(world, description="app", apps=[App(id="zoo")])
    await make(world, description="brief", expires_at=at(world.clock.now + 10))
    await make(world, description="reader", scopes=["Inputs:Get"])
    await make(world, description="getter", scopes=[], endpoints=[V2 + "GetUser"])
    world.clock.advance(20)
    assert await listed(world) == ["first token", "app", "brief", "reader", "getter"]
    assert await listed(world, type=APP_KEY) == ["app"]
    assert await listed(world, not_expired=True) == ["first token", "app", "reader", "getter"]
    assert await listed(world, scopes=["Inputs_Get"], type=PAT) == [
        "first token",
        "brief",
        "reader",
        "getter",
    ]
    assert await listed(world, scopes=["Inputs:Get"], per_page=2, page=2) == ["brief", "reader"]
    assert await listed(world, endpoints=[V2 + "GetUser"]) == ["getter"]
    assert await listed(world, per_page=2, page=3) == ["getter"]
    request = ListKeysRequest(scopes=["Inputs:Eat"])
    await world.fails(Code.CONN_INVALID_REQUEST, "alice", "ListKeys", request, user_id="me")


async def test_a_patch_replaces_what_it_gives_and_works_at_once(world: World) -> None:
    made = await make(world, description="old", scopes=["Concepts:Get", "Keys:Get"])
    await world.ok(made.id, "ListConcepts", **ZOO)
    changed = await patch(world, "alice", id=made.id[:HANDLE_LENGTH], scopes=["Keys:Get"])
    assert (changed.description, list(changed.scopes)) == ("old", ["Keys:Get"])
    assert changed.id == made.id[:HANDLE_LENGTH]
    await world.fails(Code.CONN_INSUFFICIENT_SCOPES, made.id, "ListConcepts", **ZOO)
    changed = await patch(world, "alice", id=made.id, description="new", endpoints=[V2 + "ListKeys"])
    assert (changed.description, list(changed.scopes)) == ("new", ["Keys:Get"])
    await world.fails(Code.CONN_INSUFFICIENT_SCOPES, made.id, "GetUser")
    await world.ok(made.id, "ListKeys", user_id="me")


async def test_a_patch_is_checked_as_a_new_key_is(world: World) -> None:
    made = await make(world, apps=[App(id="zoo")], scopes=["Inputs:Get"])
    world_of = {"world": world, "who": "alice", "id": made.id}
    assert "Inputs:Get" in await unpatchable(**world_of, scopes=["Inputs:Add"])
    assert "type" in await unpatchable(**world_of, type=PAT)
    assert "apps" in await unpatchable(**world_of, apps=[App(id="other")])
    assert "expires_at" in await unpatchable(**world_of, expires_at=at(1))
    assert "Concepts:Add" in await unpatchable(**world_of, endpoints=[V2 + "PostConcepts"])
    request = PatchKeysRequest(keys=[Key(id=made.id)], action="merge")
    await world.fails(Code.CONN_INVALID_REQUEST, "alice", "PatchKeys", request, user_id="me")
    twice = PatchKeysRequest(keys=[Key(id=made.id), Key(id=made.id[:HANDLE_LENGTH])], action="overwrite")
    await world.fails(Code.CONN_INVALID_REQUEST, "alice", "PatchKeys", twice, user_id="me")


async def test_a_weak_key_neither_widens_itself_nor_changes_a_strong_one(world: World) -> None:
    weak = await world.add_key("alice", scopes=["Keys:Add", "Keys:Get"])
    code = Code.CONN_INSUFFICIENT_SCOPES
    await unpatchable(world, weak, code, id=weak, scopes=["All"])
    await unpatchable(world, weak, code, id=world.tokens["alice"], scopes=["Keys:Get"])
    await patch(world, weak, id=weak, scopes=["Keys:Get"])
    await world.fails(code, weak, "PatchKeys", user_id="me")


async def test_a_deleted_key_is_refused_at_once(world: World) -> None:
    made = await make(world)
    await world.ok(made.id, "GetUser")
    request = DeleteKeyRequest(key_id=made.id[:HANDLE_LENGTH])
    await world.ok("alice", "DeleteKey", request, user_id="me")
    await world.fails(Code.CONN_KEY_NOT_FOUND, made.id, "GetUser")
    request = DeleteKeyRequest(key_id=made.id)
    await world.fails(Code.CONN_KEY_NOT_FOUND, "alice", "DeleteKey", request, user_id="me")


async def test_a_key_may_end_itself(world: World) -> None:
    made = await make(world)
    await world.ok(made.id, "DeleteKey", DeleteKeyRequest(key_id=made.id), user_id="me")
    await world.fails(Code.CONN_KEY_NOT_FOUND, made.id, "GetUser")


async def test_an_admin_makes_keys_for_what_is_public(world: World) -> None:
    key = Key(scopes=["All"], apps=[App(id="main")])
    answer = await world.ok("root", "PostKeys", PostKeysRequest(keys=[key]), user_id="clarifai")
    assert (await world.ok(answer.keys[0].id, "GetApp")).app.id == "main"


async def test_an_app_key_works_in_its_app_alone(world: World) -> None:
    await world.add_app("alice", "farm")
    key = await world.add_key("alice", "zoo")
    assert (await world.ok(key, "GetApp")).app.id == "zoo"
    await world.ok(key, "ListConcepts", **ZOO)
    await world.fails(Code.CONN_DOES_NOT_EXIST, key, "ListConcepts", user_id="alice", app_id="farm")
    await world.fails(Code.CONN_DOES_NOT_EXIST, key, "ListConcepts", user_id="clarifai", app_id="main")
