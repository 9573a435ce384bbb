"""Role bindings: what a role allows, given to a user or a team in one app."""

import uuid
from typing import Any

from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse
from sqlalchemy import Row, Select, delete, select

from bowerbird.api.access import no_more_than_own
from bowerbird.api.fields import batch, distinct
from bowerbird.api.ids import check_id, shown
from bowerbird.api.pages import page_of
from bowerbird.api.people import audited
from bowerbird.api.roles import role_row
from bowerbird.api.rpc import Call, rpc
from bowerbird.api.teams import team_row
from bowerbird.api.users import find_user
from bowerbird.auth.keys import grant_of
from bowerbird.errors import Duplicate, InsufficientScopes, Invalid, NotFound
from bowerbird.proto.identity_pb2 import (
    DeleteRoleBindingsRequest,
    ListRoleBindingsRequest,
    MultiRoleBindingResponse,
    PostRoleBindingsRequest,
    Role,
    RoleBinding,
)
from bowerbird.store.bulk import insert_returning
from bowerbird.store.identity_tables import role_bindings, roles, teams
from bowerbird.store.kinds import stamp


@rpc(open_to_admins=True)
async def post_role_bindings(call: Call, req: PostRoleBindingsRequest) -> MultiRoleBindingResponse:
    _owner_or_admin(call)
    given = batch("role_bindings", req.role_bindings)
    ids = [check_id(f"role_bindings[{i}].id", one.id or uuid.uuid4().hex) for i, one in enumerate(given)]
    distinct("role_bindings.id", ids)
    for i, (id, one) in enumerate(zip(ids, given, strict=True)):
        await _bind(call, f"role_bindings[{i}]", id, one)
    await call.changes("apps")
    found = {row.id: row for row in await call.conn.execute(_those(call))}
    return MultiRoleBindingResponse(role_bindings=[_shown(found[id]) for id in ids])


@rpc(open_to_admins=True)
async def list_role_bindings(call: Call, req: ListRoleBindingsRequest) -> MultiRoleBindingResponse:
    rows = await call.conn.execute(page_of(req).cut(_those(call)))
    return MultiRoleBindingResponse(role_bindings=[_shown(row) for row in rows])


@rpc(open_to_admins=True)
async def delete_role_bindings(call: Call, req: DeleteRoleBindingsRequest) -> BaseResponse:
    _owner_or_admin(call)
    ids = distinct("ids", batch("ids", req.ids))
    here = role_bindings.c.app == call.app.seq
    for id in ids:
        gone = here & (role_bindings.c.id == id)
        if "\0" in id or not (await call.conn.execute(delete(role_bindings).where(gone))).rowcount:
            raise NotFound(f"role binding {shown(id)}")
        await audited(call, "role.taken", f"{call.app.user_id}/{call.app.id}", id)
    await call.changes("apps")
    return BaseResponse()


async def _bind(call: Call, field: str, id: str, given: RoleBinding) -> None:
    if bool(given.user_id) == bool(given.team_id):
        raise Invalid(f"{field}: expected a user_id or a team_id, and not both")
    if given.user_id == call.app.user_id:
        raise Invalid(f"{field}.user_id: {given.user_id!r} owns the app")
    role = await role_row(call.conn, given.role_id)
    no_more_than_own(call, field, grant_of(Role.FromString(role.message).scopes, []))
    row = {"id": id, "app": call.app.seq, "role": role.seq, "created_at": call.services.clock()}
    row["user_id"] = (await find_user(call.conn, given.user_id)).id if given.user_id else None
    row["team"] = (await team_row(call.conn, given.team_id)).seq if given.team_id else None
    if not await insert_returning(call.conn, role_bindings, [row], role_bindings.c.seq):
        raise Duplicate(
            f"{field}: the id is taken, or {given.user_id or given.team_id!r} has that role already"
        )
    told = f"{given.role_id} to {'team ' if given.team_id else ''}{given.user_id or given.team_id}"
    await audited(call, "role.given", f"{call.app.user_id}/{call.app.id}", told)


def _owner_or_admin(call: Call) -> None:
    if not (call.actor.owns(call.app.user_id) or call.is_admin):
        raise InsufficientScopes(f"{call.method.name} is for the owner {call.app.user_id!r} and for admins")


def _those(call: Call) -> Select[Any]:  # a binding's columns, and the ids of its role and team
    return (
        select(role_bindings, roles.c.id.label("role_id"), teams.c.id.label("team_id"))
        .join(roles, roles.c.seq == role_bindings.c.role)
        .outerjoin(teams, teams.c.seq == role_bindings.c.team)
        .where(role_bindings.c.app == call.app.seq)
        .order_by(role_bindings.c.seq)
    )


def _shown(row: Row[Any]) -> RoleBinding:  # of that query
    return RoleBinding(
        id=row.id,
        role_id=row.role_id,
        user_id=row.user_id or "",
        team_id=row.team_id or "",
        created_at=stamp(row.created_at),
    )
