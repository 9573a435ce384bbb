"""`/rpc/...`: the API's own addresses for the portal's pages, with the session in place of a key."""

from collections.abc import AsyncIterator

import httpx2
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from bowerbird.errors import ApiError, NoCredential, TooLarge, UnknownMethod, Unreachable
from bowerbird.portal.bodies import bounded
from bowerbird.portal.connections import READS
from bowerbird.portal.cookies import CSRF_HEADER, is_csrf, session_of
from bowerbird.portal.origins import is_own_origin, is_own_read
from bowerbird.settings import Settings

PREFIX = b"/rpc/"
OPEN = (b"v1/", b"v2/", b"media/")
# Named, so that what is not thought of stays out: cookies above all.
TO_API = (
    *("accept", "content-encoding", "content-length", "content-type", "idempotency-key"),
    *("if-none-match", "if-range", "range", "x-request-id"),
)
TO_BROWSER = (
    *("accept-ranges", "allow", "cache-control", "content-disposition", "content-encoding", "content-length"),
    *("content-range", "content-type", "etag", "last-modified", "retry-after", "x-request-id"),
)
# A file that somebody uploaded may be a page or an image that is a program: it is shown as if elsewhere.
MEDIA_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


class Forged(ApiError):
    """The request was not made by a page of this portal."""

    http, permanent = 403, True


class Proxy:
    """Takes calls of the pages to the API, both ways as a stream."""

    def __init__(self, http: httpx2.AsyncClient, settings: Settings) -> None:
        self._http = http
        self._settings = settings

    async def answer(self, request: Request) -> Response:
        try:
            path = _path(request)
            self._check(request)
            return await self._passed_on(request, path)
        except ApiError as error:
            status = {"code": error.code, "description": error.text(), "details": error.details}
            return JSONResponse({"status": status}, error.http)

    def _check(self, request: Request) -> None:
        session = session_of(request)
        if not session:
            raise NoCredential("Nobody is signed in. Sign in and try again.")
        if not is_own_read(request):
            raise Forged("Another site asked for it. Open the portal itself.")
        if request.method in READS:
            return
        if not is_own_origin(request, self._settings) or not is_csrf(
            request.headers.get(CSRF_HEADER, ""), session
        ):
            raise Forged(f"Its header {CSRF_HEADER} is missing or of another session. Reload the page.")
        declared = request.headers.get("content-length", "0")
        if not declared.isdigit() or int(declared[:20]) > self._settings.max_message_bytes:
            raise TooLarge(f"at most {self._settings.max_message_bytes} bytes")

    async def _passed_on(self, request: Request, path: bytes) -> Response:
        headers = {name: request.headers[name] for name in TO_API if name in request.headers}
        headers |= {"authorization": f"Key {session_of(request)}", "accept-encoding": "identity"}
        query = request.scope["query_string"]
        url = self._http.base_url.copy_with(raw_path=b"/" + path + (b"?" + query if query else b""))
        body = None if request.method in READS else bounded(request, self._settings.max_message_bytes)
        sent = self._http.build_request(request.method, url, headers=headers, content=body)
        try:
            answer = await self._http.send(sent, stream=True)
        except httpx2.TransportError as error:
            raise Unreachable(f"The API does not answer ({type(error).__name__}).") from None
        except ClientDisconnect:
            return Response(status_code=499)
        return _answered(answer, is_media=path.startswith(b"media/"))


def _path(request: Request) -> bytes:
    """The API's address in the request's, as it was written. Raises UnknownMethod for what is not open."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    path = raw.partition(b"?")[0].removeprefix(PREFIX)
    plain = path.lower().replace(b"%2e", b".").replace(b"%5c", b"\\")
    dotted = any(part in (b".", b"..") for part in plain.split(b"/"))
    if not path.startswith(OPEN) or dotted or b"\\" in plain or b"//" in path:
        raise UnknownMethod(f"{request.url.path[:200]}: not an address of the API.")
    return path


def _answered(answer: httpx2.Response, *, is_media: bool) -> Response:
    headers = {name: answer.headers[name] for name in TO_BROWSER if name in answer.headers}
    if is_media:
        headers["content-security-policy"] = MEDIA_POLICY
    else:
        headers["cache-control"] = "no-store"

    async def content() -> AsyncIterator[bytes]:
        try:
            async for chunk in answer.aiter_raw():
                yield chunk
        finally:
            await answer.aclose()

    return StreamingResponse(content(), answer.status_code, headers)
