"""Where the portal and its API are, as each side reaches them."""

import ssl
from urllib.parse import urlsplit

from bowerbird.ports import split
from bowerbird.settings import Settings

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  # what one connects to, of what one listens at


def api_url(settings: Settings) -> str:
    """The address of the HTTP API as the portal reaches it."""
    if settings.api_url:
        return settings.api_url.rstrip("/")
    host, port = split(settings.http)
    host = ANYWHERE.get(host, f"[{host}]" if ":" in host else host)
    return f"{scheme(settings)}://{host}:{port}"


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, as browsers say it in the header Origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def scheme(settings: Settings) -> str:
    return "https" if settings.tls_cert else "http"


def trusted(settings: Settings) -> ssl.SSLContext | bool:
    """How the API's certificate is checked: our own is known as a file, whatever name we reach it by."""
    if settings.api_url or settings.tls_cert is None:
        return True
    context = ssl.create_default_context(cafile=str(settings.tls_cert))
    context.check_hostname = False
    return context
