"""What keys may do, as they are told."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Collaborator, User
from clarifai_grpc.grpc.api.service_pb2 import ListScopesRequest, PostCollaboratorsRequest
from world import World

from bowerbird.errors import Code

pytestmark = pytest.mark.anyio

ZOO = {"user_id": "alice", "app_id": "zoo"}
V2 = "/clarifai.api.V2/"


async def invite(world: World, scopes: list[str], endpoints: list[str] | None = None) -> None:
    part = Collaborator(user=User(id="bob"), scopes=scopes, endpoints=endpoints or [])
    await world.ok("alice", "PostCollaborators", PostCollaboratorsRequest(collaborators=[part]), **ZOO)


async def test_a_key_is_told_its_scopes_and_its_app(world: World) -> None:
    key = await world.add_key("alice", "zoo", scopes=["Inputs:Get", "Concepts:Get"])
    answer = await world.ok(key, "MyScopes")
    assert list(answer.scopes) == ["Concepts:Get", "Inputs:Get"]
    assert (answer.app.id, answer.app.user_id) == ("zoo", "alice")
    for rpc in ("MyScopes", "MyScopesUser", "MyScopesRoot"):
        assert list((await world.ok("alice", rpc)).scopes) == ["All"]


async def test_a_collaborator_may_do_what_key_and_invitation_both_allow(world: World) -> None:
    await invite(world, ["Inputs:Get", "Concepts:Get"])
    key = await world.add_key("bob", scopes=["Concepts:Get", "Models:Get"])
    assert list((await world.ok(key, "MyScopes", **ZOO)).scopes) == ["Concepts:Get"]
    assert list((await world.ok("bob", "MyScopes", **ZOO)).scopes) == ["Concepts:Get", "Inputs:Get"]
    assert list((await world.ok(key, "MyScopes")).scopes) == ["Concepts:Get", "Models:Get"]


async def test_endpoints_are_told_too(world: World) -> None:
    await invite(world, ["All"], [V2 + "MyScopes", V2 + "GetInput"])
    answer = await world.ok("bob", "MyScopes", **ZOO)
    assert list(answer.endpoints) == [V2 + "GetInput", V2 + "MyScopes"]
    await world.fails(Code.CONN_INSUFFICIENT_SCOPES, "bob", "ListConcepts", **ZOO)


async def test_what_keys_can_be_allowed_is_listed_by_their_type(world: World) -> None:
    app = await world.ok("alice", "ListScopes", user_id="me")
    pat = await world.ok(
        "alice", "ListScopes", ListScopesRequest(key_type="personal_access_token"), user_id="me"
    )
    of_app = {d.scope: list(d.depending_scopes) for d in app.scope_deps}
    assert of_app["Inputs:Delete"] == ["Inputs:Add", "Inputs:Get"]
    assert of_app["All"] == []
    assert "Models:Sync" not in of_app
    assert "Keys:Delete" not in of_app
    assert "Keys:Delete" in {d.scope for d in pat.scope_deps}
    endpoints = {d.endpoint: list(d.depending_scopes) for d in app.endpoint_deps}
    assert endpoints[V2 + "PostConcepts"] == ["Concepts:Add", "Concepts:Get"]
    assert V2 + "PostKeys" not in endpoints
    assert V2 + "PostKeys" in {d.endpoint for d in pat.endpoint_deps}
    assert V2 + "ListStatusCodes" not in endpoints
    request = ListScopesRequest(key_type="other")
    await world.fails(Code.CONN_INVALID_REQUEST, "alice", "ListScopes", request, user_id="me")
