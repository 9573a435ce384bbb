"""Whether a request comes from a page of the portal itself."""

from starlette.requests import HTTPConnection

from bowerbird.portal.places import origin_of
from bowerbird.settings import Settings

OWN = frozenset({"same-origin", "none"})  # "none": typed in, or from a bookmark


def is_own_read(connection: HTTPConnection) -> bool:
    """Whether a read may be answered: not for scripts, frames and images of other sites."""
    return connection.headers.get("sec-fetch-site", "none") in OWN


def is_own_origin(connection: HTTPConnection, settings: Settings) -> bool:
    """Whether the browser says that a page of ours makes the request. Each write and socket has to say it."""
    origin = connection.headers.get("origin", "").lower()
    if not origin:
        return connection.headers.get("sec-fetch-site") == "same-origin"
    host = connection.headers.get("host", "").lower()
    schemes = {"ws": "http", "wss": "https"}
    own = schemes.get(connection.url.scheme, connection.url.scheme)
    return origin in {f"{own}://{host}", settings.portal_url and origin_of(settings.portal_url)}
