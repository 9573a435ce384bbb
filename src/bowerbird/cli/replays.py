"""`bowerbird collectors replay`: a collector judges what came before it."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from clarifai_grpc.grpc.api.resources_pb2 import UserAppIDSet
from clarifai_grpc.grpc.api.service_pb2 import GetInputCountRequest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.app import collecting
from bowerbird.cli.collectors import Id, collectors
from bowerbird.cli.prediction_lines import read_predictions
from bowerbird.cli.previews import InApp
from bowerbird.cli.session import (
    FAILED,
    DataOption,
    JsonOption,
    Session,
    UserOption,
    fail,
    reason_of,
    run,
    session,
    settings_of,
    show_json,
    show_table,
)
from bowerbird.collect.failures import describe
from bowerbird.errors import ApiError, Code
from bowerbird.proto.bowerbird_v1_pb2 import PostCollectorReplaysRequest
from bowerbird.settings import Settings

PAGE = 32
MOST_TOLD = 20  # of what went wrong, to people
Step = Callable[[int], None]  # so many more are done


@dataclass
class Totals:
    """What became of everything so far."""

    judged: int = 0
    taken: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def add(self, answer: Any) -> None:  # a CollectorReplayResponse
        self.judged += answer.judged
        self.taken += answer.taken
        self.skipped.update(answer.skipped)
        self.failed += [f"{one.request_id}: {_words(one.status)}" for one in answer.failed]


@collectors.command()
def replay(
    id: Id,
    app_id: InApp,
    inputs_of: Annotated[str, typer.Option(help="APP or USER/APP whose inputs are predicted anew.")] = "",
    file: Annotated[Path | None, typer.Option(help="Predictions that were made, one a line as JSON.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count; take nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first line that is wrong.")] = False,
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Let a collector judge what came before it: the inputs of an app, or predictions from a file.

    What it kept already is not kept again, however often this is run.
    """
    if bool(inputs_of) == (file is not None):
        fail("Say what to replay: either --inputs-of or --file.")
    if file is not None and not file.is_file():
        fail(f"--file {file}: there is no such file")
    settings = _with_models(settings_of(data))

    async def work() -> Totals:
        async with session(settings, user) as s, collecting(s.app):
            request = PostCollectorReplaysRequest(
                user_app_id=s.place(app_id), collector_id=id, dry_run=dry_run
            )
            if file is not None:
                return await _of_file(s, request, file, strict, is_quiet=as_json)
            request.inputs_of.CopyFrom(_place(s, inputs_of))
            return await _of_app(s, request, is_quiet=as_json)

    _show(run(work), dry_run, as_json)


async def _of_app(s: Session, request: PostCollectorReplaysRequest, *, is_quiet: bool) -> Totals:
    totals = Totals()
    counted = await s.call("GetInputCount", GetInputCountRequest(user_app_id=request.inputs_of))
    with _progress(counted.counts.processed + counted.counts.processing, is_quiet) as step:
        request.per_page = PAGE
        while True:
            answer = await _ask(s, request)
            totals.add(answer)
            step(answer.judged + len(answer.failed))
            if not answer.cursor:
                return totals
            request.after = answer.cursor


async def _of_file(
    s: Session, request: PostCollectorReplaysRequest, file: Path, strict: bool, *, is_quiet: bool
) -> Totals:
    totals = Totals()
    with file.open("rb") as lines:
        total = sum(1 for _ in lines)
    with _progress(total, is_quiet) as step:
        for line in read_predictions(file):
            if isinstance(line.outcome, ApiError):
                if strict:
                    fail(f"{file}, line {line.number}: {describe(line.outcome)}")
                totals.failed.append(f"line {line.number}: {describe(line.outcome)}")
            else:
                request.predictions.append(line.outcome)
            if len(request.predictions) == PAGE:
                await _next(s, request, totals)
            step(1)
        if request.predictions:
            await _next(s, request, totals)
    return totals


async def _next(s: Session, request: PostCollectorReplaysRequest, totals: Totals) -> None:
    totals.add(await _ask(s, request))
    del request.predictions[:]


async def _ask(s: Session, request: PostCollectorReplaysRequest) -> Any:  # a CollectorReplayResponse
    """The answer, though some or all could not be judged. Ends the command when none was tried."""
    credentials = Credentials(actor=s.actor)
    answer: Any = await s.app.dispatcher.call(METHODS["PostCollectorReplays"], request, credentials)
    if answer.status.code != Code.SUCCESS and not answer.failed:
        fail(reason_of(answer), FAILED)
    return answer


@contextmanager
def _progress(total: int, is_quiet: bool) -> Iterator[Step]:
    columns = (TextColumn("judging"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=is_quiet)
    with bar:
        task = bar.add_task("judging", total=total)
        yield lambda n: bar.advance(task, n)


def _with_models(settings: Settings) -> Settings:
    """Models run in this process when no server's model process is there."""
    if settings.models_socket.exists():
        return settings
    return settings.model_copy(update={"models_in_process": True})


def _place(s: Session, named: str) -> UserAppIDSet:
    user_id, _, app_id = named.rpartition("/")
    return UserAppIDSet(user_id=user_id or s.user_id, app_id=app_id)


def _show(totals: Totals, dry_run: bool, as_json: bool) -> None:
    skipped = {reason: n for reason, n in sorted(totals.skipped.items()) if n}
    if as_json:
        figures = {"judged": totals.judged, "taken": totals.taken, "skipped": skipped}
        show_json({**figures, "failed": totals.failed, "dry_run": dry_run})
        return
    rows = [("judged", totals.judged)]
    rows += [(f"  skipped: {reason.replace('_', ' ')}", n) for reason, n in skipped.items()]
    rows += [("would be taken" if dry_run else "taken", totals.taken), ("not judged", len(totals.failed))]
    show_table(["", "predictions"], [(name, f"{n:,}") for name, n in rows], "")
    errors = Console(stderr=True)
    for line in totals.failed[:MOST_TOLD]:
        errors.print(line, style="yellow", markup=False, highlight=False)
    if len(totals.failed) > MOST_TOLD:
        errors.print(f"… and {len(totals.failed) - MOST_TOLD} more; --json lists all", style="yellow")


def _words(status: Any) -> str:  # a Status
    return f"{status.description} {status.details}".strip()
