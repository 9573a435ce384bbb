"""Deny unless allowed: what every call is checked against before its handler runs."""

from dataclasses import dataclass

from bowerbird.auth.actors import APP_KEY, EVERYTHING, Actor, AppRef, Grant
from bowerbird.auth.directory import Directory
from bowerbird.auth.scopes import lacking
from bowerbird.errors import InsufficientScopes, NotFound


@dataclass(frozen=True, slots=True)
class Need:
    """What a call needs of its caller."""

    endpoint: str  # /clarifai.api.V2/PostInputs
    scopes: frozenset[str]
    token_only: bool  # a personal access token, not an app's key
    open_to_visitors: bool  # also serves people who are not in the app, for what is public
    admin_only: bool = False
    open_to_admins: bool = False  # also serves admins in apps of others


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call acts: a user's things, in one of their apps or outside any."""

    user_id: str
    app: AppRef | None
    is_member: bool  # an owner or collaborator; a visitor sees what is public


class Authority:
    """Decides whether an actor may make a call in a place."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory

    async def admit(self, actor: Actor, need: Need, user_id: str, app_id: str) -> Place:
        """Where the call acts, when it may.

        Raises InsufficientScopes naming what is missing, NotFound for what is not there or not to be seen.
        """
        if need.token_only and actor.kind == APP_KEY:
            raise InsufficientScopes("this call needs a personal access token, not an app's key")
        check(actor.grant, need, "the key")
        if need.admin_only and not actor.is_admin:
            raise InsufficientScopes("this call is for admins")
        if actor.app_seq is not None:
            return await self._own_place(actor, user_id, app_id)
        user_id = actor.user_id if user_id in ("", "me") else user_id
        if not app_id:
            return self._outside(actor, need, user_id)
        app = await self.directory.app(user_id, app_id)
        return Place(user_id, app, await self._is_member(actor, need, app, f"{user_id}/{app_id}"))

    async def _own_place(self, actor: Actor, user_id: str, app_id: str) -> Place:
        assert actor.app_seq is not None
        app = await self.directory.app_by_seq(actor.app_seq)
        if app is None:
            raise NotFound("the app of this key was deleted")
        if user_id not in ("", "me", app.user_id) or app_id not in ("", app.id):
            raise NotFound(f"app '{user_id}/{app_id}': this key works in app {app.id!r} only")
        return Place(app.user_id, app, is_member=True)

    def _outside(self, actor: Actor, need: Need, user_id: str) -> Place:
        if not actor.owns(user_id) and not need.open_to_visitors:
            raise NotFound(f"user {user_id!r}")
        return Place(user_id, None, is_member=actor.owns(user_id))

    async def _is_member(self, actor: Actor, need: Need, app: AppRef | None, named: str) -> bool:
        if app is not None:
            if need.open_to_admins and actor.is_admin:
                return True
            grant = await self._grant(actor, need, app)
            if grant is not None:
                check(grant, need, "your part in the app")
                return True
            if need.open_to_visitors and app.is_public:
                return False
        raise NotFound(f"app {named!r}")

    async def _grant(self, actor: Actor, need: Need, app: AppRef) -> Grant | None:
        if actor.owns(app.user_id):
            return EVERYTHING
        return await self.directory.grant(app, actor.user_id, need.endpoint)


def check(grant: Grant, need: Need, whose: str) -> None:
    """Raises InsufficientScopes, naming the scopes or the endpoint that the grant lacks."""
    if not grant.scopes and not grant.endpoints:
        raise InsufficientScopes(f"{whose} allows nothing")
    if grant.endpoints and need.endpoint not in grant.endpoints:
        raise InsufficientScopes(f"{whose} does not allow the endpoint {need.endpoint}")
    if grant.scopes and (missing := lacking(grant.scopes, need.scopes)):
        raise InsufficientScopes(f"{whose} lacks the scopes {', '.join(missing)}")
