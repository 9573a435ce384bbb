"""`bowerbird secrets`: what lets this host into other servers, kept as files and never shown."""

import sys
from typing import Annotated

import typer

from bowerbird.cli import app
from bowerbird.cli.session import DataOption, JsonOption, console, fail, settings_of, show_json, show_table
from bowerbird.errors import ModelInvalid
from bowerbird.runtimes.secrets import remove_secret, secret_names, write_secret

secrets = typer.Typer(help="What lets this host into other servers.", no_args_is_help=True)
app.add_typer(secrets, name="secrets")

Name = Annotated[str, typer.Argument(help="Letters, digits, - and _.")]


@secrets.command("set")
def set_(name: Name, data: DataOption = None) -> None:
    """Keep a secret, or replace it: it is asked for, or read from standard input."""
    folder = settings_of(data).secrets_folder
    value = typer.prompt("Secret", hide_input=True) if sys.stdin.isatty() else sys.stdin.read()
    try:
        write_secret(folder, name, value.strip())
    except ModelInvalid as error:
        fail(error.details)
    console.print(f"Secret {name}: models name it with --secret {name}.", highlight=False)


@secrets.command("list")
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the names of the secrets."""
    names = secret_names(settings_of(data).secrets_folder)
    if as_json:
        show_json(names)
    else:
        show_table(
            ["name"], [[name] for name in names], "No secrets yet. Keep one: bowerbird secrets set NAME"
        )


@secrets.command()
def remove(name: Name, data: DataOption = None) -> None:
    """Forget a secret; models that name it cannot predict any more."""
    if not remove_secret(settings_of(data).secrets_folder, name):
        fail(f"There is no secret {name!r}.")
    console.print(f"Secret {name} is gone.", highlight=False)
