"""What a key may do, and what keys can be allowed."""

from clarifai_grpc.grpc.api.resources_pb2 import App, EndpointDeps, ScopeDeps
from clarifai_grpc.grpc.api.service_pb2 import (
    ListScopesRequest,
    MultiScopeDepsResponse,
    MultiScopeResponse,
    MultiScopeRootResponse,
    MultiScopeUserResponse,
    MyScopesRequest,
    MyScopesRootRequest,
    MyScopesUserRequest,
)

from bowerbird.api.access import effective, owner_only
from bowerbird.api.fields import choice
from bowerbird.api.granting import callable_with
from bowerbird.api.rpc import Call, rpc
from bowerbird.auth.actors import APP_KEY, PAT
from bowerbird.auth.scopes import ALL, dependencies, offered, wire


@rpc
async def my_scopes(call: Call, req: MyScopesRequest) -> MultiScopeResponse:
    grant = await effective(call)
    answer = MultiScopeResponse(scopes=_names(grant.scopes), endpoints=sorted(grant.endpoints))
    if call.place.app:
        answer.app.CopyFrom(App(id=call.place.app.id, user_id=call.place.app.user_id))
    return answer


@rpc
async def my_scopes_user(call: Call, req: MyScopesUserRequest) -> MultiScopeUserResponse:
    grant = await effective(call)
    return MultiScopeUserResponse(scopes=_names(grant.scopes), endpoints=sorted(grant.endpoints))


@rpc
async def my_scopes_root(call: Call, req: MyScopesRootRequest) -> MultiScopeRootResponse:
    grant = call.actor.grant
    return MultiScopeRootResponse(scopes=_names(grant.scopes), endpoints=sorted(grant.endpoints))


@rpc
async def list_scopes(call: Call, req: ListScopesRequest) -> MultiScopeDepsResponse:
    owner_only(call)
    key_type = choice("key_type", req.key_type or APP_KEY, APP_KEY, PAT)
    return MultiScopeDepsResponse(
        scope_deps=[
            ScopeDeps(scope=wire(s), depending_scopes=_names(dependencies()[s])) for s in _offered(key_type)
        ],
        endpoint_deps=[
            EndpointDeps(endpoint=path, depending_scopes=_names(method.scopes))
            for path, method in callable_with(key_type).items()
        ],
    )


def _offered(key_type: str) -> list[str]:
    """The scopes to choose from: not those that only calls need which such a key cannot make."""
    useful = {s for m in callable_with(key_type).values() for s in m.scopes}
    useless = {s for m in callable_with(PAT).values() for s in m.scopes} - useful
    return [s for s in offered() if s not in useless - {ALL}]


def _names(scopes: frozenset[str]) -> list[str]:
    return sorted(map(wire, scopes))
