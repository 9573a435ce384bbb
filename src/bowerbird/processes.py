"""What runs: the API with both its wires, the worker, and the process that holds the models."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import select
from starlette.types import ASGIApp

from bowerbird.app import App, collecting, local_runtimes, opened, poster
from bowerbird.blobs import Blobs
from bowerbird.collect.metered import metered
from bowerbird.collect.tidy import Tidier
from bowerbird.jobs import work as work_jobs
from bowerbird.ports import listening
from bowerbird.runtimes.host import serve_models, use_one_thread
from bowerbird.scrape import gathered, shown
from bowerbird.settings import Settings
from bowerbird.wire.front import front
from bowerbird.wire.grpc import grpc_server
from bowerbird.wire.http import Metrics, health_app, http_app
from bowerbird.wire.one_write import OneWrite

log = structlog.get_logger()
IDLE_S = 0.2  # between two looks at an empty queue
TIDY_S = 60.0  # between two looks at what may be cleared away
PAUSE_S = 2.0  # after the store could not be reached
GRACE_S = 10.0


async def run_api(settings: Settings, stop: asyncio.Event, *, shares_ports: bool = False) -> None:
    """Serve both wires until told to stop; calls under way are finished first.

    With `shares_ports` other API processes of this user may listen at the same ports.
    """
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(opened(settings))
        await stack.enter_async_context(collecting(app))
        name = await stack.enter_async_context(shown(app.registry, settings.run_folder, "api"))
        grpc = await grpc_server(
            app.dispatcher,
            address=settings.grpc,
            max_bytes=settings.max_message_bytes,
            tls=_tls(settings),
            reuse_port=shares_ports,
        )
        pages = http_app(
            app.dispatcher,
            max_bytes=settings.max_message_bytes,
            metrics=_metrics(settings),
            ready=lambda: _ready(app, of_api=True),
            extra_routes=front(settings),
        )
        http = uvicorn.Server(_uvicorn(settings, pages))
        listener = listening(settings.http, shared=shares_ports)
        serving = asyncio.create_task(http._serve([listener]))  # serve() would take over the signals
        settle_in()
        log.info("api ready", http=settings.http, grpc=settings.grpc, process=name)
        await asyncio.wait([serving, asyncio.create_task(stop.wait())], return_when="FIRST_COMPLETED")
        http.should_exit = True
        await asyncio.gather(serving, grpc.stop(GRACE_S))


async def run_worker(settings: Settings, stop: asyncio.Event, *, shares_ports: bool = False) -> None:
    """Post what was captured and do what was put off, until told to stop."""
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(opened(settings))
        name = await stack.enter_async_context(shown(app.registry, settings.run_folder, "worker"))
        if settings.worker_http:
            await stack.enter_async_context(_pages(settings, app, shares_ports))
        app.services.queue = metered(app.services.queue, app.registry)
        settle_in()
        log.info("worker ready", process=name)
        holder = f"{os.uname().nodename}:{os.getpid()}"
        await asyncio.gather(
            _until(stop, poster(app, holder).run_once, "posting"),
            _until(stop, Tidier(app.services).run_once, "tidying", idle_s=TIDY_S),
            work_jobs(app.services, stop),
        )


def settle_in() -> None:
    """To be called once all is there that stays. To look through it for garbage again and again would hold
    up every call that is under way, for a tenth of a second each time."""
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def _pages(settings: Settings, app: App, shares_ports: bool) -> AsyncIterator[None]:
    """Health and metrics of a process that serves nothing else."""
    pages = health_app(_metrics(settings), lambda: _ready(app, of_api=False))
    http = uvicorn.Server(_uvicorn(settings, pages))
    serving = asyncio.create_task(http._serve([listening(settings.worker_http, shared=shares_ports)]))
    try:
        yield
    finally:
        http.should_exit = True
        await serving


async def run_models(settings: Settings, stop: asyncio.Event) -> None:
    """Hold the models and answer predictions at the socket, until told to stop."""
    use_one_thread(os.environ)
    await serve_models(
        settings.models_socket, local_runtimes(settings, Blobs(settings.blob_store)), stop=stop
    )


async def _until(
    stop: asyncio.Event, work: Callable[[], Awaitable[int]], what: str, *, idle_s: float = IDLE_S
) -> None:
    """Work while there is something to do; look again soon when there is not."""
    while not stop.is_set():
        try:
            done, pause = await work(), idle_s
        except Exception as error:  # the store may be away; nothing is lost by waiting
            log.error("worker stumbled", at=what, exc_info=error)
            done, pause = 0, PAUSE_S
        if not done:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)


def stop_event(*, is_supervised: bool) -> asyncio.Event:
    """Set on SIGTERM or SIGINT, and, for a child of the supervisor, when its standard input ends."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if is_supervised:
        loop.add_reader(sys.stdin.fileno(), lambda: _stop_at_end(stop, loop))
    return stop


def _stop_at_end(stop: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        loop.remove_reader(sys.stdin.fileno())
        stop.set()


def _tls(settings: Settings) -> tuple[bytes, bytes] | None:
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return settings.tls_key.read_bytes(), settings.tls_cert.read_bytes()


def _uvicorn(settings: Settings, pages: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        pages,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        http=OneWrite,
        server_header=False,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=int(GRACE_S),
    )


def _metrics(settings: Settings) -> Metrics:
    async def metrics() -> tuple[bytes, str]:
        return await gathered(settings.run_folder), CONTENT_TYPE_LATEST

    return metrics


async def _ready(app: App, *, of_api: bool) -> Mapping[str, str]:
    parts = {"database": await _database(app)}
    return {**parts, "capture": app.capture_trouble() or "ok"} if of_api else parts


async def _database(app: App) -> str:
    try:
        async with app.services.db.read() as conn:
            await conn.execute(select(1))
    except Exception as error:
        return type(error).__name__
    return "ok"
