"""How the portal reaches the API."""

import ssl

import httpx2

READS = frozenset({"GET", "HEAD"})
# Let go of sooner than the API does, after 5 s: else a call may meet a connection that is just being closed.
LIMITS = httpx2.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=2.0)


class Connections(httpx2.AsyncHTTPTransport):
    """A read whose connection ends before the answer begins is asked once more: it changes nothing."""

    def __init__(self, verify: ssl.SSLContext | bool) -> None:
        super().__init__(verify=verify, limits=LIMITS, trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await super().handle_async_request(request)
        except (httpx2.NetworkError, httpx2.RemoteProtocolError):
            if request.method not in READS:
                raise
            return await super().handle_async_request(request)
