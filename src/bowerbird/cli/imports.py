"""`bowerbird import`: predictions that a model made elsewhere, from files, for its collectors."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from clarifai_grpc.grpc.api.resources_pb2 import UserAppIDSet
from clarifai_grpc.grpc.api.service_pb2 import GetModelRequest
from clarifai_grpc.grpc.api.status.status_code_pb2 import SUCCESS
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.app import collecting
from bowerbird.cli import app
from bowerbird.cli.prediction_lines import Line, read_predictions
from bowerbird.cli.prediction_tables import Columns, read_table
from bowerbird.cli.sagemaker_lines import files_of, read_captures
from bowerbird.cli.session import (
    FAILED,
    REFUSED,
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
)
from bowerbird.proto.bowerbird_v1_pb2 import PostPredictionsRequest, Prediction
from bowerbird.runtimes.readings import reading_of
from bowerbird.settings import Settings

imports = typer.Typer(help="Predictions made elsewhere, from files.", no_args_is_help=True)
app.add_typer(imports, name="import")
errors = Console(stderr=True)

AT_ONCE, BYTES_AT_ONCE = 128, 8 * 1024 * 1024
SHOWN = 20  # bad lines that are named; more are only counted
Reader = Callable[[Path], Iterator[Line]]

ModelOption = Annotated[str, typer.Option("--model", "-m", help="USER/APP/MODEL that made them.")]
StrictOption = Annotated[bool, typer.Option("--strict", help="End at the first line that is wrong.")]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Read and check everything; send nothing.")]
IN_TABLES = "Columns of a CSV file"


@dataclass(slots=True)
class Tally:
    """What became of the lines."""

    read: int = 0
    sent: int = 0
    wrong: int = 0


class Importer:
    """Sends predictions in batches, and names the lines that are wrong."""

    def __init__(self, s: Session, model: tuple[str, str, str], *, strict: bool, dry: bool) -> None:
        self._session = s
        self._model = model
        self._strict = strict
        self._dry = dry
        self.tally = Tally()

    async def send(self, file: Path, lines: Iterable[Line], advance: Callable[[int], None]) -> None:
        batch: list[tuple[int, Prediction]] = []
        size = 0
        for line in lines:
            self.tally.read += 1
            if isinstance(line.outcome, Prediction):
                batch.append((line.number, line.outcome))
                size += line.outcome.ByteSize()
            else:
                self._note(file, line.number, f"{line.outcome.details or line.outcome.text()}")
            if len(batch) == AT_ONCE or size >= BYTES_AT_ONCE:
                await self._post(file, batch)
                batch, size = [], 0
            advance(line.end)
        await self._post(file, batch)

    async def _post(self, file: Path, batch: list[tuple[int, Prediction]]) -> None:
        if not batch:
            return
        if self._dry:
            self.tally.sent += len(batch)
            return
        user_id, app_id, model_id = self._model
        request = PostPredictionsRequest(
            user_app_id=UserAppIDSet(user_id=user_id, app_id=app_id),
            model_id=model_id,
            predictions=[prediction for _, prediction in batch],
        )
        s = self._session
        answer: Any = await s.app.dispatcher.call(  # the answer of PostPredictions
            METHODS["PostPredictions"], request, Credentials(actor=s.actor)
        )
        if not answer.results:
            fail(f"{answer.status.description} {answer.status.details}".strip(), FAILED)
        for (number, _), result in zip(batch, answer.results, strict=True):
            if result.status.code == SUCCESS:
                self.tally.sent += 1
            else:
                self._note(file, number, result.status.details or result.status.description)

    def _note(self, file: Path, number: int, reason: str) -> None:
        self.tally.wrong += 1
        if self._strict:
            fail(f"{file}, line {number}: {reason}")
        if self.tally.wrong <= SHOWN:
            text = Text(f"{file}, line {number}: {reason}", style="red")
            errors.print(text, soft_wrap=True)


@imports.command()
def predictions(
    files: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, help="FILE.jsonl or FILE.csv: docs/sources.md."),
    ],
    model: ModelOption,
    input_column: Annotated[
        str, typer.Option("--input", rich_help_panel=IN_TABLES, help="What the model was asked about.")
    ] = "",
    kind: Annotated[
        str, typer.Option("--kind", rich_help_panel=IN_TABLES, help="Of it: text, image (a path), image-url.")
    ] = "text",
    label: Annotated[str, typer.Option(rich_help_panel=IN_TABLES, help="The concept it answered.")] = "",
    score: Annotated[str, typer.Option(rich_help_panel=IN_TABLES, help="Its value, 0 to 1.")] = "",
    prob_prefix: Annotated[
        str, typer.Option(rich_help_panel=IN_TABLES, help="Or: of the columns with a value for each concept.")
    ] = "",
    id_column: Annotated[str, typer.Option("--id", rich_help_panel=IN_TABLES, help="The request's id.")] = "",
    time: Annotated[str, typer.Option(rich_help_panel=IN_TABLES, help="When it was predicted.")] = "",
    caller: Annotated[str, typer.Option(rich_help_panel=IN_TABLES, help="The user who asked.")] = "",
    metadata: Annotated[
        list[str] | None, typer.Option(rich_help_panel=IN_TABLES, help="To keep as metadata; again for more.")
    ] = None,
    strict: StrictOption = False,
    dry_run: DryOption = False,
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Import predictions from JSON lines, or from tables."""
    columns = Columns(
        input=input_column,
        kind=kind,
        label=label,
        score=score,
        prefix=prob_prefix,
        request_id=id_column,
        at=time,
        caller=caller,
        metadata=tuple(metadata or ()),
    )
    if any(file.suffix.lower() == ".csv" for file in files):
        _check(columns)

    def read(file: Path) -> Iterator[Line]:
        return read_table(file, columns) if file.suffix.lower() == ".csv" else read_predictions(file)

    async def reader(s: Session) -> Reader:
        return read

    _import(settings_of(data), user, model, files, reader, strict=strict, dry=dry_run, as_json=as_json)


