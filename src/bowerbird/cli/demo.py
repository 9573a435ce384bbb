"""`bowerbird demo`: the whole of it on real pictures, in under a minute."""

import asyncio
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from clarifai_grpc.grpc.api.resources_pb2 import UserAppIDSet
from clarifai_grpc.grpc.api.status.status_code_pb2 import SUCCESS
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.app import App, Funnel, opened
from bowerbird.cli import app
from bowerbird.cli.collectors import show_funnel
from bowerbird.cli.estimate import show_estimate
from bowerbird.cli.serving import GrpcOption, HttpOption, PortalOption, show_first_link
from bowerbird.cli.session import FAILED, actor_of, console, fail, run
from bowerbird.demo import collected, digits, model, production, running, sheet, traffic
from bowerbird.demo.client import DemoFailedError, GrpcClient, over_grpc, over_http
from bowerbird.ports import free_address, is_free
from bowerbird.proto.bowerbird_v1_pb2 import CollectorEstimateResponse, GetCollectorEstimateRequest
from bowerbird.settings import Settings

FOLDER = Path("demo-data")
STALLED_S = 30.0  # without any progress of the worker
Digits = Sequence[digits.Digit]


@app.command()
def demo(
    data: Annotated[Path, typer.Option("--data", help="Folder for it, made anew each time.")] = FOLDER,
    once: Annotated[bool, typer.Option("--once", help="End when all is shown; do not keep serving.")] = False,
    most: Annotated[int, typer.Option("--digits", min=1, help="Most digits that are sent.")] = 1197,
    http: HttpOption = None,
    grpc: GrpcOption = None,
    portal: PortalOption = None,
) -> None:
    """Put a classifier of handwritten digits into production and collect its hard cases."""
    try:
        settings = _settings(data, http=http, grpc=grpc, portal=portal)
        if once:
            settings = settings.model_copy(update={"portal": ""})
        balances = _demonstrate(settings, most, keep_serving=not once)
    except DemoFailedError as error:
        fail(str(error), FAILED)
    except ModuleNotFoundError as error:
        fail(f"The demo needs the package {error.name}: pip install 'bowerbird[train]'", FAILED)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if not balances:
        raise typer.Exit(FAILED)


def _settings(data: Path, **wires: str | None) -> Settings:
    """The demonstration's own, whatever the environment says. Raises DemoFailedError for a taken port."""
    usual = Settings.model_fields
    chosen: dict[str, Any] = {}  # pydantic checks the values
    for wire, given in wires.items():
        if given and not is_free(given):
            raise DemoFailedError(f"--{wire} {given}: another program listens there.")
        wanted = given or str(usual[wire].default)
        chosen[wire] = free_address(wanted)
        if chosen[wire] != wanted:
            console.print(f"{wanted} is taken; using {chosen[wire]} for {wire}.", style="yellow")
    return Settings(data=data.absolute(), database_url="", blobs_url="", public_url="", **chosen)


def _demonstrate(settings: Settings, most: int, *, keep_serving: bool) -> bool:
    """The whole story; whether the funnel balances."""
    is_old = running.fresh_folder(settings)
    where = _shown(settings.data)
    console.print(f"[bold]Bowerbird demo[/] in {where}" + (" (the one before was removed)" if is_old else ""))
    tokens = run(partial(_add_users, settings))
    with running.serving(settings) as server:
        with _step("train a classifier on 600 of 1,797 handwritten digits"):
            to_learn, rest = digits.written()
            to_send = rest[:most]
            artifact = model.trained(to_learn)
        with _step(f"start the server: http://{settings.http}, gRPC {settings.grpc}"):
            running.wait_until_ready(settings, server)
        with over_grpc(settings.grpc, tokens[production.OWNER]) as acme:
            balances = _collect(settings, acme, tokens, artifact, to_send)
            if keep_serving:
                _show_calls(settings, acme, tokens[traffic.CALLERS[0].id], to_send[0])
        _show_files(settings)
        if keep_serving:
            run(partial(_show_sign_in, settings))
            _serve(server)
    return balances


