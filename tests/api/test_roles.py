"""Roles, and the teams and users that have them."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Collaborator, User
from clarifai_grpc.grpc.api.service_pb2 import PostCollaboratorsRequest
from people import second_process
from world import World

from bowerbird.errors import Code
from bowerbird.proto.identity_pb2 import (
    DeleteRoleBindingsRequest,
    DeleteRolesRequest,
    DeleteTeamsRequest,
    PatchRolesRequest,
    PatchTeamsRequest,
    PostRoleBindingsRequest,
    PostRolesRequest,
    PostTeamsRequest,
    Role,
    RoleBinding,
    Team,
)

pytestmark = pytest.mark.anyio
ZOO = {"user_id": "alice", "app_id": "zoo"}
LACKS, INVALID, ABSENT = (
    Code.CONN_INSUFFICIENT_SCOPES,
    Code.CONN_INVALID_REQUEST,
    Code.CONN_DOES_NOT_EXIST,
)


@pytest.fixture(autouse=True)
async def roles(world: World) -> None:
    made = [Role(id="looker", scopes=["Concepts:Get"]), Role(id="inviter", scopes=["Collaborators:Get"])]
    await world.ok("root", "PostRoles", PostRolesRequest(roles=made))


async def give(world: World, by: str, role: str, *, user: str = "", team: str = "") -> str:
    binding = RoleBinding(role_id=role, user_id=user, team_id=team)
    request = PostRoleBindingsRequest(role_bindings=[binding])
    return str((await world.ok(by, "PostRoleBindings", request, **ZOO)).role_bindings[0].id)


async def may(world: World, who: str) -> set[str]:
    """Which of two calls somebody may make in the zoo."""
    answers = {rpc: await world.call(who, rpc, **ZOO) for rpc in ("ListConcepts", "ListCollaborators")}
    assert {a.status.code for a in answers.values()} <= {Code.SUCCESS, LACKS, ABSENT}, answers
    return {rpc for rpc, answer in answers.items() if answer.status.code == Code.SUCCESS}


async def test_a_team_has_its_roles_as_long_as_everything_holds(world: World) -> None:
    await world.ok("root", "PostTeams", PostTeamsRequest(teams=[Team(id="staff", member_ids=["bob"])]))
    async with second_process(world) as other:

        async def both() -> set[str]:
            """What bob may do here, and within a moment in the other process."""
            await other.app.services.revisions.poll()
            assert await may(other, "bob") == await may(world, "bob")
            return await may(world, "bob")

        assert await both() == set()
        looking = await give(world, "alice", "looker", team="staff")
        assert await both() == {"ListConcepts"}
        await give(world, "root", "inviter", user="bob")  # who is neither the owner nor in the app
        assert await both() == {"ListConcepts", "ListCollaborators"}
        await world.ok(
            "root", "PatchRoles", PatchRolesRequest(roles=[Role(id="inviter", scopes=["Apps:Get"])])
        )
        assert await both() == {"ListConcepts"}
        nobody = [Team(id="staff", member_ids=["bob"])]
        await world.ok("root", "PatchTeams", PatchTeamsRequest(teams=nobody, action="remove"))
        assert await both() == set()
        await world.ok("root", "PatchTeams", PatchTeamsRequest(teams=nobody, action="merge"))
        assert await both() == {"ListConcepts"}
        await world.ok("alice", "DeleteRoleBindings", DeleteRoleBindingsRequest(ids=[looking]), **ZOO)
        assert await both() == set()
        await give(world, "alice", "looker", team="staff")
        await world.ok("root", "DeleteTeams", DeleteTeamsRequest(ids=["staff"]))
        assert await both() == set()
        await give(world, "alice", "looker", user="bob")
        await world.ok("root", "DeleteRoles", DeleteRolesRequest(ids=["looker"]))
        assert await both() == set()


async def test_an_app_is_listed_for_whoever_has_a_role_in_it_and_for_nobody_else(world: World) -> None:
    async def listed(who: str) -> list[str]:
        return [app.id for app in (await world.ok(who, "ListApps")).apps]

    await world.add_app("alice", "attic")
    await world.ok("root", "PostTeams", PostTeamsRequest(teams=[Team(id="staff", member_ids=["bob"])]))
    assert await listed("bob") == []
    of_team = await give(world, "alice", "looker", team="staff")
    own = await give(world, "alice", "inviter", user="bob")
    assert await listed("bob") == ["zoo"]
    assert await listed("mallory") == []
    await world.ok("alice", "DeleteRoleBindings", DeleteRoleBindingsRequest(ids=[of_team]), **ZOO)
    assert await listed("bob") == ["zoo"]
    await world.ok("alice", "DeleteRoleBindings", DeleteRoleBindingsRequest(ids=[own]), **ZOO)
    assert await listed("bob") == []


async def test_invitation_and_roles_add_up_and_the_key_limits_both(world: World) -> None:
    bob = Collaborator(user=User(id="bob"), scopes=["Collaborators:Get"])
    await world.ok("alice", "PostCollaborators", PostCollaboratorsRequest(collaborators=[bob]), **ZOO)
    await give(world, "alice", "looker", user="bob")
    assert await may(world, "bob") == {"ListConcepts", "ListCollaborators"}
    narrow = await world.add_key("bob", scopes=["Concepts:Get"])
    assert await may(world, narrow) == {"ListConcepts"}
    assert set((await world.ok("bob", "MyScopes", **ZOO)).scopes) == {"Collaborators:Get", "Concepts:Get"}


async def test_an_invitation_for_one_endpoint_does_not_spread(world: World) -> None:
    invited = Collaborator(
        user=User(id="bob"),
        scopes=["Collaborators:Get", "Concepts:Get", "Concepts:Add"],
        endpoints=["/clarifai.api.V2/ListCollaborators"],
    )
    await world.ok("alice", "PostCollaborators", PostCollaboratorsRequest(collaborators=[invited]), **ZOO)
    assert await may(world, "bob") == {"ListCollaborators"}
    await give(world, "alice", "looker", user="bob")
    assert await may(world, "bob") == {"ListCollaborators", "ListConcepts"}
    details = await world.fails(LACKS, "bob", "PostConcepts", **ZOO)
    assert "Concepts:Add" in details


async def test_who_may_give_roles_and_to_whom(world: World) -> None:
    for who, code in (("mallory", ABSENT), ("bob", ABSENT)):
        request = PostRoleBindingsRequest(role_bindings=[RoleBinding(role_id="looker", user_id=who)])
        await world.fails(code, who, "PostRoleBindings", request, **ZOO)
    helper = Collaborator(user=User(id="bob"), scopes=["All"])
    await world.ok("alice", "PostCollaborators", PostCollaboratorsRequest(collaborators=[helper]), **ZOO)
    request = PostRoleBindingsRequest(role_bindings=[RoleBinding(role_id="looker", user_id="mallory")])
    await world.fails(LACKS, "bob", "PostRoleBindings", request, **ZOO)
    await world.ok("alice", "PostRoleBindings", request, **ZOO)
    (listed,) = (await world.ok("bob", "ListRoleBindings", **ZOO)).role_bindings
    assert (listed.role_id, listed.user_id, listed.team_id) == ("looker", "mallory", "")
    assert (await world.call("alice", "PostRoleBindings", request, **ZOO)).status.code != Code.SUCCESS
    for wrong in (
        RoleBinding(role_id="looker"),
        RoleBinding(role_id="looker", user_id="bob", team_id="staff"),
        RoleBinding(role_id="looker", user_id="alice"),
    ):
        bad = PostRoleBindingsRequest(role_bindings=[wrong])
        await world.fails(INVALID, "alice", "PostRoleBindings", bad, **ZOO)
    for absent in (
        RoleBinding(role_id="no\0", user_id="bob"),
        RoleBinding(role_id="looker", user_id="nobody"),
        RoleBinding(role_id="looker", team_id="nobody"),
    ):
        bad = PostRoleBindingsRequest(role_bindings=[absent])
        await world.fails(ABSENT, "alice", "PostRoleBindings", bad, **ZOO)


async def test_a_role_of_no_use_and_a_name_that_is_taken_are_refused(world: World) -> None:
    for scopes in ([], ["Nothing:Get"], ["Inputs:Add"]):
        request = PostRolesRequest(roles=[Role(id="odd", scopes=scopes)])
        await world.fails(INVALID, "root", "PostRoles", request)
    for rpc, request in (
        ("PostRoles", PostRolesRequest(roles=[Role(id="looker", scopes=["All"])])),
        ("PostTeams", PostTeamsRequest(teams=[Team(id="t"), Team(id="t")])),
        ("PostTeams", PostTeamsRequest(teams=[Team(id="t", member_ids=["nobody"])])),
    ):
        assert (await world.call("root", rpc, request)).status.code != Code.SUCCESS
    assert not (await world.ok("root", "ListTeams")).teams
    assert [r.id for r in (await world.ok("alice", "ListRoles")).roles] == ["looker", "inviter"]
