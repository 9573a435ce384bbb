"""Which apps there are and who works in them, remembered so that a call asks without a query."""

from dataclasses import dataclass
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import App, Visibility
from sqlalchemy import ColumnElement, CompoundSelect, Select, or_, select, union

from bowerbird.auth.actors import AppRef, Grant
from bowerbird.auth.keys import grant_of
from bowerbird.auth.scopes import name
from bowerbird.proto.identity_pb2 import Role
from bowerbird.store.db import Database
from bowerbird.store.identity_tables import role_bindings, roles, team_members
from bowerbird.store.revisions import Revisions
from bowerbird.store.tables import apps, collaborators

MOST_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Part:
    """Somebody's part in an app: what they were invited for, and the scopes of their roles there."""

    invited: Grant | None
    roles: frozenset[str] = frozenset()

    def at(self, endpoint: str) -> Grant | None:
        """What both allow together at an endpoint: what was invited for some endpoints only ends there."""
        invited = self.invited
        if not self.roles:
            return invited
        if invited is None or (invited.endpoints and endpoint not in invited.endpoints):
            return Grant(self.roles)
        if not invited.scopes:
            return invited
        return Grant(invited.scopes | self.roles, invited.endpoints)


class Directory:
    """Apps by name or number, and the grants of collaborators."""

    def __init__(self, db: Database, revisions: Revisions) -> None:
        self._db = db
        self._by_name: dict[tuple[str, str], AppRef | None] = {}
        self._by_seq: dict[int, AppRef | None] = {}
        self._parts: dict[tuple[int, str], Part] = {}
        revisions.on_change("apps", self.forget)

    def forget(self) -> None:
        self._by_name, self._by_seq, self._parts = {}, {}, {}

    async def app(self, user_id: str, app_id: str) -> AppRef | None:
        key = (user_id, app_id)
        if "\0" in user_id + app_id:
            return None  # PostgreSQL takes no such text, and no such app can be
        if key not in self._by_name:
            remembered = self._by_name
            found = await self._find(apps.c.user_id == user_id, apps.c.id == app_id)
            if len(remembered) >= MOST_REMEMBERED:
                remembered.clear()
            remembered[key] = found
            return found
        return self._by_name[key]

    async def app_by_seq(self, seq: int) -> AppRef | None:
        if seq not in self._by_seq:
            remembered = self._by_seq
            remembered[seq] = found = await self._find(apps.c.seq == seq)
            return found
        return self._by_seq[seq]

    async def grant(self, app: AppRef, user_id: str, endpoint: str = "") -> Grant | None:
        """What this collaborator may do at an endpoint, by invitation and roles; None for a stranger."""
        key = (app.seq, user_id)
        part = self._parts.get(key)
        if part is None:
            remembered = self._parts
            remembered[key] = part = await self._find_part(app.seq, user_id)
        return part.at(endpoint)

    async def _find(self, *where: ColumnElement[bool]) -> AppRef | None:
        async with self._db.read() as conn:
            row = (await conn.execute(select(apps).where(*where))).first()
        if row is None:
            return None
        message = App.FromString(row.message)
        is_public = message.visibility.gettable == Visibility.PUBLIC
        return AppRef(row.seq, row.user_id, row.id, is_public, message.default_workflow_id)

    async def _find_part(self, app: int, user_id: str) -> Part:
        query = select(collaborators).where(collaborators.c.app == app, collaborators.c.user_id == user_id)
        async with self._db.read() as conn:
            row = (await conn.execute(query)).first()
            held = (await conn.execute(_roles_of(app, user_id))).scalars()
            scopes = {name(scope) for message in held for scope in Role.FromString(message).scopes}
        invited = grant_of(row.scopes.split(), row.endpoints.split()) if row else None
        return Part(invited, frozenset(scopes))


def apps_of(user_id: str) -> CompoundSelect[Any]:  # of one column, numbers of apps
    """The apps of others that somebody has a part in: by invitation, or by a role, their own or a team's."""
    invited = select(collaborators.c.app).where(collaborators.c.user_id == user_id)
    return union(invited, select(role_bindings.c.app).where(_held_by(user_id)))


def _roles_of(app: int, user_id: str) -> Select[Any]:  # of one column, messages
    """The roles that somebody has in an app, themselves or by their teams."""
    query = select(roles.c.message).join(role_bindings, role_bindings.c.role == roles.c.seq)
    return query.where(role_bindings.c.app == app, _held_by(user_id))


def _held_by(user_id: str) -> ColumnElement[bool]:
    """Whether a role binding is somebody's, or one of their teams'."""
    theirs = select(team_members.c.team).where(team_members.c.user_id == user_id)
    return or_(role_bindings.c.user_id == user_id, role_bindings.c.team.in_(theirs))