def _collect(
    settings: Settings, acme: GrpcClient, tokens: Mapping[str, str], artifact: bytes, to_send: Digits
) -> bool:
    callers = [caller.id for caller in traffic.CALLERS]
    with _step(f"put it into production: {production.OWNER}/{production.APP}/{production.MODEL}"):
        production.put_into_production(acme, artifact, callers)
    with _step(f"collect its hard cases: {production.OWNER}/{production.HARD_CASES}/{production.COLLECTOR}"):
        production.collect_hard_cases(acme)
    addresses = traffic.Addresses(settings.http, settings.grpc)
    with _bar(f"send {len(to_send):,} digits as {', '.join(callers)}", len(to_send)) as advance:
        right = traffic.send(to_send, tokens, addresses, advance)
    funnel = run(partial(_when_posted, settings, len(to_send)))
    _show_funnel(funnel)
    found = collected.kept(acme)
    with over_http(settings.http, tokens[production.OWNER]) as client:
        drawn = sheet.draw(found, collected.pictures(client, found), len(to_send))
    sheet.save(drawn, settings.data / "collected.png")
    _show_kept(found)
    with _step(f"label the {len(found)} that were kept with what they are"):
        collected.label(acme, found)
    _show_estimate(run(partial(_estimate, settings)), right / len(to_send))
    return funnel.balances and len(found) == funnel.figures["posted"]


async def _add_users(settings: Settings) -> dict[str, str]:
    """The owner of the model and its callers, each with their token."""
    ids = [production.OWNER, *(caller.id for caller in traffic.CALLERS)]
    async with opened(settings) as application:
        return {
            id: await application.create_user(id, f"{id}@example.com", is_admin=id == production.OWNER)
            for id in ids
        }


async def _when_posted(settings: Settings, sent: int) -> Funnel:
    """The funnel once everything sent was judged and everything taken was posted."""
    async with opened(settings) as application:
        funnel = await _funnel(application)
        with _bar("let the worker post what was taken", funnel.figures["taken"]) as advance:
            done, moved = 0, time.monotonic()
            while funnel.figures["offered"] < sent or funnel.figures["waiting"]:
                await asyncio.sleep(0.1)
                funnel = await _funnel(application)
                now = funnel.figures["posted"] + funnel.figures["dead"]
                if now > done:
                    advance(now - done)
                    done, moved = now, time.monotonic()
                if time.monotonic() - moved > STALLED_S:
                    log = _shown(settings.data / running.LOG)
                    raise DemoFailedError(f"The worker got no further than {funnel.figures}: see {log}")
            advance(funnel.figures["posted"] + funnel.figures["dead"] - done)
    return funnel


async def _funnel(application: App) -> Funnel:
    return await application.funnel(production.OWNER, production.HARD_CASES, production.COLLECTOR)


def _show_funnel(funnel: Funnel) -> None:
    f, skipped = funnel.figures, sum(funnel.skipped.values())
    console.print("\n[bold]The funnel[/]")
    show_funnel(funnel)
    verdict = "[green]It balances:[/]" if funnel.balances else "[red]It does not balance:[/]"
    console.print(
        f"{verdict} {f['offered']:,} offered = {f['taken']:,} taken + {skipped:,} skipped; "
        f"{f['taken']:,} taken = {f['posted']:,} posted + {f['waiting']:,} waiting + {f['dead']:,} dead.",
        highlight=False,
    )


def _show_kept(found: Sequence[collected.Kept]) -> None:
    """The confusion of what was kept."""
    counts = collected.confusion(found)
    table = Table("truth", *model.LABELS, box=None, header_style="dim", pad_edge=False)
    for truth in model.LABELS:
        cells = [
            f"[{'dim' if truth == said else 'bold red'}]{counts[truth, said] or '·'}[/]"
            if counts[truth, said]
            else "[dim]·[/]"
            for said in model.LABELS
        ]
        table.add_row(truth, *cells)
    console.print("\n[bold]What was kept[/]: truth down, prediction across")
    console.print(table)
    right = sum(one.is_right for one in found) / len(found)
    console.print(f"The model is right in {right:.1%} of these: they are its hard cases.\n", highlight=False)


