"""The demonstration, whole but with fewer digits."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

Run = Callable[..., Result]
DEMO = ("demo", "--once", "--digits", "90", "--data")


@pytest.mark.slow
def test_the_funnel_balances_and_pictures_are_drawn(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    command = [sys.executable, "-m", "bowerbird", *DEMO, str(folder)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "It balances: 90 offered" in done.stdout
    assert "No estimate" in done.stdout  # of so few
    assert "in truth it was" in done.stdout
    with Image.open(folder / "collected.png") as sheet:
        assert sheet.width > 1000


def test_a_folder_that_no_demo_made_is_left_alone(invoke: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    result = invoke(*DEMO, tmp_path / "mine")
    assert result.exit_code == 1
    assert "no demo made" in result.output
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_a_taken_port_that_was_asked_for_is_named(invoke: Run, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        result = invoke(*DEMO, tmp_path / "demo", "--http", address)
    assert result.exit_code == 1
    assert address in result.output
    assert not (tmp_path / "demo").exists()
