"""The root of the HTTP API: people in a browser are sent to the portal, where there is one."""

from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bowerbird.ports import split
from bowerbird.settings import Settings

ANYWHERE = ("0.0.0.0", "::")  # noqa: S104  # addresses that one listens at, and cannot visit


def front(settings: Settings) -> list[Route]:
    """The route, when a portal is to be had."""
    if not settings.portal and not settings.portal_url:
        return []
    return [Route("/", partial(_to_portal, settings=settings))]


async def _to_portal(request: Request, settings: Settings) -> Response:
    if "text/html" not in request.headers.get("accept", ""):
        raise HTTPException(404)
    return RedirectResponse(_address(request, settings), 307)


def _address(request: Request, settings: Settings) -> str:
    """The portal's address; where it listens everywhere, by the name that this server is called."""
    if settings.portal_url or split(settings.portal)[0] not in ANYWHERE:
        return settings.portal_address
    return f"{request.url.scheme}://{request.url.hostname}:{split(settings.portal)[1]}"
