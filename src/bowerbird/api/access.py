"""What handlers ask about their caller, beyond what every call is checked for."""

from collections.abc import Iterable

from bowerbird.api.rpc import Call
from bowerbird.auth.actors import AppRef, Grant
from bowerbird.auth.grants import NOTHING, excess, intersection, missing
from bowerbird.errors import InsufficientScopes, NotFound


def owner_only(call: Call) -> str:
    """The user whose things the call is about. Raises InsufficientScopes unless that is the caller."""
    user_id = call.place.user_id
    if not call.actor.owns(user_id):
        raise InsufficientScopes(f"{call.method.name} is for the owner {user_id!r} alone")
    return user_id


def readable_app(call: Call) -> AppRef:
    """The call's app. Raises NotFound when the caller is not in it and it is not public."""
    app = call.app
    if not (call.place.is_member or app.is_public):
        raise NotFound(f"app '{app.user_id}/{app.id}'")
    return app


async def effective(call: Call) -> Grant:
    """What the caller may do where the call acts: a collaborator, what both key and invitation allow."""
    app = call.place.app
    if app is None or call.actor.owns(app.user_id):
        return call.actor.grant
    part = await call.authority.directory.grant(app, call.actor.user_id, call.method.path)
    return intersection(call.actor.grant, part) if part else NOTHING


async def require(call: Call, scopes: Iterable[str]) -> None:
    """Raises InsufficientScopes, naming those of these scopes that the caller lacks here."""
    lacking = missing(await effective(call), scopes)
    if lacking:
        raise InsufficientScopes(f"this also needs the scopes {', '.join(lacking)}")


def no_more_than_own(call: Call, field: str, grant: Grant) -> None:
    """Raises InsufficientScopes when a grant would allow more than the key that gives it."""
    more = excess(grant, call.actor.grant)
    if more:
        raise InsufficientScopes(f"{field}: the key in use does not allow {', '.join(more)} itself")