async def _estimate(settings: Settings) -> CollectorEstimateResponse:
    place = UserAppIDSet(user_id=production.OWNER, app_id=production.HARD_CASES)
    request = GetCollectorEstimateRequest(user_app_id=place, collector_id=production.COLLECTOR)
    async with opened(settings) as application:
        owner = await actor_of(application, production.OWNER)
        answer = await application.dispatcher.call(
            METHODS["GetCollectorEstimate"], request, Credentials(actor=owner)
        )
    assert isinstance(answer, CollectorEstimateResponse)
    if answer.status.code != SUCCESS:
        raise DemoFailedError(f"GetCollectorEstimate: {answer.status}")
    return answer


def _show_estimate(answer: CollectorEstimateResponse, accuracy: float) -> None:
    """What the kept ones say of all, beside what was true of all."""
    console.print("\n[bold]The estimate[/]: what the kept ones tell of all traffic")
    show_estimate(answer)
    told = answer.accuracy
    said = (
        f"Estimated accuracy {told.value:.1%} ({told.low:.1%} to {told.high:.1%})"
        if told.HasField("value")
        else f"No estimate ({told.note})"
    )
    console.print(f"{said}; in truth it was {accuracy:.1%}.", style="bold", highlight=False)


def _show_calls(settings: Settings, acme: GrpcClient, token: str, digit: digits.Digit) -> None:
    """Commands that can be tried as they are, each with a key that allows just that."""
    file = settings.data / "digit.png"
    file.write_bytes(digit.png)
    url, key = f"http://{settings.http}", production.reading_key(acme)
    picture = f"""'"$(base64 < {_shown(file)} | tr -d '\\n')"'"""
    _show(
        "Try",
        {
            "read": f"curl -s -H 'Authorization: Key {key}' '{url}{production.READING}?per_page=2'",
            "predict": f"curl -s -H 'Authorization: Key {token}' {url}{traffic.PATH} "
            f"""-d '{{"inputs":[{{"data":{{"image":{{"base64":"{picture}"}}}}}}]}}'""",
            "portal": settings.portal_address,
            "API": f"{url}/docs",
            "metrics": f"{url}/metrics",
        },
    )


async def _show_sign_in(settings: Settings) -> None:
    async with opened(settings) as application:
        first = await application.first_sign_in()
    if first:
        console.print()
        show_first_link(*first)


def _show_files(settings: Settings) -> None:
    where, owner, app_id = _shown(settings.data), production.OWNER, production.HARD_CASES
    _show(
        "Where to look",
        {
            "pictures": f"{where}/collected.png",
            "inputs": f"bowerbird inputs list -u {owner} -a {app_id} --data {where}",
            "estimate": f"bowerbird estimate {production.COLLECTOR} -u {owner} -a {app_id} --data {where}",
            "server": f"bowerbird serve --data {where}   (its log: {where}/{running.LOG})",
        },
    )


def _show(heading: str, lines: Mapping[str, str]) -> None:
    console.print(f"\n[bold]{heading}[/]")
    for name, line in lines.items():
        console.print(f"[dim]{name:9}[/]", end="")
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _serve(server: "subprocess.Popen[bytes]") -> None:
    console.print("\nServing until Ctrl-C.")
    try:
        server.wait()
    except KeyboardInterrupt:
        console.print("Stopping.")
        return
    raise DemoFailedError("The server ended by itself: see its log.")


def _shown(path: Path) -> str:
    """A path as short as it can be said from here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


@contextmanager
def _step(what: str) -> Iterator[None]:
    start = time.monotonic()
    with console.status(what):
        yield
    console.print(f"[green]✓[/] {what} [dim]{time.monotonic() - start:.1f} s[/]", highlight=False)


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("[green]→[/] {task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task(what, total=total)
        yield lambda n: progress.advance(task, n)
