"""The HTTP application: the V2 gateway, its documentation, health, metrics and hosted media."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache, partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from bowerbird.api.rpc import METHODS, Dispatcher
from bowerbird.errors import ApiError, MethodNotAllowed, UnknownMethod
from bowerbird.wire.docs import docs_page
from bowerbird.wire.gateway import Gateway, error_json
from bowerbird.wire.media import media
from bowerbird.wire.openapi import openapi

Ready = Callable[[], Awaitable[Mapping[str, str]]]  # of each part, "ok" or what is wrong with it
Metrics = Callable[[], Awaitable[tuple[bytes, str]]]  # the text and its content type


class HttpApp(Starlette):
    """Starlette for the pages; the calls of the API go around it."""

    def __init__(self, gateway: Gateway, routes: Sequence[BaseRoute]) -> None:
        super().__init__(
            routes=routes,
            exception_handlers={HTTPException: _http_error, Exception: _server_error},
        )
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(("/v1/", "/v2/")):
            await self._gateway(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def http_app(
    dispatcher: Dispatcher,
    *,
    max_bytes: int,
    metrics: Metrics,
    extra_routes: Sequence[BaseRoute] = (),
    ready: Ready | None = None,
) -> HttpApp:
    """The ASGI application; bodies of more than `max_bytes` are refused with 413.

    `ready` gives "ok" for each part that works: /readyz is 200 when all of them do, else 503.
    """

    @cache
    def document() -> bytes:
        methods = [METHODS[name] for name in dispatcher.served()]
        return json.dumps(openapi(methods), separators=(",", ":")).encode()

    async def show_openapi(request: Request) -> Response:
        return Response(document(), media_type="application/json")

    async def show_media(request: Request) -> Response:
        return await media(request, dispatcher)

    return HttpApp(
        Gateway(dispatcher, max_bytes),
        [
            Route("/openapi.json", show_openapi),
            Route("/docs", docs_page),
            *_health(metrics, ready),
            Route("/media/{path:path}", show_media),
            *extra_routes,
        ],
    )


def health_app(metrics: Metrics, ready: Ready) -> Starlette:
    """For a process without a wire: /healthz, /readyz and /metrics alone."""
    return Starlette(routes=_health(metrics, ready))


def _health(metrics: Metrics, ready: Ready | None) -> list[BaseRoute]:
    return [
        Route("/healthz", _alive),
        Route("/readyz", partial(_readiness, ready=ready)),
        Route("/metrics", partial(_show_metrics, metrics=metrics)),
    ]


async def _show_metrics(request: Request, metrics: Metrics) -> Response:
    text, kind = await metrics()
    return Response(text, headers={"content-type": kind})


async def _alive(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _readiness(request: Request, ready: Ready | None) -> Response:
    parts = await ready() if ready is not None else {}
    is_ready = all(state == "ok" for state in parts.values())
    body = {"status": "ok" if is_ready else "unavailable", "parts": dict(parts)}
    return JSONResponse(body, 200 if is_ready else 503)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return _error(MethodNotAllowed(), error.headers)
    if error.status_code == 404:
        return _error(UnknownMethod(request.url.path[:200]), error.headers)
    return Response(error.detail, error.status_code, error.headers, "text/plain")


async def _server_error(request: Request, error: Exception) -> Response:
    return _error(ApiError())


def _error(error: ApiError, headers: Mapping[str, str] | None = None) -> Response:
    http, body, request_id = error_json(error)
    return Response(body, http, {**(headers or {}), "x-request-id": request_id}, "application/json")
