"""`bowerbird roles`: named sets of scopes, and who has them in which app."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bowerbird.cli import app
from bowerbird.cli.session import (
    DataOption,
    JsonOption,
    UserOption,
    called_on_host,
    console,
    run,
    session,
    settings_of,
    show_json,
    show_table,
)
from bowerbird.proto.identity_pb2 import (
    DeleteRoleBindingsRequest,
    DeleteRolesRequest,
    ListRoleBindingsRequest,
    ListRolesRequest,
    MultiRoleBindingResponse,
    PatchRolesRequest,
    PostRoleBindingsRequest,
    PostRolesRequest,
    Role,
    RoleBinding,
)

roles = typer.Typer(help="Named sets of scopes, and who has them in which app.", no_args_is_help=True)
app.add_typer(roles, name="roles")

RoleId = Annotated[str, typer.Argument(help="The role's id.")]
Scopes = Annotated[list[str], typer.Option("--scope", "-s", help="What it allows, such as Inputs:Get.")]
InApp = Annotated[str, typer.Option("--app", "-a", help="The app.")]
MOST_LISTED = 1000


@roles.command()
def create(
    id: RoleId,
    scopes: Scopes,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    data: DataOption = None,
) -> None:
    """Make a role."""
    role = Role(id=id, description=description, scopes=scopes)
    settings = settings_of(data)
    run(lambda: called_on_host(settings, "PostRoles", PostRolesRequest(roles=[role])))
    console.print(f"Role {id}: give it with bowerbird roles give {id} --app APP --to USER", highlight=False)


@roles.command("set")
def set_(id: RoleId, scopes: Scopes, data: DataOption = None) -> None:
    """Replace a role's scopes; who has it can do what it says within a second."""
    settings = settings_of(data)
    request = PatchRolesRequest(roles=[Role(id=id, scopes=scopes)])
    run(lambda: called_on_host(settings, "PatchRoles", request))
    console.print(f"Changed {id}.")


@roles.command("list")
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the roles."""
    settings = settings_of(data)

    request = ListRolesRequest(per_page=MOST_LISTED)
    found = run(lambda: called_on_host(settings, "ListRoles", request)).roles
    if as_json:
        show_json([{"role": r.id, "scopes": list(r.scopes), "description": r.description} for r in found])
    else:
        rows = [(r.id, " ".join(r.scopes), r.description) for r in found]
        show_table(["role", "scopes", "description"], rows, "No roles yet.")


@roles.command()
def delete(id: RoleId, data: DataOption = None) -> None:
    """Delete a role, from everybody who has it too."""
    settings = settings_of(data)
    run(lambda: called_on_host(settings, "DeleteRoles", DeleteRolesRequest(ids=[id])))
    console.print(f"Deleted {id}.")


@roles.command()
def give(
    role: RoleId,
    app_id: InApp,
    to: Annotated[str, typer.Option("--to", help="The user who is to have it.")] = "",
    team: Annotated[str, typer.Option("--team", help="The team that is to have it.")] = "",
    data: DataOption = None,
    user: UserOption = "",
) -> None:
    """Give a role on an app to a user or a team."""
    binding = RoleBinding(role_id=role, user_id=to, team_id=team)

    async def work() -> None:
        async with session(settings_of(data), user) as s:
            request = PostRoleBindingsRequest(user_app_id=s.place(app_id), role_bindings=[binding])
            await s.call("PostRoleBindings", request)

    run(work)
    console.print(f"{to or team} has {role} in {app_id}.")


@roles.command()
def bindings(
    app_id: InApp, data: DataOption = None, user: UserOption = "", as_json: JsonOption = False
) -> None:
    """List who has which role in an app."""
    found = run(lambda: _bindings(data, user, app_id))
    rows = [(b.id, b.role_id, b.user_id, b.team_id) for b in found]
    columns = ["binding", "role", "user", "team"]
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show_table(columns, rows, "Nobody has a role there.")


@roles.command()
def take(
    binding: Annotated[str, typer.Argument(help="As bindings lists them.")],
    app_id: InApp,
    data: DataOption = None,
    user: UserOption = "",
) -> None:
    """Take a role away from who has it in an app."""

    async def work() -> None:
        async with session(settings_of(data), user) as s:
            request = DeleteRoleBindingsRequest(user_app_id=s.place(app_id), ids=[binding])
            await s.call("DeleteRoleBindings", request)

    run(work)
    console.print("Taken.")


async def _bindings(data: Path | None, user: str, app_id: str) -> Any:  # the bindings of an answer
    async with session(settings_of(data), user) as s:
        request = ListRoleBindingsRequest(user_app_id=s.place(app_id), per_page=MOST_LISTED)
        answer: MultiRoleBindingResponse = await s.call("ListRoleBindings", request)
        return answer.role_bindings
