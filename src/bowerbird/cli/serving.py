"""`init` and `serve`, and the processes that `serve` runs, for those who run them by other means."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Annotated

import typer
import uvloop

from bowerbird.app import opened
from bowerbird.cli import app
from bowerbird.cli.session import FAILED, REFUSED, DataOption, console, fail, run, settings_of
from bowerbird.logs import configure_logs
from bowerbird.ports import is_free, reserved
from bowerbird.processes import run_api, run_models, run_worker, stop_event
from bowerbird.settings import Settings
from bowerbird.supervisor import supervise

Process = Callable[[Settings, asyncio.Event], Awaitable[None]]

HttpOption = Annotated[str | None, typer.Option("--http", help="HOST:PORT of the HTTP API.")]
GrpcOption = Annotated[str | None, typer.Option("--grpc", help="HOST:PORT of the gRPC API.")]
PortalOption = Annotated[str | None, typer.Option("--portal", help="HOST:PORT of the portal.")]
NoPortalOption = Annotated[bool, typer.Option("--no-portal", help="Run without the portal.")]
Supervised = Annotated[bool, typer.Option("--supervised", hidden=True)]
ApiProcessesOption = Annotated[
    int | None, typer.Option("--api-processes", help="API processes that share the ports. [default: 1]")
]
WorkersOption = Annotated[int | None, typer.Option("--workers", help="Worker processes. [default: 1]")]
TAKEN = "another program listens there; see --http, --grpc and --portal."


@app.command()
def init(data: DataOption = None) -> None:
    """Make the database and the folder for media, or bring them up to this version."""
    settings = settings_of(data)

    async def work() -> None:
        async with opened(settings):
            pass

    run(work)
    console.print(f"Ready in {settings.data}. Next: bowerbird users create YOU --email YOU@EXAMPLE.COM")


@app.command()
def serve(
    data: DataOption = None,
    http: HttpOption = None,
    grpc: GrpcOption = None,
    api_processes: ApiProcessesOption = None,
    workers: WorkersOption = None,
    portal: PortalOption = None,
    no_portal: NoPortalOption = False,
    supervised: Supervised = False,
) -> None:
    """Run everything: API, workers, models and the portal, until Ctrl-C or SIGTERM."""
    settings = settings_of(
        data,
        http=http,
        grpc=grpc,
        api_processes=api_processes,
        workers=workers,
        portal="" if no_portal else portal,
    )
    parts = [
        "model-host",
        *["api"] * settings.api_processes,
        *["worker"] * settings.workers,
        *["portal"] * bool(settings.portal),
    ]
    with _addresses(settings, parts):
        configure_logs(settings.log_level, as_json=settings.log_json)

        async def prepare() -> tuple[str, str] | None:
            # Before the parts start, so that they find a migrated database.
            async with opened(settings) as application:
                return await application.first_sign_in() if settings.portal else None

        first = run(prepare)
        console.print(f"HTTP   http://{settings.http}   (docs at /docs)\ngRPC   {settings.grpc}")
        if settings.portal:
            console.print(f"Portal {settings.portal_address}")
        if first:
            show_first_link(*first)
        _supervise(parts, settings, supervised)


def show_first_link(user_id: str, link: str) -> None:
    """For whoever starts it all: nobody has signed in so far."""
    console.print(f"Sign in, for the first time, as {user_id} (once, within a day):")
    console.print(link, highlight=False, soft_wrap=True)


@app.command()
def api(
    data: DataOption = None,
    http: HttpOption = None,
    grpc: GrpcOption = None,
    api_processes: ApiProcessesOption = None,
    supervised: Supervised = False,
) -> None:
    """Run the API only: one process, or several that share its ports."""
    settings = settings_of(data, http=http, grpc=grpc, api_processes=api_processes)
    process = partial(run_api, shares_ports=settings.api_processes > 1 and supervised)
    _run_part("api", process, settings.api_processes, settings, supervised)


@app.command()
def worker(data: DataOption = None, workers: WorkersOption = None, supervised: Supervised = False) -> None:
    """Run workers only: they post what was collected and prepare inputs."""
    settings = settings_of(data, workers=workers)
    process = partial(run_worker, shares_ports=settings.workers > 1 and supervised)
    _run_part("worker", process, settings.workers, settings, supervised)


@app.command("model-host")
def model_host(data: DataOption = None, supervised: Supervised = False) -> None:
    """Run a model process only: the API and the worker on this host ask it for predictions."""
    _run_process(run_models, settings_of(data), supervised)


@app.command()
def portal(
    data: DataOption = None,
    http: HttpOption = None,
    portal: PortalOption = None,
    supervised: Supervised = False,
) -> None:
    """Run the portal only: pages in the browser, for the API at --http or BOWERBIRD_API_URL."""
    from bowerbird.portal.serving import run_portal  # it takes seconds to import, which others need not wait

    _run_process(run_portal, settings_of(data, http=http, portal=portal), supervised)


def environment(settings: Settings) -> dict[str, str]:
    """The environment in which a child has the same settings."""
    told = {
        "BOWERBIRD_DATA": str(settings.data.absolute()),
        "BOWERBIRD_HTTP": settings.http,
        "BOWERBIRD_GRPC": settings.grpc,
        "BOWERBIRD_PORTAL": settings.portal,
        "BOWERBIRD_API_PROCESSES": str(settings.api_processes),
        "BOWERBIRD_WORKERS": str(settings.workers),
    }
    return {**os.environ, **told}


def _run_part(part: str, process: Process, number: int, settings: Settings, is_supervised: bool) -> None:
    """Be the process; or, when there are to be several and nobody above us, the parent of so many."""
    if number == 1 or is_supervised:
        _run_process(process, settings, is_supervised)
        return
    configure_logs(settings.log_level, as_json=settings.log_json)
    with _addresses(settings, [part] * number):
        _supervise([part] * number, settings, is_supervised)


def _supervise(parts: Sequence[str], settings: Settings, is_supervised: bool) -> None:
    async def main() -> None:
        await supervise(parts, environment(settings), stop_event(is_supervised=is_supervised))

    asyncio.run(main())


@contextmanager
def _addresses(settings: Settings, parts: Sequence[str]) -> Iterator[None]:
    """What the parts will listen at is free; what several of them share is nobody else's meanwhile."""
    of_part = {
        "api": [settings.http, settings.grpc],
        "worker": [settings.worker_http],
        "portal": [settings.portal],
    }
    shared = [a for part, its in of_part.items() if parts.count(part) > 1 for a in its if a]
    alone = [a for part, its in of_part.items() if parts.count(part) == 1 for a in its if a]
    for address in shared:
        if address.endswith(":0"):
            fail(f"{address}: a port that several processes share must be named.", REFUSED)
    for address in alone:
        if not is_free(address):
            fail(f"{address}: {TAKEN}", FAILED)
    with ExitStack() as held:
        try:
            held.enter_context(reserved(shared))
        except OSError as error:
            fail(f"{error.strerror}: {TAKEN}", FAILED)
        yield


def _run_process(process: Process, settings: Settings, is_supervised: bool) -> None:
    configure_logs(settings.log_level, as_json=settings.log_json)

    async def main() -> None:
        await process(settings, stop_event(is_supervised=is_supervised))

    try:
        uvloop.run(main())
    except OSError as error:
        fail(str(error), code=1)
