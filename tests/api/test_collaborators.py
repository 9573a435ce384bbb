"""Collaborators, through the door."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Collaborator, User
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteCollaboratorsRequest,
    ListCollaboratorsRequest,
    PatchCollaboratorsRequest,
    PostCollaboratorsRequest,
)
from world import World

from bowerbird.errors import Code

pytestmark = pytest.mark.anyio

ZOO = {"user_id": "alice", "app_id": "zoo"}
V2 = "/clarifai.api.V2/"
INVALID, NOT_FOUND = Code.CONN_INVALID_REQUEST, Code.CONN_DOES_NOT_EXIST


def inviting(*users: User, scopes: tuple[str, ...] = ("All",), **fields: object) -> PostCollaboratorsRequest:
    parts = [Collaborator(user=user, scopes=scopes, **fields) for user in users]
    return PostCollaboratorsRequest(collaborators=parts)


async def invite(world: World, id: str = "bob", scopes: tuple[str, ...] = ("All",)) -> None:
    await world.ok("alice", "PostCollaborators", inviting(User(id=id), scopes=scopes), **ZOO)


async def test_a_collaborator_works_in_the_app_from_the_moment_of_the_invitation(world: World) -> None:
    await world.fails(NOT_FOUND, "bob", "ListConcepts", **ZOO)
    request = inviting(User(primary_email="Bob@Example.com"), scopes=("Concepts_Get",))
    (made,) = (await world.ok("alice", "PostCollaborators", request, **ZOO)).collaborators
    assert (made.id, made.user.id, made.app.id, list(made.scopes)) == ("bob", "bob", "zoo", ["Concepts:Get"])
    await world.ok("bob", "ListConcepts", **ZOO)
    details = await world.fails(Code.CONN_INSUFFICIENT_SCOPES, "bob", "PostConcepts", **ZOO)
    assert "Concepts:Add" in details


async def test_an_invitation_that_is_wrong_is_refused_and_nobody_invited(world: World) -> None:
    bob, mallory = User(id="bob"), User(id="mallory")
    for code, said, request in (
        (INVALID, "collaborators", inviting()),
        (INVALID, "collaborators[1].user", inviting(bob, User())),
        (INVALID, "owns the app", inviting(bob, User(id="alice"))),
        (INVALID, "bob", inviting(bob, User(primary_email="bob@example.com"))),
        (INVALID, "email", inviting(bob, User(primary_email="bob"))),
        (INVALID, "scopes", inviting(bob, mallory, scopes=())),
        (INVALID, "Inputs:Get", inviting(bob, scopes=("Inputs:Add",))),
        (INVALID, "Fly", inviting(bob, endpoints=[V2 + "Fly"])),
        (NOT_FOUND, "nobody", inviting(bob, User(id="nobody"))),
        (NOT_FOUND, "user", inviting(bob, User(id="b\0"))),
        (NOT_FOUND, "no@example.com", inviting(bob, User(primary_email="no@example.com"))),
    ):
        assert said in await world.fails(code, "alice", "PostCollaborators", request, **ZOO)
    assert not (await world.ok("alice", "ListCollaborators", **ZOO)).collaborators
    await invite(world)
    code = Code.DATABASE_DUPLICATE_KEY
    await world.fails(code, "alice", "PostCollaborators", inviting(mallory, bob), **ZOO)


async def test_a_weak_key_of_the_owner_invites_to_no_more_than_it_may_do(world: World) -> None:
    weak = await world.add_key("alice", scopes=["Collaborators:Add", "Collaborators:Get"])
    request = inviting(User(id="bob"))
    await world.fails(Code.CONN_INSUFFICIENT_SCOPES, weak, "PostCollaborators", request, **ZOO)
    request = inviting(User(id="bob"), scopes=("Collaborators:Get",))
    await world.ok(weak, "PostCollaborators", request, **ZOO)


async def test_collaborators_do_not_invite_change_or_remove_others(world: World) -> None:
    await invite(world)
    part = Collaborator(id="bob", scopes=["All"])
    for rpc, request in (
        ("PostCollaborators", inviting(User(id="mallory"))),
        ("PatchCollaborators", PatchCollaboratorsRequest(collaborators=[part], action="overwrite")),
        ("DeleteCollaborators", DeleteCollaboratorsRequest(collaborator_ids=["bob"])),
    ):
        await world.fails(Code.CONN_INSUFFICIENT_SCOPES, "bob", rpc, request, **ZOO)


async def test_collaborators_are_listed_without_their_addresses(world: World) -> None:
    await invite(world)
    await invite(world, "mallory", ("Inputs:Get",))
    answer = await world.ok("bob", "ListCollaborators", **ZOO)
    assert [(c.id, list(c.scopes)) for c in answer.collaborators] == [
        ("bob", ["All"]),
        ("mallory", ["Inputs:Get"]),
    ]
    assert answer.app_owner.id == "alice"
    assert "example.com" not in str(answer)
    second = ListCollaboratorsRequest(page=2, per_page=1)
    (found,) = (await world.ok("alice", "ListCollaborators", second, **ZOO)).collaborators
    assert found.id == "mallory"


async def test_a_collaborator_sees_the_apps_that_others_share(world: World) -> None:
    await invite(world, scopes=("Apps:Get", "Inputs:Get"))
    (found,) = (await world.ok("bob", "ListCollaborations", user_id="me")).collaborations
    assert (found.app.id, found.app_owner.id, list(found.scopes)) == (
        "zoo",
        "alice",
        ["Apps:Get", "Inputs:Get"],
    )
    assert not (await world.ok("alice", "ListCollaborations", user_id="me")).collaborations
    await world.fails(NOT_FOUND, "mallory", "ListCollaborations", user_id="bob")


async def test_a_changed_part_counts_at_once(world: World) -> None:
    await invite(world)
    await world.ok("bob", "ListConcepts", **ZOO)
    part = Collaborator(id="bob", scopes=["Inputs:Get"])
    request = PatchCollaboratorsRequest(collaborators=[part], action="overwrite")
    (changed,) = (await world.ok("alice", "PatchCollaborators", request, **ZOO)).collaborators
    assert list(changed.scopes) == ["Inputs:Get"]
    await world.fails(Code.CONN_INSUFFICIENT_SCOPES, "bob", "ListConcepts", **ZOO)


async def test_a_change_that_is_wrong_is_refused(world: World) -> None:
    await invite(world)
    for code, action, parts in (
        (INVALID, "merge", [Collaborator(id="bob")]),
        (INVALID, "overwrite", [Collaborator(id="bob", scopes=["Inputs:Add"])]),
        (INVALID, "overwrite", [Collaborator(id="bob")] * 2),
        (NOT_FOUND, "overwrite", [Collaborator(id="mallory", scopes=["All"])]),
    ):
        request = PatchCollaboratorsRequest(collaborators=parts, action=action)
        await world.fails(code, "alice", "PatchCollaborators", request, **ZOO)


async def test_a_removed_collaborator_is_out_at_once(world: World) -> None:
    await invite(world)
    await invite(world, "mallory")
    wrong = DeleteCollaboratorsRequest(collaborator_ids=["bob", "root"])
    await world.fails(NOT_FOUND, "alice", "DeleteCollaborators", wrong, **ZOO)
    await world.fails(INVALID, "alice", "DeleteCollaborators", **ZOO)
    await world.ok("bob", "ListConcepts", **ZOO)
    request = DeleteCollaboratorsRequest(collaborator_ids=["bob"], user_emails=["mallory@example.com"])
    await world.ok("alice", "DeleteCollaborators", request, **ZOO)
    for who in ("bob", "mallory"):
        await world.fails(NOT_FOUND, who, "ListConcepts", **ZOO)
