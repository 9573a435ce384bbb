"""The session's cookie, which is all that a browser keeps, and the proof against forged requests."""

import hashlib
import hmac

from starlette.requests import HTTPConnection
from starlette.responses import Response

from bowerbird.portal.places import scheme
from bowerbird.settings import Settings

COOKIE = "bowerbird_session"
CSRF_HEADER = "x-bowerbird-csrf"
_PURPOSE = b"bowerbird portal: this request was made by a page of mine"


def session_of(connection: HTTPConnection) -> str:
    """The session that a browser shows, or nothing."""
    return connection.cookies.get(COOKIE, "")


def csrf_of(session: str) -> str:
    """What only a page of this session knows: other sites can make a browser send its cookie, not read it."""
    return hmac.new(session.encode(), _PURPOSE, hashlib.sha256).hexdigest()


def is_csrf(shown: str, session: str) -> bool:
    return bool(session) and hmac.compare_digest(shown.encode(), csrf_of(session).encode())


def keep(response: Response, session: str, settings: Settings) -> None:
    """Let the browser keep a session."""
    # Lax: with Strict a link in a mail or a chat would open the portal as if nobody were signed in. What
    # changes anything asks for the CSRF header, so the cookie alone does nothing.
    is_secure = scheme(settings) == "https" or settings.portal_url.startswith("https:")
    response.set_cookie(COOKIE, session, httponly=True, samesite="lax", secure=is_secure, path="/")


def forget(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
