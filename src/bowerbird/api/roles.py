"""Roles: named sets of scopes, which admins make and owners of apps give."""

from typing import Any

from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.fields import LONGEST_TEXT, batch, distinct, text
from bowerbird.api.granting import check_rights, check_scope
from bowerbird.api.ids import check_id, shown
from bowerbird.api.pages import page_of
from bowerbird.api.people import audited
from bowerbird.api.rpc import Call, rpc
from bowerbird.auth.actors import PAT
from bowerbird.auth.scopes import wire
from bowerbird.errors import Duplicate, NotFound
from bowerbird.proto.identity_pb2 import (
    DeleteRolesRequest,
    ListRolesRequest,
    MultiRoleResponse,
    PatchRolesRequest,
    PostRolesRequest,
    Role,
)
from bowerbird.store.identity_tables import roles
from bowerbird.store.kinds import stamp


@rpc
async def post_roles(call: Call, req: PostRolesRequest) -> MultiRoleResponse:
    await call.changes("apps")  # first: its lock lets no two take an id at once
    made = []
    for i, given in enumerate(batch("roles", req.roles)):
        role = Role(id=check_id(f"roles[{i}].id", given.id), created_at=stamp(call.services.clock()))
        role = _with_given(f"roles[{i}]", role, given)
        if await find_role(call.conn, role.id):
            raise Duplicate(f"role {role.id!r} exists already; choose another id, or patch it")
        row = {"id": role.id, "message": role.SerializeToString()}
        await call.conn.execute(insert(roles).values(row))
        await audited(call, "role.made", role.id, " ".join(role.scopes))
        made.append(role)
    return MultiRoleResponse(roles=made)


@rpc
async def list_roles(call: Call, req: ListRolesRequest) -> MultiRoleResponse:
    rows = await call.conn.execute(page_of(req).cut(select(roles.c.message).order_by(roles.c.seq)))
    return MultiRoleResponse(roles=[Role.FromString(message) for message in rows.scalars()])


@rpc
async def patch_roles(call: Call, req: PatchRolesRequest) -> MultiRoleResponse:
    """Replace those of description and scopes that are given."""
    await call.changes("apps")
    changed = []
    distinct("roles.id", (role.id for role in batch("roles", req.roles)))
    for i, given in enumerate(req.roles):
        row = await role_row(call.conn, given.id)
        role = _with_given(f"roles[{i}]", Role.FromString(row.message), given)
        where = roles.c.seq == row.seq
        await call.conn.execute(update(roles).where(where).values(message=role.SerializeToString()))
        await audited(call, "role.changed", role.id, " ".join(role.scopes))
        changed.append(role)
    return MultiRoleResponse(roles=changed)


@rpc
async def delete_roles(call: Call, req: DeleteRolesRequest) -> BaseResponse:
    await call.changes("apps")
    for id in distinct("ids", batch("ids", req.ids)):
        row = await role_row(call.conn, id)
        await call.conn.execute(delete(roles).where(roles.c.seq == row.seq))
        await audited(call, "role.deleted", id)
    return BaseResponse()


async def find_role(conn: AsyncConnection, id: str) -> Row[Any] | None:
    if "\0" in id:
        return None
    return (await conn.execute(select(roles).where(roles.c.id == id))).first()


async def role_row(conn: AsyncConnection, id: str) -> Row[Any]:
    """Raises NotFound."""
    row = await find_role(conn, id)
    if row is None:
        raise NotFound(f"role {shown(id)}")
    return row


def _with_given(field: str, role: Role, given: Role) -> Role:
    """The role with what is given, checked: its scopes are of use as they are."""
    if given.description:
        role.description = text(f"{field}.description", given.description, LONGEST_TEXT)
    if given.scopes:
        named = (wire(check_scope(f"{field}.scopes", scope)) for scope in given.scopes)
        role.scopes[:] = dict.fromkeys(named)
    check_rights(field, role.scopes, [], PAT)
    return role
