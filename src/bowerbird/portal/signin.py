"""Signing in and out: plain pages without a socket, since nobody is known yet."""

import json
from pathlib import Path
from string import Template
from urllib.parse import urlencode, urlsplit

import httpx2
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from bowerbird.errors import ApiError, Invalid
from bowerbird.portal import cookies
from bowerbird.portal.bodies import bounded
from bowerbird.portal.browser import browser
from bowerbird.portal.client import SUCCESS, Api, Json
from bowerbird.portal.origins import is_own_origin
from bowerbird.settings import Settings

PAGE = Template((Path(__file__).parent / "signin.html").read_text())
TITLES = {"signin": "Sign in", "link": "Welcome", "forgot": "Set a new password"}
LONGEST = 64 * 1024  # of what these forms send


class Doors:
    """The pages through which one comes in and goes out."""

    def __init__(self, http: httpx2.AsyncClient, settings: Settings) -> None:
        self._http = http
        self._settings = settings

    async def show(self, request: Request) -> Response:
        """The form of the address."""
        view = request.url.path.removeprefix("/signin").strip("/") or "signin"
        filled = PAGE.substitute(
            view=view, title=TITLES[view], base=browser().base, nonce=request.state.nonce
        )
        return HTMLResponse(filled, headers={"cache-control": "no-store"})

    async def sign_in(self, request: Request) -> Response:
        return await self._enter(request, "/v1/sessions", ("login", "password", "code"))

    async def by_link(self, request: Request) -> Response:
        return await self._enter(request, "/v1/sessions/links", ("link_token", "password", "code"))

    async def forgot(self, request: Request) -> Response:
        """Ask for a link to set a new password; whether there is such a person is not told."""
        try:
            given = await self._given(request)
            api = Api(self._http, caller=request)
            told = await api.post("/v1/password_resets", {"login": _text(given, "login")})
        except ApiError as error:
            return _refusal(error)
        return JSONResponse({"by_mail": told.get("by_mail", False)})

    async def sign_out(self, request: Request) -> Response:
        """End the session, in the API and in the browser."""
        session = cookies.session_of(request)
        shown = request.headers.get(cookies.CSRF_HEADER, "")
        if not is_own_origin(request, self._settings) or not cookies.is_csrf(shown, session):
            return _refusal(Invalid("Sign out from a page of the portal."))
        api = Api(self._http, session)
        try:
            told = await api.get("/v1/session")
            await api.call("DELETE", "/v1/sessions", body={"ids": [told["session"]["id"]]})
        except ApiError as error:
            if error.http != 401:  # a session that has ended already is as good as signed out
                return _refusal(error)
        response = JSONResponse({"next": "/signin"})
        cookies.forget(response)
        return response

    async def _enter(self, request: Request, path: str, fields: tuple[str, ...]) -> Response:
        try:
            given = await self._given(request)
            body = {name: _text(given, name) for name in fields}
            http, told = await Api(self._http, caller=request).ask("POST", path, body=body)
        except ApiError as error:
            return _refusal(error)
        if told["status"].get("code") != SUCCESS:
            return JSONResponse({"status": told["status"]}, http)
        if not told.get("token"):
            needs = {name: told.get(name, False) for name in ("needs_code", "needs_password")}
            return JSONResponse({**needs, "user": told.get("user_id", "")})
        response = JSONResponse({"next": own_path(_text(given, "next"))})
        cookies.keep(response, told["token"], self._settings)
        return response

    async def _given(self, request: Request) -> Json:
        """What the form sends. Raises Invalid for that of another site, TooLarge."""
        if not is_own_origin(request, self._settings):
            raise Invalid("Another site sent this form. Open the portal's own sign-in page.")
        content = b"".join([chunk async for chunk in bounded(request, LONGEST)])
        try:
            given = json.loads(content)
        except ValueError:
            raise Invalid("The form could not be read.") from None
        if not isinstance(given, dict):
            raise Invalid("The form could not be read.")
        return given


def own_path(wanted: str) -> str:
    """Where to go after signing in: only pages of this portal, whatever a link says."""
    parts = urlsplit(wanted)
    is_own = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc
    is_plain = "\\" not in wanted and wanted.isprintable() and not wanted.startswith("/signin")
    return wanted if is_own and is_plain else "/"


def to_signin(request: Request) -> Response:
    """To the sign-in page, and back here afterwards."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    response = RedirectResponse("/signin" + (f"?{urlencode({'next': here})}" if here != "/" else ""), 303)
    cookies.forget(response)
    return response


def _text(given: Json, name: str) -> str:
    value = given.get(name, "")
    return value if isinstance(value, str) else ""


def _refusal(error: ApiError) -> Response:
    told = {"code": error.code, "description": error.text(), "details": error.details}
    return JSONResponse({"status": told}, error.http)