@imports.command()
def sagemaker(
    paths: Annotated[
        list[Path], typer.Argument(exists=True, help="Files of SageMaker's data capture, or folders of them.")
    ],
    model: ModelOption,
    strict: StrictOption = False,
    dry_run: DryOption = False,
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Import what a SageMaker endpoint captured. How it is read, the model says: models add --external."""
    settings, (user_id, app_id, model_id) = settings_of(data), _address(model)

    async def reader(s: Session) -> Reader:
        await s.call("GetModel", GetModelRequest(user_app_id=_place(user_id, app_id), model_id=model_id))
        found = await s.app.services.catalog.resolve(user_id, app_id, model_id)
        reading = reading_of(found.spec, settings)
        return lambda file: read_captures(file, reading)

    files = files_of(paths)
    if not files:
        fail("There are no .jsonl files.")
    _import(settings, user, model, files, reader, strict=strict, dry=dry_run, as_json=as_json)


def _check(columns: Columns) -> None:
    if not columns.input:
        fail("Say --input COLUMN: what the model was asked about.")
    if columns.kind not in ("text", "image", "image-url"):
        fail(f"--kind {columns.kind}: expected text, image or image-url")
    if bool(columns.label) == bool(columns.prefix):
        fail("Say either --label COLUMN, with --score COLUMN, or --prob-prefix PREFIX.")


def _address(model: str) -> tuple[str, str, str]:
    parts = model.split("/")
    if len(parts) != 3 or not all(parts):
        fail(f"--model {model}: expected USER/APP/MODEL")
    return parts[0], parts[1], parts[2]


def _place(user_id: str, app_id: str) -> UserAppIDSet:
    return UserAppIDSet(user_id=user_id, app_id=app_id)


def _import(
    settings: Settings,
    user: str,
    model: str,
    files: list[Path],
    reader: Callable[[Session], Any],  # Any: an awaitable Reader
    *,
    strict: bool,
    dry: bool,
    as_json: bool,
) -> None:
    """Import the files, one after the other, and say what became of their lines."""
    address = _address(model)

    async def work() -> Tally:
        async with session(settings, user) as s, collecting(s.app):
            user_id, app_id, model_id = address
            await s.call("GetModel", GetModelRequest(user_app_id=_place(user_id, app_id), model_id=model_id))
            read = await reader(s)
            importer = Importer(s, address, strict=strict, dry=dry)
            with _progress() as progress:
                for file in files:
                    task = progress.add_task(file.name, total=file.stat().st_size)
                    await importer.send(file, read(file), partial(_show_progress, progress, task))
            return importer.tally

    tally = run(work)
    if as_json:
        show_json(asdict(tally) | {"dry_run": dry})
    else:
        _say(tally, dry=dry)
    if tally.wrong:
        raise typer.Exit(FAILED if tally.sent else REFUSED)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)


def _show_progress(progress: Progress, task: TaskID, done: int) -> None:
    progress.update(task, completed=done)


def _say(tally: Tally, *, dry: bool) -> None:
    what = "would be sent" if dry else "sent"
    wrong = f", {tally.wrong:,} wrong" if tally.wrong else ""
    console.print(f"{tally.read:,} predictions read: {tally.sent:,} {what}{wrong}.", highlight=False)
