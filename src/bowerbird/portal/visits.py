"""A visit: who opens which page, and the API under their rights."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request

from bowerbird.errors import InsufficientScopes
from bowerbird.portal.client import Api, Json, segment

FIRST = "overview"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in."""

    id: str
    name: str
    email: str
    is_admin: bool
    two_factor: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """One page as one person opens it. `user` and `app` are the address's, and empty outside of apps."""

    me: Person
    api: Api
    user: str = ""
    app: str = ""
    mode: str = ""
    path: Mapping[str, str] = field(default_factory=dict)  # the variables of the page's address
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The app's address in the API: `/v2/users/…/apps/…`."""
        return f"/v2/users/{segment(self.user)}/apps/{segment(self.app)}"

    @property
    def own_place(self) -> str:
        """The same in our own service: `/v1/users/…/apps/…`."""
        return self.place.replace("/v2/", "/v1/", 1)


async def person(api: Api) -> Person:
    """Who the session is of. Raises when it has ended."""
    told = await api.get("/v1/session")
    user: Json = told["user"]
    name = " ".join(user[part] for part in ("first_name", "last_name") if user.get(part))
    return Person(
        id=user["id"],
        name=name or user["id"],
        email=user.get("primary_email", ""),
        is_admin=told.get("is_admin", False),
        two_factor=told.get("two_factor", False),
    )


async def visit_of(request: Request, api: Api) -> Visit:
    """The visit that a request begins. Raises when its session has ended, or its app may not be seen."""
    path = dict(request.path_params)
    mode = request.url.path.strip("/").split("/")[3:4] if "app" in path else [""]
    visit = Visit(
        me=await person(api),
        api=api,
        user=path.get("user", ""),
        app=path.get("app", ""),
        mode=mode[0] if mode else FIRST,
        path=path,
        query=dict(request.query_params),
    )
    if visit.app:
        await _see(visit)
    return visit


async def _see(visit: Visit) -> None:
    """Raises unless the app may be seen: by whoever has any part in it, whether or not that is to read its
    description. Strangers are told that there is no such app, members which scopes they lack."""
    try:
        await visit.api.get(visit.place)
    except InsufficientScopes:
        return
