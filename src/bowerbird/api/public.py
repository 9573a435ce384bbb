"""Models and workflows as their readers find them: those of the app, and the public ones that all may use."""

from typing import TypeVar

from clarifai_grpc.grpc.api.resources_pb2 import Visibility
from google.protobuf.message import Message
from sqlalchemy import ColumnElement, Table, or_, select

from bowerbird.api.ids import shown
from bowerbird.api.rpc import Call
from bowerbird.api.zoo_models import canonical
from bowerbird.auth.actors import PUBLIC_APP, PUBLIC_USER, AppRef
from bowerbird.store.resources import Kind, Stored
from bowerbird.store.tables import apps, models

M = TypeVar("M", bound=Message)


async def public_app(call: Call) -> AppRef | None:
    return await call.authority.directory.app(PUBLIC_USER, PUBLIC_APP)


async def readable(call: Call, kind: Kind[M], id: str) -> Stored[M]:
    """The call's app's own, as far as the caller may see it, else the public one. Raises `kind.missing`."""
    if app := call.place.app:
        found = await _named(call, kind, app, id)
        if found and (call.place.is_member or found.row["visibility"] == Visibility.PUBLIC):
            return found
    if main := await public_app(call):
        found = await _named(call, kind, main, id)
        if found and found.row["visibility"] == Visibility.PUBLIC:
            return found
    where = f" in app '{call.place.user_id}/{call.place.app.id}'" if call.place.app else ""
    raise kind.missing(f"{kind.word} {shown(id)}{where}")


async def _named(call: Call, kind: Kind[M], app: AppRef, id: str) -> Stored[M] | None:
    """The app's thing of that kind with this id; a public model may be called by an older id."""
    if kind.table is models:
        id = canonical(app.user_id, app.id, id)
    return (await kind.find(call.conn, app.seq, [id])).get(id)


async def listed(call: Call, table: Table, *, with_public: bool) -> ColumnElement[bool]:
    """Rows that a list shows: those of the call's app or user, as far as the caller may see them, and the
    public ones."""
    is_public = table.c.visibility == Visibility.PUBLIC
    if call.place.app:
        own = table.c.app == call.place.app.seq
    else:
        of_user = select(apps.c.seq).where(apps.c.user_id == call.place.user_id)
        if not call.place.is_member:
            of_user = of_user.where(apps.c.visibility == Visibility.PUBLIC)
        own = table.c.app.in_(of_user)
    if not call.place.is_member:
        own &= is_public
    main = await public_app(call) if with_public else None
    return or_(own, (table.c.app == main.seq) & is_public) if main else own
