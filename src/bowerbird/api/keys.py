"""Keys and personal access tokens: shown whole once, when they are made; named by their handle ever after."""

from collections.abc import Iterable

from clarifai_grpc.grpc.api.resources_pb2 import App, Key
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteKeyRequest,
    GetKeyRequest,
    ListAppKeysRequest,
    ListKeysRequest,
    MultiKeyResponse,
    PatchKeysRequest,
    PostKeysRequest,
    SingleKeyResponse,
)
from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse
from sqlalchemy import ColumnElement, or_

from bowerbird.api.access import no_more_than_own, owner_only
from bowerbird.api.fields import LONGEST_TEXT, batch, choice, distinct, moment, text
from bowerbird.api.granting import check_rights, check_scope, rights_given
from bowerbird.api.pages import page_of
from bowerbird.api.rpc import Call, rpc
from bowerbird.auth.actors import APP_KEY, PAT
from bowerbird.auth.grants import missing
from bowerbird.auth.keys import KEYS, expiry, grant_of, handle_of, issue
from bowerbird.errors import InsufficientScopes, Invalid, NotFound
from bowerbird.store.kinds import APPS, stamp
from bowerbird.store.resources import Page
from bowerbird.store.tables import keys


@rpc
async def post_keys(call: Call, req: PostKeysRequest) -> MultiKeyResponse:
    """Make keys. Only this answer carries them whole, in `id`."""
    user = owner_only(call)
    made = [_made(call, f"keys[{i}]", key) for i, key in enumerate(batch("keys", req.keys))]
    whole = []
    for i, key in enumerate(made):
        app = await _app_of(call, f"keys[{i}]", user, key)
        shown = Key()
        shown.CopyFrom(key)
        shown.id = await issue(call.conn, call.keyring, user, key, app)
        whole.append(shown)
    await call.changes("keys")
    return MultiKeyResponse(keys=whole)


@rpc
async def get_key(call: Call, req: GetKeyRequest) -> SingleKeyResponse:
    return SingleKeyResponse(key=await KEYS.one(call.conn, owner_only(call), handle_of(req.key_id)))


@rpc
async def list_keys(call: Call, req: ListKeysRequest) -> MultiKeyResponse:
    user, page = owner_only(call), page_of(req)
    wanted = [check_scope("scopes", scope) for scope in req.scopes]
    query = KEYS.select(user).where(*_wanted(call, req)).order_by(keys.c.seq)
    if not wanted and not req.endpoints:
        query = page.cut(query)
    found = [KEYS.stored(row).message for row in await call.conn.execute(query)]
    if wanted or req.endpoints:
        found = _cut(page, [key for key in found if _allows(key, wanted, req.endpoints)])
    return MultiKeyResponse(keys=found)


@rpc
async def list_app_keys(call: Call, req: ListAppKeysRequest) -> MultiKeyResponse:
    user = owner_only(call)
    found = await KEYS.page(call.conn, user, page_of(req), keys.c.app == call.app.seq)
    return MultiKeyResponse(keys=[stored.message for stored in found])


@rpc
async def patch_keys(call: Call, req: PatchKeysRequest) -> MultiKeyResponse:
    """Replace those of description, scopes, endpoints and expires_at that are given."""
    user = owner_only(call)
    choice("action", req.action, "overwrite")
    handles = distinct("keys.id", (handle_of(key.id) for key in batch("keys", req.keys)))
    changed = []
    for i, stored in enumerate(await KEYS.locked(call.conn, user, handles)):
        key = _patched(call, f"keys[{i}]", stored.message, req.keys[i])
        await KEYS.save(call.conn, stored.seq, key)
        changed.append(key)
    await call.changes("keys")
    return MultiKeyResponse(keys=changed)


@rpc
async def delete_key(call: Call, req: DeleteKeyRequest) -> BaseResponse:
    """Delete a key. It may be the one in use: whoever holds a key that leaked can end it with itself."""
    await KEYS.delete(call.conn, owner_only(call), [handle_of(req.key_id)])
    await call.changes("keys")
    return BaseResponse()


def _made(call: Call, field: str, given: Key) -> Key:
    usual = APP_KEY if given.apps else PAT
    key = Key(
        type=choice(f"{field}.type", given.type or usual, APP_KEY, PAT),
        created_at=stamp(call.services.clock()),
        apps=[App(id=app.id, user_id=app.user_id) for app in given.apps],
    )
    return _with_given(call, field, key, given)


def _patched(call: Call, field: str, old: Key, patch: Key) -> Key:
    no_more_than_own(call, field, grant_of(old.scopes, old.endpoints))
    if patch.type not in ("", old.type):
        raise Invalid(f"{field}.type: stays {old.type!r} once the key is made")
    if patch.apps and [app.id for app in patch.apps] != [app.id for app in old.apps]:
        raise Invalid(f"{field}.apps: stay as they are once the key is made")
    key = Key()
    key.CopyFrom(old)
    return _with_given(call, field, key, patch)


def _with_given(call: Call, field: str, key: Key, given: Key) -> Key:
    """The key with what a client gave, checked, when that is no more than the client's own key allows."""
    if given.description:
        key.description = text(f"{field}.description", given.description, LONGEST_TEXT)
    rights_given(key, given)
    if given.HasField("expires_at"):
        key.expires_at.CopyFrom(moment(f"{field}.expires_at", given.expires_at))
        if (expiry(key) or 0) <= call.services.clock():
            raise Invalid(f"{field}.expires_at: expected a time to come")
    check_rights(field, key.scopes, key.endpoints, key.type)
    no_more_than_own(call, field, grant_of(key.scopes, key.endpoints))
    _ends_with_own(call, field, key)
    return key


def _ends_with_own(call: Call, field: str, key: Key) -> None:
    ends, own = expiry(key), call.actor.expires_at
    if own is not None and (ends is None or ends > own):
        raise InsufficientScopes(f"{field}.expires_at: a key cannot outlive the token that it is made with")


async def _app_of(call: Call, field: str, user: str, key: Key) -> int | None:
    """The number of the app that the key is for. Raises Invalid, NotFound."""
    if key.type == PAT:
        if key.apps:
            raise Invalid(f"{field}.apps: a {PAT} is for no app; leave them out, or make an {APP_KEY}")
        return None
    if len(key.apps) != 1:
        raise Invalid(f"{field}.apps: {len(key.apps)} given; an {APP_KEY} is for exactly one")
    (app,) = key.apps
    if app.user_id not in ("", "me", user):
        raise NotFound(
            f"app '{app.user_id}/{app.id}' among those of {user!r}: owners make the keys of an app"
        )
    app.user_id = user
    return (await APPS.row(call.conn, user, app.id)).seq


def _wanted(call: Call, req: ListKeysRequest) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if req.type:
        where.append(keys.c.type == choice("type", req.type, APP_KEY, PAT))
    if req.not_expired:
        where.append(or_(keys.c.expires_at.is_(None), keys.c.expires_at > call.services.clock()))
    return where


def _allows(key: Key, scopes: Iterable[str], endpoints: Iterable[str]) -> bool:
    grant = grant_of(key.scopes, key.endpoints)
    return not missing(grant, scopes) and grant.endpoints.issuperset(endpoints)


def _cut(page: Page, found: list[Key]) -> list[Key]:
    return found[(page.number - 1) * page.size : page.number * page.size]
