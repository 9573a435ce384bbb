"""`bowerbird collectors`: what is kept of a model's predictions."""

from collections.abc import Sequence
from typing import Annotated

import typer
from clarifai_grpc.grpc.api.resources_pb2 import (
    APIPostModelOutputsCollectorSource,
    App,
    Collector,
    CollectorSource,
    Key,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteCollectorsRequest,
    GetCollectorRequest,
    ListCollectorsRequest,
    PatchCollectorsRequest,
    PostCollectorsRequest,
    PostKeysRequest,
)
from clarifai_grpc.grpc.api.status.status_code_pb2 import COLLECTOR_ACTIVE, COLLECTOR_INACTIVE
from clarifai_grpc.grpc.api.status.status_pb2 import Status

from bowerbird.api.rpc import METHODS
from bowerbird.app import Funnel
from bowerbird.auth.actors import APP_KEY
from bowerbird.auth.scopes import dependencies, wire
from bowerbird.cli import app
from bowerbird.cli.collector_options import figures, in_words, options_of, patched
from bowerbird.cli.presets import write_preset
from bowerbird.cli.previews import InApp, preview, source_of
from bowerbird.cli.session import (
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
from bowerbird.estimate.presets import RATE
from bowerbird.proto.bowerbird_v1_pb2 import CollectorOptions

collectors = typer.Typer(
    help="What is kept of a model's predictions, and where it goes.", no_args_is_help=True
)
app.add_typer(collectors, name="collectors")
collectors.command()(preview)

Id = Annotated[str, typer.Argument(help="The collector's id.")]
Described = tuple[Collector, CollectorOptions]
SHADOW = "Decide and count, but keep nothing."
PRIORITY = "Who is shed last under pressure: -100 to 100."
FEEDBACK = "Keep predictions that somebody gives feedback on."
_STATES = {52001: "active", 52002: "paused", 52003: "blocked"}


@collectors.command()
def create(
    id: Id,
    app_id: InApp,
    source: Annotated[str, typer.Option(help="USER/APP/MODEL or USER/APP/MODEL/VERSION to watch.")],
    sample: Annotated[float, typer.Option(help="Share to keep, 0 to 1.")] = 0.0,
    preset: Annotated[str, typer.Option(help="Make the workflow too: see `bowerbird presets`.")] = "",
    rate: Annotated[float, typer.Option(help="With --preset: share to keep on the whole, about.")] = RATE,
    pre_queue: Annotated[str, typer.Option(help="Workflow that judges the model's output.")] = "",
    post_queue: Annotated[str, typer.Option(help="Workflow that judges the original input.")] = "",
    caller: Annotated[str, typer.Option(help="Collect this user's calls only.")] = "",
    key: Annotated[str, typer.Option(help="Key to post with; default: a new one for the app.")] = "",
    outputs: Annotated[bool, typer.Option("--outputs", help="Post predictions as annotations too.")] = False,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    shadow: Annotated[bool, typer.Option("--shadow", help=SHADOW)] = False,
    priority: Annotated[int, typer.Option(help=PRIORITY)] = 0,
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a collector; it is active at once."""
    settings = settings_of(data)
    watched = source_of(source, caller)
    if preset and pre_queue:
        fail("--preset and --pre-queue: expected one of them; a preset makes its own workflow")
    options = CollectorOptions(shadow=shadow or None, priority=priority or None)

    async def work() -> Described:
        async with session(settings, user) as s:
            judge = await write_preset(s, app_id, preset, rate, id) if preset else pre_queue
            watched.post_inputs_key_id = key or await _posting_key(s, app_id, id)
            made = _draft(id, watched, sample, judge, post_queue, outputs, description)
            return await _create(s, app_id, made, options)

    _show([run(work)], as_json)


@collectors.command("list")
def list_(app_id: InApp, data: DataOption = None, user: UserOption = "", as_json: JsonOption = False) -> None:
    """List an app's collectors."""
    settings = settings_of(data)

    async def work() -> list[Described]:
        async with session(settings, user) as s:
            request = ListCollectorsRequest(user_app_id=s.place(app_id), per_page=1000)
            found = (await s.call("ListCollectors", request)).collectors
            return [(c, await options_of(s, app_id, c.id)) for c in found]

    _show(run(work), as_json)


@collectors.command()
def show(
    id: Id, app_id: InApp, data: DataOption = None, user: UserOption = "", as_json: JsonOption = False
) -> None:
    """Show a collector."""
    settings = settings_of(data)

    async def work() -> Described:
        async with session(settings, user) as s:
            request = GetCollectorRequest(user_app_id=s.place(app_id), collector_id=id)
            found = (await s.call("GetCollector", request)).collector
            return found, await options_of(s, app_id, id)

    _show([run(work)], as_json)


@collectors.command()
def options(
    id: Id,
    app_id: InApp,
    shadow: Annotated[bool | None, typer.Option("--shadow/--no-shadow", help=SHADOW)] = None,
    priority: Annotated[int | None, typer.Option(help=PRIORITY)] = None,
    takes_feedback: Annotated[bool | None, typer.Option("--feedback/--no-feedback", help=FEEDBACK)] = None,
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Set the options that are given, and show all of them."""
    settings = settings_of(data)
    given = CollectorOptions(shadow=shadow, priority=priority, takes_feedback=takes_feedback)

    async def work() -> CollectorOptions:
        async with session(settings, user) as s:
            if given.ListFields():
                return await patched(s, app_id, id, given)
            return await options_of(s, app_id, id)

    found = figures(run(work))
    if as_json:
        show_json(found)
    else:
        show_table(["option", "value"], found.items(), "")


@collectors.command()
def pause(id: Id, app_id: InApp, data: DataOption = None, user: UserOption = "") -> None:
    """Take nothing new; what is held waits."""
    _set_status(id, app_id, data, user, COLLECTOR_INACTIVE)
    console.print(f"Paused {id}.")


@collectors.command()
def resume(id: Id, app_id: InApp, data: DataOption = None, user: UserOption = "") -> None:
    """Go on after a pause."""
    _set_status(id, app_id, data, user, COLLECTOR_ACTIVE)
    console.print(f"Resumed {id}.")


@collectors.command()
def delete(id: Id, app_id: InApp, data: DataOption = None, user: UserOption = "") -> None:
    """Delete a collector, and what it holds that is not posted yet."""
    settings = settings_of(data)

    async def work() -> None:
        async with session(settings, user) as s:
            request = DeleteCollectorsRequest(user_app_id=s.place(app_id), ids=[id])
            await s.call("DeleteCollectors", request)

    run(work)
    console.print(f"Deleted {id}.")


@collectors.command()
def stats(
    id: Id, app_id: InApp, data: DataOption = None, user: UserOption = "", as_json: JsonOption = False
) -> None:
    """Show what became of the predictions that a collector was offered."""
    settings = settings_of(data)

    async def work() -> tuple[Funnel, bool]:
        async with session(settings, user) as s:
            shadow = (await options_of(s, app_id, id)).shadow  # who may see it may see its figures
            return await s.app.funnel(s.user_id, app_id, id), shadow

    funnel, is_shadow = run(work)
    if as_json:
        show_json({**funnel.figures, "skipped": dict(funnel.skipped), "shadow": is_shadow})
        return
    show_funnel(funnel)
    if is_shadow:
        console.print(f"{id} is in shadow: it decides and counts, but keeps nothing.")


def show_funnel(funnel: Funnel) -> None:
    """What was offered and what became of it, one figure a line."""
    rows = [(name, f"{n:,}") for name, n in funnel.figures.items()]
    skipped = [
        (f"  skipped: {reason.replace('_', ' ')}", f"{n:,}") for reason, n in funnel.skipped.items() if n
    ]
    show_table(["", "predictions"], [rows[0], *skipped, *rows[1:]], "")


async def _create(s: Session, app_id: str, made: Collector, options: CollectorOptions) -> Described:
    """Make the collector; with options it stays paused until they are set."""
    if options.ListFields():
        made.status.code = COLLECTOR_INACTIVE
    request = PostCollectorsRequest(user_app_id=s.place(app_id), collectors=[made])
    collector = (await s.call("PostCollectors", request)).collectors[0]
    if not options.ListFields():
        return collector, options
    await patched(s, app_id, collector.id, options)
    active = Collector(id=collector.id, status=Status(code=COLLECTOR_ACTIVE))
    change = PatchCollectorsRequest(user_app_id=s.place(app_id), collectors=[active], action="overwrite")
    return (await s.call("PatchCollectors", change)).collectors[0], options


async def _posting_key(s: Session, app_id: str, collector_id: str) -> str:
    """A new key that may post inputs into the app and do nothing else."""
    endpoints = ["PostInputs", "PostAnnotations", "PostWorkflowResults", "GetModel"]
    needed = {scope for name in endpoints for scope in METHODS[name].scopes} | {"Concepts_Add"}
    while more := {d for scope in needed for d in dependencies()[scope]} - needed:
        needed |= more
    made = Key(
        type=APP_KEY,
        description=f"posts what the collector {collector_id} keeps"[:200],
        scopes=sorted(wire(scope) for scope in needed),
        apps=[App(id=app_id, user_id=s.user_id)],
    )
    answer = await s.call("PostKeys", PostKeysRequest(user_app_id=s.place(), keys=[made]))
    return str(answer.keys[0].id)


def _draft(
    id: str,
    watched: APIPostModelOutputsCollectorSource,
    sample: float,
    pre_queue: str,
    post_queue: str,
    outputs: bool,
    description: str,
) -> Collector:
    return Collector(
        id=id,
        description=description,
        pre_queue_random_sample=sample,
        pre_queue_workflow_id=pre_queue,
        post_queue_workflow_id=post_queue,
        collect_outputs=outputs,
        collector_source=CollectorSource(api_post_model_outputs_collector_source=watched),
    )


def _set_status(id: str, app_id: str, data: DataOption, user: str, code: int) -> None:
    settings = settings_of(data)

    async def work() -> None:
        async with session(settings, user) as s:
            changed = Collector(id=id, status=Status(code=code))
            request = PatchCollectorsRequest(
                user_app_id=s.place(app_id), collectors=[changed], action="overwrite"
            )
            await s.call("PatchCollectors", request)

    run(work)


def _show(found: Sequence[Described], as_json: bool) -> None:
    columns = ["id", "state", "source", "rule", "caller", "options", "key", "reason"]
    rows = [_row(c, options) for c, options in found]
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show_table(columns, rows, "No collectors yet.")


def _row(c: Collector, options: CollectorOptions) -> Sequence[str]:
    source = c.collector_source.api_post_model_outputs_collector_source
    rule = [
        f"{c.pre_queue_random_sample:.3g} of all" if c.pre_queue_random_sample else "",
        c.pre_queue_workflow_id,
        f"then {c.post_queue_workflow_id}" if c.post_queue_workflow_id else "",
    ]
    place = (source.model_user_id, source.model_app_id, source.model_id, source.model_version_id)
    return (
        c.id,
        _STATES.get(c.status.code, "?"),
        "/".join(part for part in place if part),
        ", ".join(r for r in rule if r),
        source.caller_user_id or "any",
        in_words(options),
        source.post_inputs_key_id,
        c.status.details,
    )
