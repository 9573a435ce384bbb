"""Collaborators: people whom an app's owner lets work in it. Each is named by the user's id."""

from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import App, Collaboration, Collaborator, User
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteCollaboratorsRequest,
    ListCollaborationsRequest,
    ListCollaboratorsRequest,
    MultiCollaborationsResponse,
    MultiCollaboratorsResponse,
    PatchCollaboratorsRequest,
    PostCollaboratorsRequest,
)
from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse
from sqlalchemy import Row, Select, delete, insert, select, update

from bowerbird.api.access import no_more_than_own, owner_only
from bowerbird.api.fields import batch, choice, distinct
from bowerbird.api.granting import check_rights, rights_given
from bowerbird.api.ids import shown
from bowerbird.api.pages import page_of
from bowerbird.api.rpc import Call, rpc
from bowerbird.api.users import find_user, find_user_by_email, find_users
from bowerbird.auth.actors import PAT
from bowerbird.auth.keys import grant_of
from bowerbird.errors import Duplicate, Invalid, NotFound
from bowerbird.store.tables import apps, collaborators, users


@rpc
async def post_collaborators(call: Call, req: PostCollaboratorsRequest) -> MultiCollaboratorsResponse:
    """Let people work in the app; each is named by user.id or user.primary_email."""
    owner = owner_only(call)
    added = []
    for i, given in enumerate(batch("collaborators", req.collaborators)):
        user = await _invited(call, f"collaborators[{i}]", given)
        if user.id == owner:
            raise Invalid(f"collaborators[{i}].user: {owner!r} owns the app")
        added.append(_with_rights(call, f"collaborators[{i}]", _of(call, user), given))
    ids = distinct("collaborators.user", (c.id for c in added))
    taken = await _parts(call, ids)
    if taken:
        raise Duplicate(f"{next(iter(taken))!r} works in the app already")
    for collaborator in added:
        row = {"app": call.app.seq, "user_id": collaborator.id, **_rights(collaborator)}
        await call.conn.execute(insert(collaborators).values(row))
    await call.changes("apps")
    return MultiCollaboratorsResponse(collaborators=added, app_owner=User(id=owner))


@rpc
async def list_collaborators(call: Call, req: ListCollaboratorsRequest) -> MultiCollaboratorsResponse:
    query = _select(call).order_by(users.c.seq)
    rows = await call.conn.execute(page_of(req).cut(query))
    return MultiCollaboratorsResponse(
        collaborators=[_stored(call, row) for row in rows],
        app_owner=_public(await find_user(call.conn, call.app.user_id)),
    )


@rpc
async def patch_collaborators(call: Call, req: PatchCollaboratorsRequest) -> MultiCollaboratorsResponse:
    """Replace those of scopes and endpoints that are given."""
    owner = owner_only(call)
    choice("action", req.action, "overwrite")
    given = batch("collaborators", req.collaborators)
    ids = distinct("collaborators.id", (c.id or c.user.id for c in given))
    parts = await _existing(call, ids)
    changed = [
        _with_rights(call, f"collaborators[{i}]", old, new)
        for i, (old, new) in enumerate(zip(parts, given, strict=True))
    ]
    for collaborator in changed:
        part = (collaborators.c.app == call.app.seq) & (collaborators.c.user_id == collaborator.id)
        await call.conn.execute(update(collaborators).where(part).values(_rights(collaborator)))
    await call.changes("apps")
    return MultiCollaboratorsResponse(collaborators=changed, app_owner=User(id=owner))


@rpc
async def delete_collaborators(call: Call, req: DeleteCollaboratorsRequest) -> BaseResponse:
    owner_only(call)
    named = [(await find_user_by_email(call.conn, email)).id for email in req.user_emails]
    ids = list(dict.fromkeys([*req.collaborator_ids, *named]))
    await _existing(call, list(batch("collaborator_ids", ids)))
    part = (collaborators.c.app == call.app.seq) & collaborators.c.user_id.in_(ids)
    await call.conn.execute(delete(collaborators).where(part))
    await call.changes("apps")
    return BaseResponse()


@rpc
async def list_collaborations(call: Call, req: ListCollaborationsRequest) -> MultiCollaborationsResponse:
    """The apps of others that the caller works in."""
    user = owner_only(call)
    if req.template_only:
        return MultiCollaborationsResponse()  # no app here can be a template
    query = select(apps.c.message, collaborators).join(apps, apps.c.seq == collaborators.c.app)
    query = query.where(collaborators.c.user_id == user).order_by(apps.c.seq)
    rows = (await call.conn.execute(page_of(req).cut(query))).all()
    shared = [App.FromString(row.message) for row in rows]
    owners = await find_users(call.conn, [app.user_id for app in shared])
    return MultiCollaborationsResponse(
        collaborations=[
            Collaboration(
                app=app,
                app_owner=_public(owners[app.user_id]),
                scopes=row.scopes.split(),
                endpoints=row.endpoints.split(),
            )
            for app, row in zip(shared, rows, strict=True)
        ]
    )


async def _invited(call: Call, field: str, given: Collaborator) -> User:
    if given.user.id:
        return await find_user(call.conn, given.user.id)
    if given.user.primary_email:
        return await find_user_by_email(call.conn, given.user.primary_email)
    raise Invalid(f"{field}.user: expected an id or a primary_email")


def _of(call: Call, user: User) -> Collaborator:
    app = App(id=call.app.id, user_id=call.app.user_id)
    return Collaborator(id=user.id, app=app, user=_public(user))


def _public(user: User) -> User:
    """What others may know of a user: not the address."""
    return User(id=user.id, first_name=user.first_name, last_name=user.last_name)


def _with_rights(call: Call, field: str, old: Collaborator, given: Collaborator) -> Collaborator:
    new = Collaborator()
    new.CopyFrom(old)
    rights_given(new, given)
    check_rights(field, new.scopes, new.endpoints, PAT)
    no_more_than_own(call, field, grant_of(new.scopes, new.endpoints))
    return new


def _rights(collaborator: Collaborator) -> dict[str, str]:
    return {"scopes": " ".join(collaborator.scopes), "endpoints": " ".join(collaborator.endpoints)}


def _select(call: Call) -> Select[Any]:  # a user's message beside the columns of their part
    query = select(users.c.message, collaborators).join(users, users.c.id == collaborators.c.user_id)
    return query.where(collaborators.c.app == call.app.seq)


def _stored(call: Call, row: Row[Any]) -> Collaborator:  # of that query
    collaborator = _of(call, User.FromString(row.message))
    collaborator.scopes.extend(row.scopes.split())
    collaborator.endpoints.extend(row.endpoints.split())
    return collaborator


async def _parts(call: Call, ids: list[str]) -> dict[str, Collaborator]:
    """Those of `ids` who work in the app."""
    wanted = [id for id in ids if "\0" not in id]
    rows = await call.conn.execute(_select(call).where(collaborators.c.user_id.in_(wanted)))
    return {row.user_id: _stored(call, row) for row in rows}


async def _existing(call: Call, ids: list[str]) -> list[Collaborator]:
    """All of `ids`, in their order. Raises NotFound, naming the first who does not work in the app."""
    found = await _parts(call, ids)
    for id in ids:
        if id not in found:
            raise NotFound(f"collaborator {shown(id)}")
    return [found[id] for id in ids]
