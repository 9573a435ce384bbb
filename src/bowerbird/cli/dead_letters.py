"""`bowerbird dead-letters`: what could not be posted and was given up."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from clarifai_grpc.grpc.api.resources_pb2 import Data
from clarifai_grpc.grpc.api.service_pb2 import ListCollectorsRequest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.cli import app
from bowerbird.cli.session import (
    DataOption,
    JsonOption,
    Session,
    UserOption,
    console,
    fail,
    reason_of,
    run,
    session,
    settings_of,
    show_json,
    show_table,
)
from bowerbird.errors import Code, NotFound
from bowerbird.proto import bowerbird_v1_pb2 as v1

dead_letters = typer.Typer(help="What could not be posted and was given up.", no_args_is_help=True)
app.add_typer(dead_letters, name="dead-letters")

InApp = Annotated[str, typer.Option("--app", "-a", help="The app that the collector posts into.")]
OfCollector = Annotated[str, typer.Option("--collector", "-c", help="Only this collector's; default: all.")]
Ids = Annotated[list[str] | None, typer.Argument(help="Ids of dead letters.")]
All = Annotated[bool, typer.Option("--all", help="All that there are.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
PER_PAGE, MOST_NAMED = 200, 1000
Letters = dict[str, list[Any]]  # v1.DeadLetter, by collector


@dead_letters.command("list")
def list_(
    app_id: InApp,
    collector: OfCollector = "",
    limit: Annotated[int, typer.Option(min=1, help="How many of each collector.")] = 100,
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """List dead letters, the latest first."""
    settings = settings_of(data)

    async def work() -> Letters:
        async with session(settings, user) as s:
            return {c: await _letters(s, app_id, c, limit) for c in await _collectors(s, app_id, collector)}

    rows = [_row(c, letter) for c, letters in run(work).items() for letter in letters]
    columns = ["id", "collector", "taken", "died", "attempts", "stage", "error"]
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show_table(columns, rows, "No dead letters.")


@dead_letters.command()
def show(
    id: Annotated[str, typer.Argument(help="The dead letter's id.")],
    app_id: InApp,
    collector: OfCollector = "",
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show a dead letter: what it holds, and every error that it met."""
    settings = settings_of(data)

    async def work() -> tuple[str, Any]:  # the DeadLetter
        async with session(settings, user) as s:
            return await _find(s, app_id, collector, id)

    name, letter = run(work)
    if as_json:
        show_json({"collector": name, **MessageToDict(letter, preserving_proto_field_name=True)})
        return
    facts = [
        ("id", letter.capture_id),
        ("collector", name),
        ("taken", _time(letter.taken_at)),
        ("died", _time(letter.died_at)),
        ("attempts", letter.attempts),
        *_content("input", letter.input.data),
        *_content("output", letter.output),
    ]
    show_table(["", ""], facts, "")
    console.print()
    show_table(["time", "stage", "error"], [(_time(e.at), e.stage, e.text) for e in letter.errors], "")


@dead_letters.command()
def redrive(
    app_id: InApp,
    ids: Ids = None,
    collector: OfCollector = "",
    everything: All = False,
    yes: Yes = False,
    data: DataOption = None,
    user: UserOption = "",
) -> None:
    """Try dead letters again, under the same ids: what was posted meanwhile is not posted twice."""
    count = _change(v1.PostDeadLetterRedrivesRequest, app_id, ids, collector, everything, yes, data, user)
    console.print(f"{count:,} wait to be posted again.")


@dead_letters.command()
def purge(
    app_id: InApp,
    ids: Ids = None,
    collector: OfCollector = "",
    everything: All = False,
    yes: Yes = False,
    data: DataOption = None,
    user: UserOption = "",
) -> None:
    """Delete dead letters and what they hold, for good."""
    count = _change(v1.DeleteDeadLettersRequest, app_id, ids, collector, everything, yes, data, user)
    console.print(f"Deleted {count:,}.")


