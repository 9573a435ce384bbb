"""`bowerbird teams`: users who are given roles together."""

from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf.message import Message

from bowerbird.cli import app
from bowerbird.cli.session import (
    DataOption,
    JsonOption,
    called_on_host,
    console,
    run,
    settings_of,
    show_json,
    show_table,
)
from bowerbird.proto.identity_pb2 import (
    DeleteTeamsRequest,
    ListTeamsRequest,
    PatchTeamsRequest,
    PostTeamsRequest,
    Team,
)

teams = typer.Typer(help="Users who are given roles together.", no_args_is_help=True)
app.add_typer(teams, name="teams")

TeamId = Annotated[str, typer.Argument(help="The team's id.")]
Members = Annotated[list[str], typer.Argument(help="Ids of users.")]
MOST_LISTED = 1000


@teams.command()
def create(
    id: TeamId,
    members: Annotated[list[str] | None, typer.Option("--member", "-m", help="A user's id.")] = None,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    data: DataOption = None,
) -> None:
    """Make a team."""
    team = Team(id=id, name=name, member_ids=members or [])
    _call("PostTeams", PostTeamsRequest(teams=[team]), data)
    console.print(f"Team {id}.")


@teams.command("list")
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the teams with their members."""
    found = _call("ListTeams", ListTeamsRequest(per_page=MOST_LISTED), data).teams
    if as_json:
        show_json([{"team": t.id, "name": t.name, "members": list(t.member_ids)} for t in found])
    else:
        rows = [(t.id, t.name, " ".join(t.member_ids)) for t in found]
        show_table(["team", "name", "members"], rows, "No teams yet.")


@teams.command()
def add(id: TeamId, members: Members, data: DataOption = None) -> None:
    """Put users into a team; they have its roles within a second."""
    _patch(id, "merge", members, data)
    console.print(f"{', '.join(members)}: now in {id}.")


@teams.command()
def remove(id: TeamId, members: Members, data: DataOption = None) -> None:
    """Take users out of a team."""
    _patch(id, "remove", members, data)
    console.print(f"{', '.join(members)}: no longer in {id}.")


@teams.command()
def delete(id: TeamId, data: DataOption = None) -> None:
    """Delete a team; its members lose the roles that it has."""
    _call("DeleteTeams", DeleteTeamsRequest(ids=[id]), data)
    console.print(f"Deleted {id}.")


def _call(rpc: str, request: Message, data: Path | None) -> Any:  # the RPC's own answer
    settings = settings_of(data)
    return run(lambda: called_on_host(settings, rpc, request))


def _patch(id: str, action: str, members: list[str], data: Path | None) -> None:
    request = PatchTeamsRequest(teams=[Team(id=id, member_ids=members)], action=action)
    _call("PatchTeams", request, data)
