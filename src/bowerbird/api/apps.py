"""Apps: made, listed, changed and deleted by their owner."""

from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import App, Visibility
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteAppRequest,
    GetAppRequest,
    ListAppsRequest,
    MultiAppResponse,
    PatchAppsRequest,
    PostAppsRequest,
    SingleAppResponse,
)
from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse
from sqlalchemy import ColumnElement, or_, select

from bowerbird.api.access import owner_only, readable_app
from bowerbird.api.app_fields import accepted, patched
from bowerbird.api.base_workflow import base_workflow
from bowerbird.api.fields import batch, choice, distinct
from bowerbird.api.ids import given_or_new
from bowerbird.api.pages import containing, matching, page_of
from bowerbird.api.rpc import Call, rpc
from bowerbird.auth.actors import PUBLIC_USER
from bowerbird.auth.directory import apps_of
from bowerbird.errors import Invalid
from bowerbird.jobs import reindex
from bowerbird.store.kinds import APPS, stamp
from bowerbird.store.tables import apps

LANGUAGE = "en"
GONE_WITH_AN_APP = ("apps", "keys", "models", "workflows", "collectors")


@rpc
async def post_apps(call: Call, req: PostAppsRequest) -> MultiAppResponse:
    user = owner_only(call)
    made = [_made(call, user, i, app) for i, app in enumerate(batch("apps", req.apps))]
    distinct("apps.id", (app.id for app in made))
    await APPS.add(call.conn, user, made)
    await call.changes("apps")
    return MultiAppResponse(apps=made)


@rpc(open_to_visitors=True)
async def get_app(call: Call, req: GetAppRequest) -> SingleAppResponse:
    app = readable_app(call)
    return SingleAppResponse(app=await APPS.one(call.conn, app.user_id, app.id))


@rpc(open_to_visitors=True)
async def list_apps(call: Call, req: ListAppsRequest) -> MultiAppResponse:
    """A user's apps as the caller may see them; the caller's own with those that others share with them."""
    if call.place.app:
        readable_app(call)  # or naming one would tell a stranger that it exists
    if req.featured_only or req.starred_only or req.template_only:
        return MultiAppResponse()  # no app here can be any of these
    where = [_visible(call), *_wanted(req)]
    query = select(apps).where(*where).order_by(*_order(req))
    rows = await call.conn.execute(page_of(req).cut(query))
    return MultiAppResponse(apps=[APPS.stored(row).message for row in rows])


@rpc
async def patch_apps(call: Call, req: PatchAppsRequest) -> MultiAppResponse:
    """All of them, or none. With `reindex`, their base workflows then run on all inputs that they hold."""
    user = owner_only(call)
    action = choice("action", req.action, "overwrite", "merge")
    metadata_action = choice("metadata_action.op", req.metadata_action.op or action, "overwrite", "merge")
    ids = distinct("apps.id", (app.id for app in batch("apps", req.apps)))
    changed = []
    for i, stored in enumerate(await APPS.locked(call.conn, user, ids)):
        app = patched(f"apps[{i}]", stored.message, req.apps[i], metadata_action)
        app.modified_at.CopyFrom(stamp(call.services.clock()))
        await APPS.save(call.conn, stored.seq, app)
        changed.append(app)
        if req.reindex:
            await base_workflow(call, call.conn, stored.seq, app)
            await reindex.put(call.conn, stored.seq, call.services.clock())
    await call.changes("apps")
    return MultiAppResponse(apps=changed)


@rpc
async def delete_app(call: Call, req: DeleteAppRequest) -> BaseResponse:
    """Delete the app with everything in it, and its keys."""
    user = owner_only(call)
    if user == PUBLIC_USER:
        raise Invalid(f"the apps of {user!r} hold what everybody may use and stay")
    await APPS.delete(call.conn, user, [call.app.id])
    for kind in GONE_WITH_AN_APP:
        await call.changes(kind)
    return BaseResponse()


def _made(call: Call, user: str, i: int, given: App) -> App:
    now = stamp(call.services.clock())
    app = accepted(f"apps[{i}]", given)
    app.id = given_or_new(f"apps[{i}].id", given.id)
    app.name = app.name or app.id
    app.user_id = user
    app.default_language = given.default_language or LANGUAGE
    app.visibility.gettable = app.visibility.gettable or Visibility.PRIVATE
    app.created_at.CopyFrom(now)
    app.modified_at.CopyFrom(now)
    return app


def _visible(call: Call) -> ColumnElement[bool]:
    caller, user = call.actor.user_id, call.place.user_id
    shared = apps.c.seq.in_(apps_of(caller))
    if caller == user:
        return or_(apps.c.user_id == user, shared)
    if call.actor.owns(user):
        return apps.c.user_id == user
    return (apps.c.user_id == user) & or_(shared, apps.c.visibility == Visibility.PUBLIC)


def _wanted(req: ListAppsRequest) -> list[ColumnElement[bool]]:
    where = []
    if req.visibility.gettable:
        where.append(apps.c.visibility == req.visibility.gettable)
    if req.id:
        where.append(matching("id", apps.c.id, req.id))
    if req.name:
        where.append(or_(*(matching("name", c, req.name) for c in (apps.c.id, apps.c.name))))
    for word in f"{req.search} {req.query}".split():
        where.append(or_(*(containing("search", c, word) for c in (apps.c.id, apps.c.name))))
    return where


def _order(req: ListAppsRequest) -> list[ColumnElement[Any]]:  # any type can be ordered by
    by = {
        apps.c.name: req.sort_by_name,
        apps.c.created_at: req.sort_by_created_at,
        apps.c.id: req.sort_by_id,
    }
    column = next((c for c, is_asked in by.items() if is_asked), apps.c.modified_at)
    return [c.asc() if req.sort_ascending else c.desc() for c in (column, apps.c.seq)]
