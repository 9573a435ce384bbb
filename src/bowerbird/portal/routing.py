"""Pages at their addresses: signed in or sent to sign in, in the shell, with errors in words."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import httpx2
import structlog
from nicegui import ui
from starlette.requests import Request
from starlette.responses import Response

from bowerbird.errors import ApiError
from bowerbird.portal.client import Api
from bowerbird.portal.cookies import session_of
from bowerbird.portal.frame import head, shell, words
from bowerbird.portal.pages import Page
from bowerbird.portal.signin import to_signin
from bowerbird.portal.visits import Person, Visit, person, visit_of

log = structlog.get_logger()
SLOWEST_S = 30.0  # that a page may take to be made
HOME = {"text": "All apps", "href": "/"}


class Pages:
    """Puts pages into NiceGUI's application."""

    def __init__(self, http: httpx2.AsyncClient, pages: Sequence[Page]) -> None:
        self._http = http
        self._pages = pages

    def serve(self) -> None:
        for page in self._pages:
            self._at(page.path, partial(self._open, page))
        self._at("/{rest:path}", self._missing)

    def _at(self, path: str, build: Callable[[Request], Awaitable[Response | None]]) -> None:
        async def built(request: Request) -> Response | None:  # NiceGUI goes by the signature
            return await build(request) if session_of(request) else to_signin(request)

        ui.page(path, dark=None, response_timeout=SLOWEST_S)(built)

    async def _open(self, page: Page, request: Request) -> Response | None:
        api = Api(self._http, session_of(request))
        title = page.title.format_map(request.path_params)
        try:
            visit = await visit_of(request, api)
        except ApiError as error:
            if error.http == 401:
                return to_signin(request)
            return await self._refused(request, api, error)
        head(request, title)
        with shell(visit, title):
            await self._built(page, visit)
        return None

    async def _built(self, page: Page, visit: Visit) -> None:
        try:
            await page.build(visit)
        except ApiError as error:
            ui.context.client.status_code = error.http
            _said(visit, error)
        except Exception as error:  # the last door before a person: a fault is told in words
            log.error("page failed", page=page.path, exc_info=error)
            ui.context.client.status_code = 500
            _said(visit, ApiError("This page failed. The portal's log says why."))

    async def _refused(self, request: Request, api: Api, error: ApiError) -> Response | None:
        """The page of an app that may not be seen, or of an API that does not answer."""
        try:
            visit = Visit(await person(api), api, path=request.path_params)
        except ApiError:
            visit = Visit(Person("", "", "", is_admin=False, two_factor=False), api)
        head(request, "Not shown")
        ui.context.client.status_code = error.http
        with shell(visit, "Not shown"):
            _said(visit, error)
        return None

    async def _missing(self, request: Request) -> Response | None:
        api = Api(self._http, session_of(request))
        try:
            visit = Visit(await person(api), api)
        except ApiError as error:
            if error.http == 401:
                return to_signin(request)
            return await self._refused(request, api, error)
        head(request, "No such page")
        ui.context.client.status_code = 404
        with shell(visit, "No such page"):
            words("There is no page here.", f"Nothing has the address {request.url.path[:200]}.", "", HOME)
        return None


def _said(visit: Visit, error: ApiError) -> None:
    """An error as a page: what, why, what now."""
    names: Mapping[str, str] = visit.path
    if error.http in (403, 404) and names.get("app"):
        owner, app = names.get("user", ""), names["app"]
        words(
            f"You cannot see {owner}/{app}.",
            "It does not exist, or it was not shared with you.",
            f"{owner} can let you in under Settings, Collaborators. Say that you are {visit.me.id}.",
            HOME,
        )
    elif error.permanent:
        words(error.text(), error.details, "", HOME)
    else:
        words(
            error.text(),
            error.details,
            "Nothing is lost. Try again in a moment.",
            {"text": "Try again", "href": ""},
        )
