"""Who may open NiceGUI's socket: a page of ours, of the session that the page was made for."""

from urllib.parse import parse_qs

from nicegui import Client
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bowerbird.portal.cookies import session_of
from bowerbird.portal.origins import is_own_origin, is_own_read
from bowerbird.settings import Settings

SOCKETS = "/_nicegui_ws/"


class GuardedSockets:
    """Refuses sockets to other sites and other sessions, by websocket and by polling alike."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_socket = scope["type"] in ("http", "websocket") and scope["path"].startswith(SOCKETS)
        if not is_socket or self._is_ours(HTTPConnection(scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse("Not from a page of this portal.", 403)(scope, receive, send)

    def _is_ours(self, connection: HTTPConnection) -> bool:
        is_read = connection.scope["type"] == "http" and connection.scope["method"] == "GET"
        is_own = is_own_read(connection) if is_read else is_own_origin(connection, self._settings)
        return is_own and _is_of_its_page(connection)


def _is_of_its_page(connection: HTTPConnection) -> bool:
    """Whether the browser shows the session under which the server made the page that the socket is for."""
    shown = session_of(connection)
    named = parse_qs(connection.scope["query_string"].decode("latin-1")).get("client_id", [""])[0]
    client = Client.instances.get(named)
    # A page that the server does not know any more is told so by NiceGUI, and loads itself anew.
    return bool(shown) and (client is None or session_of(client.request) == shown)
