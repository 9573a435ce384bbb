"""Asks servers that a URL from outside names, without being led to private hosts or fed without end."""

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache

import httpx2

from bowerbird.addresses import Policy, Target, check_host
from bowerbird.errors import InputDownloadFailed, InputRefused, InputTooLarge

__all__ = ["Fetched", "Policy", "Target", "check_host", "fetch", "post"]

MAX_REDIRECTS = 5
_PASSING = (408, 425, 429)  # errors of the request that go away by waiting
_CONNECT_S = 5.0  # per address, so that a second address gets its turn before the deadline
_HEADERS = {"User-Agent": "bowerbird", "Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Fetched:
    content: bytes
    content_type: str  # as the server says, to be believed by nobody
    final_url: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is sent, whichever address takes it."""

    method: str = "GET"
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


_GET = _Asked()


async def fetch(url: str, *, max_bytes: int, timeout_s: float, policy: Policy) -> Fetched:
    """The content behind `url`, following up to five redirects, each checked like the first address.

    Raises InputUrlInvalid for a URL that may not be used, InputTooLarge for more than `max_bytes` after
    decompression, and InputDownloadFailed for everything that goes wrong on the way.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await _follow(url, max_bytes, policy)
    except TimeoutError as error:
        raise InputDownloadFailed(f"it took longer than {timeout_s:g} s") from error
    except httpx2.HTTPError as error:
        raise InputDownloadFailed(_reason(error)) from error


async def post(
    url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float, max_bytes: int, policy: Policy
) -> bytes:
    """The body of what the server answers to a POST, when its status is 2xx. No redirect is followed.

    Raises as `fetch` does; InputRefused for an answer that asking again would not change.
    """
    try:
        async with asyncio.timeout(timeout_s):
            target = await asyncio.to_thread(check_host, url, policy)
            async with _answer(target, policy, _Asked("POST", body, headers)) as response:
                if not response.is_success:
                    raise _refusal(response.status_code)
                return await _read(response, max_bytes)
    except TimeoutError as error:
        raise InputDownloadFailed(f"it took longer than {timeout_s:g} s") from error
    except httpx2.HTTPError as error:
        raise InputDownloadFailed(_reason(error)) from error


async def _follow(url: str, max_bytes: int, policy: Policy) -> Fetched:
    for _ in range(MAX_REDIRECTS + 1):
        target = await asyncio.to_thread(check_host, url, policy)
        async with _answer(target, policy) as response:
            if response.has_redirect_location:
                url = _next(target.url, response.headers["location"])
                continue
            if response.status_code != 200:
                raise _refusal(response.status_code)
            content = await _read(response, max_bytes)
            return Fetched(content, response.headers.get("content-type", ""), str(target.url))
    raise InputDownloadFailed(f"it redirects more than {MAX_REDIRECTS} times")


def _refusal(code: int) -> InputDownloadFailed:
    kind = InputDownloadFailed if code >= 500 or code in _PASSING else InputRefused
    return kind(f"its server answered {code}")


def _next(url: httpx2.URL, location: str) -> str:
    try:
        return str(url.join(location))
    except httpx2.InvalidURL as error:
        raise InputDownloadFailed("it redirects to what is no URL") from error


@asynccontextmanager
async def _answer(target: Target, policy: Policy, asked: _Asked = _GET) -> AsyncIterator[httpx2.Response]:
    """The response of the first address that takes a connection; its body is not read yet."""
    # No connection is kept: one that was checked for this name must not serve another name.
    transport = httpx2.AsyncHTTPTransport(
        verify=policy.tls or _trusted(),
        trust_env=False,
        limits=httpx2.Limits(max_keepalive_connections=0),
        proxy=target.proxy or None,
    )
    timeout = httpx2.Timeout(None, connect=_CONNECT_S)
    async with httpx2.AsyncClient(transport=transport, trust_env=False, timeout=timeout) as client:
        response = await _send(client, target, asked)
        try:
            yield response
        finally:
            await response.aclose()


async def _send(client: httpx2.AsyncClient, target: Target, asked: _Asked) -> httpx2.Response:
    if target.proxy:
        headers = {**_HEADERS, **asked.headers}
        request = client.build_request(asked.method, target.url, headers=headers, content=asked.body)
        return await client.send(request, stream=True)
    *first, last = target.addresses
    for address in first:
        try:
            return await client.send(_pinned(client, target, address, asked), stream=True)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            continue
    return await client.send(_pinned(client, target, last, asked), stream=True)


def _pinned(client: httpx2.AsyncClient, target: Target, address: str, asked: _Asked) -> httpx2.Request:
    """A request to the very address that was checked, while Host and TLS speak of the name."""
    return client.build_request(
        asked.method,
        target.url.copy_with(host=address),
        headers={**_HEADERS, **asked.headers, "Host": target.url.netloc.decode("ascii")},
        content=asked.body,
        extensions={"sni_hostname": target.host},
    )


@cache
def _trusted() -> ssl.SSLContext:
    return httpx2.create_ssl_context()  # reads some 150 certificates: 10 ms and more


async def _read(response: httpx2.Response, max_bytes: int) -> bytes:
    too_large = InputTooLarge(f"it has more than {max_bytes} bytes")
    length = response.headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise too_large
    body = _Body(response.headers.get("content-encoding", ""))
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += body.decode(chunk, max_bytes + 1 - len(content))
        if len(content) > max_bytes:
            raise too_large
    body.finish()
    return bytes(content)


class _Body:
    """Undoes the content encoding, never more than asked for; httpx2 inflates each chunk without a bound."""

    def __init__(self, encoding: str) -> None:
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise InputDownloadFailed("its server sent a content encoding that was not asked for")
        plain = encoding in ("", "identity")
        self._inflate = None if plain else zlib.decompressobj(zlib.MAX_WBITS | 32)

    def decode(self, chunk: bytes, limit: int) -> bytes:
        """At most `limit` bytes; a caller that gets as many must stop."""
        if self._inflate is None:
            return chunk
        try:
            return self._inflate.decompress(chunk, limit)
        except zlib.error as error:
            raise InputDownloadFailed("its content encoding is damaged") from error

    def finish(self) -> None:
        if self._inflate is not None and not self._inflate.eof:
            raise InputDownloadFailed("its content encoding is damaged")


def _reason(error: httpx2.HTTPError) -> str:
    """What to tell the caller: nothing that helps to map a network."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "no trusted TLS connection to its server could be made"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx2.ProxyError):
        return "the proxy did not let it through"
    return "the connection to its server failed"
