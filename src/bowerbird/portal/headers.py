"""The headers that every answer carries, so that a browser trusts nothing but our own files."""

import secrets
from collections.abc import Iterable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FIXED: Mapping[str, str] = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_COMMON = (
    "default-src 'none'",
    "base-uri 'none'",
    "connect-src 'self'",
    "font-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "style-src 'self' 'unsafe-inline'",
    "worker-src 'self'",
)


def policy(nonce: str, *more: str) -> str:
    """The content security policy of a page whose own scripts carry the nonce."""
    return "; ".join([*_COMMON, " ".join(["script-src 'self'", f"'nonce-{nonce}'", *more])])


class SecurityHeaders:
    """Adds them to whatever the application answers; what sets a stricter policy keeps it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(MutableHeaders(scope=message), nonce)
            await send(message)

        await self._app(scope, receive, answer)


def _add(headers: MutableHeaders, nonce: str) -> None:
    for name, value in FIXED.items():
        headers.setdefault(name, value)
    # NiceGUI runs what its server sends, and Vue compiles templates: both by eval. Nothing else of ours does.
    forced: Iterable[str] = ["'unsafe-eval'"] if "x-nicegui-content" in headers else []
    headers.setdefault("content-security-policy", policy(nonce, *forced))
