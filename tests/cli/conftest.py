"""The command line, run inside the test's process on a small installation."""

import json
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from click.testing import Result
from typer.testing import CliRunner

from bowerbird.cli import add_commands, app

Run = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="session", autouse=True)
def commands() -> Iterator[None]:
    """All commands are there. Typer builds the tree of them anew for each that runs, which once does."""
    add_commands()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(typer.testing._get_command))
        yield


@pytest.fixture
def invoke(data: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command on the data folder; its result, with the output and the exit code."""
    monkeypatch.setenv("BOWERBIRD_DATA", str(data))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)

    return run


@pytest.fixture
def typing(invoke: Run) -> Run:
    """A command that is answered by somebody who types: first what they type, then its words."""

    def run(typed: str, *words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words], input=typed, catch_exceptions=False)

    return run


@pytest.fixture
def ok(invoke: Run) -> Callable[..., str]:
    """A command that has to succeed; what it printed."""

    def run(*words: object) -> str:
        result = invoke(*words)
        assert result.exit_code == 0, result.output
        return result.output

    return run


@pytest.fixture
def answer(ok: Callable[..., str]) -> Callable[..., Any]:
    """A command that has to succeed; the JSON that it printed."""

    def run(*words: object) -> Any:
        return json.loads(ok(*words, "--json"))

    return run


def run_at(data: Path, *words: str) -> None:
    result = CliRunner().invoke(app, words, env={"BOWERBIRD_DATA": str(data)}, catch_exceptions=False)
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="session")
def first_installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `bowerbird init` made, which others are copied from."""
    data = tmp_path_factory.mktemp("installation") / "data"
    run_at(data, "init")
    return data


@pytest.fixture(scope="session")
def first_home(first_installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the user "ann" and her app "zoo"."""
    data = tmp_path_factory.mktemp("home") / "data"
    shutil.copytree(first_installation, data)
    run_at(data, "users", "create", "ann", "--email", "ann@example.com")
    run_at(data, "apps", "create", "zoo")
    return data


@pytest.fixture
def installation(first_installation: Path, data: Path) -> None:
    """What `bowerbird init` makes."""
    shutil.copytree(first_installation, data)


@pytest.fixture
def home(first_home: Path, data: Path) -> None:
    """An installation with the user "ann" and her app "zoo"."""
    shutil.copytree(first_home, data)
