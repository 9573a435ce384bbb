"""The page that shows the OpenAPI document; it loads nothing but that."""

import base64
import hashlib
import re
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


async def docs_page(request: Request) -> Response:
    page = (files("bowerbird.wire") / "docs.html").read_text("utf-8")
    return HTMLResponse(page, headers={"content-security-policy": _policy(page)})


def _policy(page: str) -> str:
    """Only what stands in the page itself may run, and it may talk to this server alone."""
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for kind, text in _INLINE.findall(page):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        hashes[kind].append(f"'sha256-{digest}'")
    return (
        f"default-src 'none'; script-src {' '.join(hashes['script'])}; "
        f"style-src {' '.join(hashes['style'])}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
