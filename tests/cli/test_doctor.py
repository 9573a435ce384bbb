"""The doctor names what is wrong and what to do."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packages import installed, write_broken

Invoke = Callable[..., Any]


@pytest.fixture(autouse=True)
def ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses at which nobody listens."""
    for wire in ("HTTP", "GRPC"):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            monkeypatch.setenv(f"BOWERBIRD_{wire}", f"127.0.0.1:{probe.getsockname()[1]}")


def test_a_new_installation_is_well(answer: Invoke, home: None) -> None:
    wrong = [one for one in answer("doctor") if one["verdict"] == "fail" and one["what"] != "disk"]
    assert wrong == []


def test_without_an_installation_it_says_how_to_make_one(invoke: Invoke, data: Path) -> None:
    result = invoke("doctor")
    assert result.exit_code == 1
    assert f"bowerbird init --data {data}" in result.output


def test_an_installation_without_people_is_warned_of(answer: Invoke, installation: None) -> None:
    (users,) = [one for one in answer("doctor") if one["what"] == "users"]
    assert users["verdict"] == "warn"
    assert "users create" in users["advice"]


def test_a_folder_that_others_can_read_is_warned_of(answer: Invoke, home: None, data: Path) -> None:
    data.chmod(0o755)
    (folder,) = [one for one in answer("doctor") if one["what"] == "data folder"]
    assert folder["verdict"] == "warn"


def test_a_taken_port_is_named(invoke: Invoke, home: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        monkeypatch.setenv("BOWERBIRD_GRPC", address)
        result = invoke("doctor")
    assert result.exit_code == 1
    assert f"{address} is taken" in result.output


def test_a_database_that_does_not_answer_is_named_without_its_password(
    invoke: Invoke, home: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOWERBIRD_DATABASE_URL", "postgresql://bird:sesame@127.0.0.1:1/none")
    result = invoke("doctor")
    assert result.exit_code == 1
    assert "✗ database" in result.output
    assert "sesame" not in result.output


def test_a_blob_store_that_cannot_be_written_is_named(
    invoke: Invoke, home: None, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "file").touch()
    monkeypatch.setenv("BOWERBIRD_BLOBS_URL", str(data / "file" / "blobs"))
    result = invoke("doctor")
    assert result.exit_code == 1
    assert "✗ blob store" in result.output


def test_an_operator_that_does_not_load_is_named(invoke: Invoke, home: None, tmp_path: Path) -> None:
    write_broken(tmp_path / "packages")
    with installed(tmp_path / "packages"):
        said = invoke("doctor").output
    assert "broken = broken_operator:broken is left out: RuntimeError" in said
