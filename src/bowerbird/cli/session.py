"""What commands share: settings, an application to call, errors and tables for people, JSON for programs."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from clarifai_grpc.grpc.api.resources_pb2 import UserAppIDSet
from clarifai_grpc.grpc.api.status import status_code_pb2
from google.protobuf.message import Message
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.app import App, opened
from bowerbird.auth.actors import EVERYTHING, PAT, PUBLIC_USER, Actor
from bowerbird.errors import ApiError
from bowerbird.logs import configure_logs
from bowerbird.settings import Settings

T = TypeVar("T")
console = Console()

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder with the database and media. [env: BOWERBIRD_DATA]")
]
UserOption = Annotated[str, typer.Option("--user", "-u", help="Act as this user; default: the only one.")]
AppOption = Annotated[str, typer.Option("--app", "-a", help="The app.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

FAILED, REFUSED = 1, 2  # exit codes: something broke; the request was not acceptable


def settings_of(data: Path | None, **given: object) -> Settings:
    """The settings with what the command line gave in place of what the environment says."""
    chosen = {k: v for k, v in given.items() if v is not None}
    if data is not None:
        chosen["data"] = data
    try:
        return Settings(**chosen)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        problems = [f"BOWERBIRD_{str(p['loc'][0]).upper()}: {p['msg']}" for p in error.errors()]
        fail("\n".join(problems))


class Session:
    """An application opened for one command, and the user that the command acts as."""

    def __init__(self, app: App, actor: Actor) -> None:
        self.app = app
        self.actor = actor

    @property
    def user_id(self) -> str:
        return self.actor.user_id

    def place(self, app_id: str = "") -> UserAppIDSet:
        return UserAppIDSet(user_id=self.user_id, app_id=app_id)

    async def call(self, rpc: str, request: Message) -> Any:  # the RPC's own answer
        """The answer of an RPC. Ends the command with a message when it fails."""
        answer: Any = await self.app.dispatcher.call(METHODS[rpc], request, Credentials(actor=self.actor))
        if answer.status.code != status_code_pb2.SUCCESS:
            fail(reason_of(answer))
        return answer


def reason_of(answer: Any) -> str:  # any RPC's answer
    """What went wrong, from the answer's status and those of its items."""
    status = answer.status
    reasons = [f"{status.description} {status.details}".strip()]
    for field, value in answer.ListFields():
        if field.name != "status" and field.message_type and "status" in field.message_type.fields_by_name:
            items = value if isinstance(value, Sequence) else [value]
            reasons += [f"{i.status.description} {i.status.details}".strip() for i in items]
    return "\n".join(dict.fromkeys(r for r in reasons if r))


@asynccontextmanager
async def session(settings: Settings, user: str = "") -> AsyncIterator[Session]:
    """An application for one command; nobody else needs to run for it, and it works beside a server."""
    _check_is_there(settings)
    async with opened(settings) as app:
        yield Session(app, await actor_of(app, user))


@asynccontextmanager
async def public_session(settings: Settings) -> AsyncIterator[Session]:
    """As `session`, for the app of the public models and workflows, which is the admins'."""
    _check_is_there(settings)
    async with opened(settings) as app:
        yield Session(app, Actor(user_id=PUBLIC_USER, kind=PAT, grant=EVERYTHING, is_admin=True))


def _check_is_there(settings: Settings) -> None:
    if not settings.database_url and not settings.main_file.exists():
        fail(f"There is nothing in {settings.data} yet. Start with: bowerbird init --data {settings.data}")


async def called_on_host(settings: Settings, rpc: str, request: Message) -> Any:  # the RPC's own answer
    """The answer of an RPC for admins, which whoever can start commands here is taken to be."""
    _check_is_there(settings)
    async with opened(settings) as app:
        chief = Actor(user_id="", kind=PAT, grant=EVERYTHING, is_admin=True, is_host=True)
        return await Session(app, chief).call(rpc, request)


async def actor_of(app: App, user: str) -> Actor:
    """Who the command acts as: the user named, or the only one there is."""
    people = await app.users()
    persons = [id for id in people if id != PUBLIC_USER]
    if not user and len(persons) == 1:
        user = persons[0]
    if not user:
        fail(f"Say as whom, with --user. There are: {', '.join(persons) or 'no users yet'}")
    if user not in people:
        fail(f"There is no user {user!r}. There are: {', '.join(persons) or 'none yet'}")
    return Actor(user_id=user, kind=PAT, grant=EVERYTHING, is_admin=people[user])


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run a command's work; errors become one line and an exit code."""
    try:
        return asyncio.run(_as_coroutine(work))
    except ApiError as error:
        fail(f"{error.text()} {error.details}".strip(), REFUSED if error.permanent else FAILED)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


async def _as_coroutine(work: Callable[[], Awaitable[T]]) -> T:
    configure_logs("warning", as_json=False)
    return await work()


def fail(message: str, code: int = REFUSED) -> NoReturn:
    Console(stderr=True).print(Text(message, style="red"))
    raise typer.Exit(code)


def show_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def show_table(columns: Iterable[str], rows: Iterable[Iterable[object]], empty: str) -> None:
    """A table for people; `empty` is said when there are no rows."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")  # what is cut off cannot be copied
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    console.print(table if table.row_count else Text(empty, style="dim"))
