"""`bowerbird keys`: API keys and personal access tokens."""

from typing import Annotated, Any

import typer
from clarifai_grpc.grpc.api.resources_pb2 import App, Key
from clarifai_grpc.grpc.api.service_pb2 import DeleteKeyRequest, ListKeysRequest, PostKeysRequest

from bowerbird.auth.actors import APP_KEY, PAT
from bowerbird.cli import app
from bowerbird.cli.session import (
    AppOption,
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

keys = typer.Typer(help="API keys and personal access tokens.", no_args_is_help=True)
app.add_typer(keys, name="keys")


@keys.command()
def create(
    app_id: AppOption = "",
    scopes: Annotated[
        list[str] | None, typer.Option("--scope", "-s", help="What it may do; default: All.")
    ] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "made on the command line",
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a key for one app, or a personal access token without --app. It is shown only now."""
    settings = settings_of(data)

    async def work() -> Any:  # the Key
        async with session(settings, user) as s:
            apps = [App(id=app_id, user_id=s.user_id)] if app_id else []
            key = Key(
                type=APP_KEY if app_id else PAT, description=description, scopes=scopes or ["All"], apps=apps
            )
            answer = await s.call("PostKeys", PostKeysRequest(user_app_id=s.place(), keys=[key]))
            return answer.keys[0]

    key = run(work)
    if as_json:
        show_json({"key": key.id, "type": key.type, "scopes": list(key.scopes)})
    else:
        console.print(key.id, highlight=False, soft_wrap=True)


@keys.command("list")
def list_(data: DataOption = None, user: UserOption = "", as_json: JsonOption = False) -> None:
    """List a user's keys by their handles."""
    settings = settings_of(data)

    async def work() -> Any:  # the answer of ListKeys
        async with session(settings, user) as s:
            return await s.call("ListKeys", ListKeysRequest(user_app_id=s.place(), per_page=1000))

    found = run(work).keys
    rows = [(k.id, k.type, ", ".join(a.id for a in k.apps), " ".join(k.scopes), k.description) for k in found]
    columns = ["handle", "type", "app", "scopes", "description"]
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show_table(columns, rows, "No keys yet.")


@keys.command()
def delete(handle: str, data: DataOption = None, user: UserOption = "") -> None:
    """Delete a key; whoever uses it is refused within a second."""
    settings = settings_of(data)

    async def work() -> None:
        async with session(settings, user) as s:
            await s.call("DeleteKey", DeleteKeyRequest(user_app_id=s.place(), key_id=handle))

    run(work)
    console.print(f"Deleted {handle[:16]}.")