def _change(
    kind: Any,  # the class of a request that takes ids or all
    app_id: str,
    ids: Sequence[str] | None,
    collector: str,
    everything: bool,
    yes: bool,
    data: DataOption,
    user: str,
) -> int:
    named = list(dict.fromkeys(ids or ()))
    if bool(named) == everything:
        fail("Give the ids of dead letters, or --all, and not both.")
    if len(named) > MOST_NAMED:
        fail(f"{len(named):,} ids are given; expected at most {MOST_NAMED:,}.")
    settings = settings_of(data)
    verb = "redrive" if kind is v1.PostDeadLetterRedrivesRequest else "delete"

    async def work() -> int:
        async with session(settings, user) as s:
            names = await _collectors(s, app_id, collector)
            count = len(named) or sum([await _count(s, app_id, name) for name in names])
            if count and not yes:
                _confirm(verb, count)
            total = 0
            for name in names:
                request = kind(
                    user_app_id=s.place(app_id), collector_id=name, capture_ids=named, all=everything
                )
                rpc = "PostDeadLetterRedrives" if verb == "redrive" else "DeleteDeadLetters"
                total += (await s.call(rpc, request)).count
            return total

    total = run(work)
    if total < len(named):
        fail(f"Done for {total} of {len(named)}; the others are no dead letters of {collector or app_id}.")
    return total


def _confirm(verb: str, count: int) -> None:
    typed = typer.prompt(f"Type {count} to {verb} {count:,} dead letter{'s' * (count > 1)}")
    if typed.strip() != str(count):
        fail("Nothing was changed.")


async def _collectors(s: Session, app_id: str, collector: str) -> list[str]:
    if collector:
        return [collector]
    request = ListCollectorsRequest(user_app_id=s.place(app_id), per_page=1000)
    return [c.id for c in (await s.call("ListCollectors", request)).collectors]


async def _letters(s: Session, app_id: str, collector: str, limit: int) -> list[Any]:  # v1.DeadLetter
    found: list[Any] = []
    while len(found) < limit:
        request = v1.ListDeadLettersRequest(
            user_app_id=s.place(app_id),
            collector_id=collector,
            after=found[-1].cursor if found else "",
            per_page=min(PER_PAGE, limit - len(found)),
        )
        page = (await s.call("ListDeadLetters", request)).dead_letters
        found += page
        if len(page) < request.per_page:
            break
    return found


async def _count(s: Session, app_id: str, collector: str) -> int:
    request = v1.GetCollectorFunnelRequest(user_app_id=s.place(app_id), collector_id=collector)
    return int((await s.call("GetCollectorFunnel", request)).total.dead)


async def _find(s: Session, app_id: str, collector: str, id: str) -> tuple[str, Any]:  # its v1.DeadLetter
    """The collector that the dead letter belongs to, and the letter."""
    credentials = Credentials(actor=s.actor)
    for name in await _collectors(s, app_id, collector):
        request = v1.GetDeadLetterRequest(user_app_id=s.place(app_id), collector_id=name, capture_id=id)
        answer: Any = await s.app.dispatcher.call(METHODS["GetDeadLetter"], request, credentials)
        if answer.status.code == Code.SUCCESS:
            return name, answer.dead_letter
        if answer.status.code != NotFound.code:
            fail(reason_of(answer))
    raise NotFound(f"dead letter {id!r} of {collector or app_id}")


def _row(collector: str, letter: Any) -> tuple[object, ...]:  # a v1.DeadLetter
    last = letter.errors[-1] if letter.errors else v1.DeadLetterError()
    return (
        letter.capture_id,
        collector,
        _time(letter.taken_at),
        _time(letter.died_at),
        letter.attempts,
        last.stage,
        last.text,
    )


def _content(name: str, data: Data) -> list[tuple[str, str]]:
    """What of the data people can read; bytes are counted."""
    rows = []
    for field, value in data.ListFields():
        if field.name in ("image", "video", "audio"):
            shown = value.url or f"{len(value.base64):,} bytes"
        elif field.name == "text":
            shown = value.raw or value.url
        elif field.name == "concepts":
            shown = " ".join(f"{c.id}={c.value:.3g}" for c in value)
        elif isinstance(value, Message):
            shown = str(MessageToDict(value, preserving_proto_field_name=True))
        else:
            shown = f"{len(value):,}"
        rows.append((f"{name} {field.name}", shown))
    return rows


def _time(at: Any) -> str:  # a Timestamp
    return f"{datetime.fromtimestamp(at.ToNanoseconds() / 1e9, UTC):%Y-%m-%d %H:%M:%S}"
