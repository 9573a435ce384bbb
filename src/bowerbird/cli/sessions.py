"""`bowerbird sessions`: where people are signed in."""

from typing import Annotated, Any

import typer

from bowerbird.cli import app
from bowerbird.cli.session import (
    DataOption,
    JsonOption,
    UserOption,
    console,
    fail,
    run,
    session,
    settings_of,
    show_json,
    show_table,
)
from bowerbird.proto.identity_pb2 import DeleteSessionsRequest, ListSessionsRequest

sessions = typer.Typer(help="Where people are signed in.", no_args_is_help=True)
app.add_typer(sessions, name="sessions")


@sessions.command("list")
def list_(data: DataOption = None, user: UserOption = "", as_json: JsonOption = False) -> None:
    """List a user's sessions, the latest used first."""
    settings = settings_of(data)

    async def work() -> Any:  # the answer of ListSessions
        async with session(settings, user) as s:
            return await s.call("ListSessions", ListSessionsRequest())

    columns = ["session", "last used", "expires", "address", "browser"]
    rows = [
        (s.id, s.last_used_at.ToJsonString(), s.expires_at.ToJsonString(), s.address, s.user_agent)
        for s in run(work).sessions
    ]
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show_table(columns, rows, "Not signed in anywhere.")


@sessions.command()
def revoke(
    ids: Annotated[list[str] | None, typer.Argument(help="Sessions, as the list names them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of the user's.")] = False,
    data: DataOption = None,
    user: UserOption = "",
) -> None:
    """End sessions; whoever uses them is refused within a second."""
    if bool(ids) == every:
        fail("Name the sessions, or say --all.")
    settings = settings_of(data)

    async def work() -> Any:  # the answer of DeleteSessions
        async with session(settings, user) as s:
            return await s.call("DeleteSessions", DeleteSessionsRequest(ids=ids or [], all_others=every))

    console.print(f"Ended {run(work).deleted}.")
