"""`bowerbird users`: people."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from clarifai_grpc.grpc.api.resources_pb2 import User
from google.protobuf.message import Message

from bowerbird.app import opened
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
    Account,
    DeleteUsersRequest,
    ListUsersRequest,
    PatchUsersRequest,
    PostTwoFactorResetsRequest,
    PostUserLinksRequest,
    PostUsersRequest,
)

users = typer.Typer(help="People who may use this installation.", no_args_is_help=True)
app.add_typer(users, name="users")

NewId = Annotated[str, typer.Argument(help="Letters, digits, - and _.")]
UserId = Annotated[str, typer.Argument(help="The user's id.")]
EmailOption = Annotated[str, typer.Option("--email", help="Address; one user each.")]
AdminOption = Annotated[
    bool, typer.Option("--admin", help="May also manage people, and change what is public.")
]
MOST_LISTED = 1000


@users.command()
def create(
    id: NewId,
    email: EmailOption,
    admin: AdminOption = False,
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a password, or read it from standard input.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a user, and print their personal access token: it is shown only now."""
    settings = settings_of(data)
    chosen = _asked_password() if password else ""

    async def work() -> str:
        async with opened(settings) as application:
            return await application.create_user(id, email, is_admin=admin, password=chosen)

    token = run(work)
    if as_json:
        show_json({"user_id": id, "pat": token})
    else:
        console.print(f"User {id}. Personal access token, shown only now:")
        console.print(token, highlight=False, soft_wrap=True)


@users.command()
def invite(
    id: NewId,
    email: EmailOption,
    admin: AdminOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a user without a token: print, and mail, a link by which they choose a password."""
    account = Account(user=User(id=id, primary_email=email), is_admin=admin)
    _show_link(_call("PostUsers", PostUsersRequest(accounts=[account]), data), as_json)


@users.command()
def link(id: UserId, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Print a link that signs the user in once, within a day; a password that they have stays."""
    request = PostUserLinksRequest(user_ids=[id], keeps_password=True)
    _show_link(_call("PostUserLinks", request, data), as_json)


@users.command("list")
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the users."""
    found = _call("ListUsers", ListUsersRequest(per_page=MOST_LISTED), data).accounts
    if as_json:
        show_json([_plain(account) for account in found])
    else:
        columns = ["user", "email", "role", "state", "second factor", "teams", "signed in"]
        rows = [_row(account) for account in found]
        show_table(columns, rows, "No users yet. Add one: bowerbird users create ID --email E")


@users.command()
def admin(
    id: UserId,
    off: Annotated[bool, typer.Option("--off", help="Be one no longer.")] = False,
    data: DataOption = None,
) -> None:
    """Make a user an admin; the last one stays one."""
    _patch(Account(user=User(id=id), is_admin=not off), data)
    console.print(f"{id} is {'no longer' if off else 'now'} an admin.")


@users.command()
def disable(id: UserId, data: DataOption = None) -> None:
    """Sign a user out, and refuse their keys and tokens until they are enabled again."""
    _patch(Account(user=User(id=id), is_disabled=True), data)
    console.print(f"Disabled {id}: whoever uses their keys or sessions is refused within a second.")


@users.command()
def enable(id: UserId, data: DataOption = None) -> None:
    """Let a disabled user in again."""
    _patch(Account(user=User(id=id), is_disabled=False), data)
    console.print(f"Enabled {id}: their keys work again, and they can sign in.")


@users.command("reset-2fa")
def reset_2fa(id: UserId, data: DataOption = None) -> None:
    """Switch the second factor off for a user who has lost it."""
    _call("PostTwoFactorResets", PostTwoFactorResetsRequest(user_ids=[id]), data)
    console.print(f"The second factor of {id} is off; they can set it up anew.")


@users.command()
def delete(
    id: UserId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = None,
) -> None:
    """Delete a user with all their apps."""
    if not yes:
        typer.confirm(f"Delete {id} with all their apps and what is in them?", abort=True)
    _call("DeleteUsers", DeleteUsersRequest(ids=[id]), data)
    console.print(f"Deleted {id}.")


def _call(rpc: str, request: Message, data: Path | None) -> Any:  # the RPC's own answer
    settings = settings_of(data)
    return run(lambda: called_on_host(settings, rpc, request))


def _patch(account: Account, data: Path | None) -> None:
    _call("PatchUsers", PatchUsersRequest(accounts=[account]), data)


def _asked_password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _show_link(answer: Any, as_json: bool) -> None:  # an InvitationsResponse
    (made,) = answer.invitations
    if as_json:
        ends = made.expires_at.ToJsonString()
        show_json(
            {"user_id": made.user_id, "link": made.link, "expires_at": ends, "is_mailed": made.is_mailed}
        )
        return
    console.print(made.link, highlight=False, soft_wrap=True)
    if made.is_mailed:
        console.print("It was sent to them by mail as well.", style="dim")


def _plain(account: Account) -> dict[str, object]:
    return {
        "user_id": account.user.id,
        "email": account.user.primary_email,
        "is_admin": account.is_admin,
        "is_disabled": account.is_disabled,
        "has_password": account.has_password,
        "two_factor": account.two_factor,
        "teams": list(account.team_ids),
        "signed_in_at": account.signed_in_at.ToJsonString() if account.HasField("signed_in_at") else None,
    }


def _row(account: Account) -> tuple[str, ...]:
    return (
        account.user.id,
        account.user.primary_email,
        "admin" if account.is_admin else "",
        "disabled" if account.is_disabled else "",
        "on" if account.two_factor else "",
        ", ".join(account.team_ids),
        f"{account.signed_in_at.ToDatetime():%Y-%m-%d %H:%M}"
        if account.HasField("signed_in_at")
        else "never",
    )
