"""`bowerbird collectors overview`, `items`, `revisions` and `restore`: what collectors do, and did."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp

from bowerbird.cli.collectors import Id, collectors
from bowerbird.cli.previews import InApp
from bowerbird.cli.session import (
    DataOption,
    JsonOption,
    UserOption,
    console,
    run,
    session,
    settings_of,
    show_json,
    show_table,
)
from bowerbird.proto.collecting_pb2 import (
    CollectorFigures,
    CollectorItem,
    CollectorRevision,
    ListCollectorFiguresRequest,
    ListCollectorItemsRequest,
    ListCollectorRevisionsRequest,
    PostCollectorRestoresRequest,
)

_COLUMNS = ("id", "state", "offered/h", "taken/h", "today", "budget", "waiting", "dead", "changed", "reason")
M = TypeVar("M", CollectorFigures, CollectorItem, CollectorRevision)


@collectors.command()
def overview(
    app_id: InApp, data: DataOption = None, user: UserOption = "", as_json: JsonOption = False
) -> None:
    """Show all collectors of an app at a glance, the blocked ones first."""
    settings = settings_of(data)

    async def work() -> Sequence[CollectorFigures]:
        async with session(settings, user) as s:
            request = ListCollectorFiguresRequest(user_app_id=s.place(app_id))
            found: Any = await s.call("ListCollectorFigures", request)
            return list(found.collectors)

    columns = [
        "id",
        "state",
        "offered/h",
        "taken/h",
        "today",
        "budget",
        "waiting",
        "dead",
        "changed",
        "reason",
    ]
    _show(columns, run(work), _figures, as_json, "No collectors yet.")


@collectors.command()
def items(
    id: Id,
    app_id: InApp,
    count: Annotated[int, typer.Option(help="How many.")] = 10,
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show what a collector kept last. Where labels are still to tell the truth, without predictions."""
    settings = settings_of(data)

    async def work() -> Sequence[CollectorItem]:
        async with session(settings, user) as s:
            request = ListCollectorItemsRequest(user_app_id=s.place(app_id), collector_id=id, per_page=count)
            found: Any = await s.call("ListCollectorItems", request)
            return list(found.items)

    columns = ["input", "taken", "request", "why", "probability", "prediction", "labelled"]
    _show(columns, run(work), _item, as_json, "Nothing was kept yet.")


@collectors.command()
def revisions(
    id: Id, app_id: InApp, data: DataOption = None, user: UserOption = "", as_json: JsonOption = False
) -> None:
    """Show who changed a collector, when, and what."""
    settings = settings_of(data)

    async def work() -> Sequence[CollectorRevision]:
        async with session(settings, user) as s:
            request = ListCollectorRevisionsRequest(user_app_id=s.place(app_id), collector_id=id)
            found: Any = await s.call("ListCollectorRevisions", request)
            return list(found.revisions)

    _show(["revision", "at", "by", "what"], run(work), _revision, as_json, "Nothing was written down yet.")


@collectors.command()
def restore(
    id: Id,
    revision: Annotated[int, typer.Argument(help="As `collectors revisions` numbers them.")],
    app_id: InApp,
    data: DataOption = None,
    user: UserOption = "",
) -> None:
    """Make a collector what it was at a revision; whether it is paused stays as it is."""
    settings = settings_of(data)

    async def work() -> int:
        async with session(settings, user) as s:
            request = PostCollectorRestoresRequest(
                user_app_id=s.place(app_id), collector_id=id, revision=revision
            )
            answer: Any = await s.call("PostCollectorRestores", request)
            made: int = answer.revision
            return made

    console.print(f"Restored revision {revision} of {id}, as revision {run(work)}.")


def _show(
    columns: Sequence[str],
    found: Iterable[M],
    row: Callable[[M], Sequence[str]],
    as_json: bool,
    nothing: str,
) -> None:
    if as_json:
        show_json([MessageToDict(one, preserving_proto_field_name=True) for one in found])
    else:
        show_table(columns, [row(one) for one in found], nothing)


def _figures(one: CollectorFigures) -> Sequence[str]:
    budget = f"{one.budget:,} a {one.budget_period}" if one.budget else ""
    changed = f"r{one.revision} {one.changed_by} {_when(one.changed_at)}"
    figures = (one.offered_last_hour, one.taken_last_hour, one.kept_today)
    cure = f"{one.cure} {one.cure_id}: {one.reason}" if one.reason else ""
    return (
        one.collector_id,
        one.state,
        *(f"{n:,}" for n in figures),
        budget,
        f"{one.waiting:,}",
        f"{one.dead:,}",
        changed,
        cure,
    )


def _item(one: CollectorItem) -> Sequence[str]:
    chance = f"{one.inclusion_probability:.3g}" if one.HasField("inclusion_probability") else ""
    predicted = ", ".join(f"{c.name or c.id} {c.value:.2f}" for c in one.predicted[:2])
    return (
        one.input.id,
        _when(one.taken_at),
        f"{one.request_id} {one.input_index}",
        one.reason,
        chance,
        "to be labelled blind" if one.is_blind else predicted,
        "yes" if one.is_labelled else "",
    )


def _revision(one: CollectorRevision) -> Sequence[str]:
    changes = "; ".join(f"{c.field}: {c.old or '-'} -> {c.new or '-'}" for c in one.changes)
    what = f"{one.action}: {changes}" if changes else one.action
    return f"{one.revision}", _when(one.at), one.user_id, what


def _when(at: Timestamp) -> str:
    return datetime.fromtimestamp(at.seconds, UTC).strftime("%Y-%m-%d %H:%M:%S") if at.seconds else ""
