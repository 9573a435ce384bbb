"""The portal as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from fastapi import FastAPI
from nicegui import ui
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bowerbird.portal.browser import FOLDER, browser
from bowerbird.portal.connections import Connections
from bowerbird.portal.frame import prepare
from bowerbird.portal.headers import SecurityHeaders
from bowerbird.portal.nonces import use_nonces
from bowerbird.portal.pages import found
from bowerbird.portal.places import api_url, trusted
from bowerbird.portal.proxy import Proxy
from bowerbird.portal.routing import Pages
from bowerbird.portal.signin import Doors
from bowerbird.portal.sockets import GuardedSockets
from bowerbird.settings import Settings

VERBS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def portal_app(settings: Settings) -> ASGIApp:
    """The application. NiceGUI has one in a process: so make it once."""
    http = httpx2.AsyncClient(
        base_url=api_url(settings),
        transport=Connections(trusted(settings)),
        timeout=settings.call_timeout_s + 10,
        trust_env=False,
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await http.aclose()

    app = FastAPI(openapi_url=None, lifespan=lifespan)
    app.router.routes += _routes(http, settings)
    prepare(browser())
    use_nonces()
    Pages(http, found()).serve()
    ui.run_with(
        app,
        title="Bowerbird",
        favicon=FOLDER / "icon.svg",
        dark=None,
        language="en-US",
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=10.0,
    )
    return SecurityHeaders(GuardedSockets(app, settings))


def _routes(http: httpx2.AsyncClient, settings: Settings) -> list[Route]:
    doors, files = Doors(http, settings), browser()
    return [
        Route("/healthz", _alive),
        Route("/favicon.ico", files.icon),
        Route("/static/{version}/{path:path}", files.answer),
        Route("/signin", doors.show),
        Route("/signin", doors.sign_in, methods=["POST"]),
        Route("/signin/link", doors.show),
        Route("/signin/link", doors.by_link, methods=["POST"]),
        Route("/signin/forgot", doors.show),
        Route("/signin/forgot", doors.forgot, methods=["POST"]),
        Route("/signout", doors.sign_out, methods=["POST"]),
        Route("/rpc/{path:path}", Proxy(http, settings).answer, methods=VERBS),
    ]


async def _alive(request: Request) -> Response:
    return JSONResponse({"status": "ok"})
