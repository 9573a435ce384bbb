"""`bowerbird apps`: where models, inputs and collectors live."""

import asyncio
import time
from enum import StrEnum
from typing import Annotated, Any

import typer
from clarifai_grpc.grpc.api.resources_pb2 import App
from clarifai_grpc.grpc.api.service_pb2 import (
    GetAppRequest,
    GetInputCountRequest,
    ListAppsRequest,
    PatchAppsRequest,
    PostAppsRequest,
)
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bowerbird.api.surroundings import webhook_key
from bowerbird.cli import app
from bowerbird.cli.session import (
    FAILED,
    DataOption,
    JsonOption,
    Session,
    UserOption,
    console,
    fail,
    run,
    session,
    settings_of,
    show_json,
    show_table,
)
from bowerbird.errors import NotFound
from bowerbird.proto.bowerbird_v1_pb2 import AppOptions, DeleteReindexRequest, PatchAppOptionsRequest

LOOK_S = 0.5  # between two looks at how far it is
IDLE_S = 60.0  # without any progress

apps = typer.Typer(help="Where models, inputs and collectors live.", no_args_is_help=True)
app.add_typer(apps, name="apps")


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


@apps.command()
def create(
    id: Annotated[str, typer.Argument(help="Letters, digits, - and _.")],
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make an app."""
    settings = settings_of(data)

    async def work() -> Any:  # the App
        async with session(settings, user) as s:
            made = App(id=id, description=description)
            return (await s.call("PostApps", PostAppsRequest(user_app_id=s.place(), apps=[made]))).apps[0]

    made = run(work)
    if as_json:
        show_json({"user_id": made.user_id, "app_id": made.id})
    else:
        console.print(f"App {made.user_id}/{made.id}.", highlight=False)


@apps.command("list")
def list_(data: DataOption = None, user: UserOption = "", as_json: JsonOption = False) -> None:
    """List a user's apps."""
    settings = settings_of(data)

    async def work() -> Any:  # the Apps
        async with session(settings, user) as s:
            return (await s.call("ListApps", ListAppsRequest(user_app_id=s.place(), per_page=1000))).apps

    rows = [(a.id, a.user_id, a.description) for a in run(work)]
    columns = ["id", "owner", "description"]
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show_table(columns, rows, "No apps yet. Make one: bowerbird apps create ID")


@apps.command("webhook-key")
def webhook_key_(
    id: Annotated[str, typer.Argument(metavar="APP", help="The app whose workflows have webhooks.")],
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Tell the key with which what the app's webhooks send is signed; it stays the same."""
    settings = settings_of(data)

    async def work() -> str:
        async with session(settings, user) as s:
            dispatcher = s.app.dispatcher
            place = await dispatcher.authority.directory.app(s.user_id, id)
            if place is None:
                raise NotFound(f"app {id!r} of {s.user_id!r}")
            return webhook_key(dispatcher.keyring, place).hex()

    key = run(work)
    if as_json:
        show_json({"app_id": id, "key": key})
    else:
        console.print(key, highlight=False)


@apps.command()
def record(
    switch: Annotated[Switch, typer.Argument(help="Whether to record.")],
    id: Annotated[str, typer.Argument(metavar="APP", help="The app whose models answer.")],
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Record a sample of what the app's models answer, for previews and reasons; off deletes it."""
    settings = settings_of(data)

    async def work() -> bool:
        async with session(settings, user) as s:
            options = AppOptions(records_predictions=switch is Switch.ON)
            request = PatchAppOptionsRequest(user_app_id=s.place(id), options=options)
            answer: Any = await s.call("PatchAppOptions", request)  # an AppOptionsResponse
            return bool(answer.options.records_predictions)

    is_on = run(work)
    if as_json:
        show_json({"app_id": id, "records_predictions": is_on})
    else:
        said = "A sample is recorded" if is_on else "Nothing is recorded any more"
        console.print(f"{said} of what the models of {id} answer.", highlight=False)


AppArgument = Annotated[str, typer.Argument(help="The app.")]
WaitOption = Annotated[bool, typer.Option(help="Show how far it is until it is done.")]


@apps.command("set-workflow")
def set_workflow(
    app_id: AppArgument,
    workflow: Annotated[str, typer.Argument(help="Of the app or of clarifai/main; Empty: none.")],
    reindex: Annotated[bool, typer.Option("--reindex", help="Run it on what the app holds, too.")] = False,
    wait: WaitOption = True,
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Choose the base workflow, which runs on every input that is posted."""
    settings = settings_of(data)

    async def work() -> Any:  # InputCount, or None
        async with session(settings, user) as s:
            await _patch(s, App(id=app_id, default_workflow_id=workflow), reindex=reindex)
            return await _followed(s, app_id, show=wait and not as_json) if reindex else None

    _tell(app_id, run(work), as_json, f"Base workflow of {app_id}: {workflow}.")


@apps.command()
def reindex(
    app_id: AppArgument,
    stop: Annotated[bool, typer.Option("--stop", help="Leave what waits as it was before.")] = False,
    wait: WaitOption = True,
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Run the base workflow on everything that the app holds. A running server's worker does it."""
    settings = settings_of(data)

    async def work() -> Any:  # InputCount
        async with session(settings, user) as s:
            if stop:
                await s.call("DeleteReindex", DeleteReindexRequest(user_app_id=s.place(app_id)))
                return await _followed(s, app_id, show=wait and not as_json)
            found = (await s.call("GetApp", GetAppRequest(user_app_id=s.place(app_id)))).app
            await _patch(s, App(id=app_id, default_workflow_id=found.default_workflow_id), reindex=True)
            return await _followed(s, app_id, show=wait and not as_json)

    _tell(app_id, run(work), as_json, "")


async def _patch(s: Session, changed: App, *, reindex: bool) -> None:
    request = PatchAppsRequest(user_app_id=s.place(), apps=[changed], action="overwrite", reindex=reindex)
    await s.call("PatchApps", request)


async def _followed(s: Session, app_id: str, *, show: bool) -> Any:  # InputCount
    """How far the app's inputs are; with a bar that is followed to its end, unless nobody works on it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    counts = await _counts(s, app_id)
    if not show:
        return counts
    moved = time.monotonic()
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("Indexing", total=None)
        while _left(counts):
            await asyncio.sleep(LOOK_S)
            before, counts = counts, await _counts(s, app_id)
            done = counts.reindexed + counts.reindex_errors
            bar.update(task, completed=done, total=done + _left(counts) or None)
            moved = time.monotonic() if counts != before else moved
            if time.monotonic() - moved > IDLE_S:
                fail(f"Nothing moves: is a worker running? {_left(counts)} inputs wait for it.", FAILED)
    return counts


async def _counts(s: Session, app_id: str) -> Any:  # InputCount
    return (await s.call("GetInputCount", GetInputCountRequest(user_app_id=s.place(app_id)))).counts


def _left(counts: Any) -> int:  # InputCount
    return int(counts.to_reindex + counts.reindexing)


def _tell(app_id: str, counts: Any, as_json: bool, first: str) -> None:  # InputCount, or None
    names = ("reindexed", "to_reindex", "reindexing", "reindex_errors")
    figures = {name: getattr(counts, name) for name in names} if counts is not None else {}
    if as_json:
        show_json({"app_id": app_id, **figures})
        return
    if first:
        console.print(first, highlight=False)
    if figures:
        said = f"{figures['reindexed']} indexed, {figures['reindex_errors']} failed"
        left = figures["to_reindex"] + figures["reindexing"]
        console.print(f"{said}, {left} to do.", highlight=False)
