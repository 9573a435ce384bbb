"""The command line: `bowerbird --help` lists the commands, one module per group."""

import gc
import importlib
import pkgutil
import sys

import typer

from bowerbird import __version__

app = typer.Typer(
    help="Keep what your production models should learn from.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bowerbird {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Say which."),
) -> None:
    pass


def add_commands(wanted: str = "") -> None:
    """Import the modules, which add their commands. Processes that stay do without those of the others,
    which would take 10 MB of each for as long as it lives."""
    importlib.import_module(f"{__name__}.serving")
    if wanted not in typer.main.get_group(app).commands:
        for module in pkgutil.iter_modules(__path__):
            importlib.import_module(f"{__name__}.{module.name}")


def main() -> None:
    """Run the command that the arguments name."""
    gc.disable()  # what is imported stays, and without looking for garbage in it that takes a tenth less
    add_commands(*sys.argv[1:2])
    gc.freeze()
    gc.enable()
    app()
