"""Replays as people type them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BRIGHTNESS = Path(__file__).parents[2] / "examples" / "brightness.zip"
Invoke = Callable[..., Any]
FINE = {"request_id": "r", "input": "a cat", "output": {"concepts": {"cat": 0.9}}}


@pytest.fixture
def collector(ok: Invoke, home: None) -> tuple[str, ...]:
    """The words that name a collector of everything."""
    ok("models", "add", "lights", "--app", "zoo", "--onnx", BRIGHTNESS)
    ok("collectors", "create", "all", "--app", "zoo", "--source", "ann/zoo/lights", "--sample", "1")
    return "all", "--app", "zoo"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two predictions, a line that is none, an empty one, and the first again."""
    lines = [FINE, FINE | {"input_index": 1}, {"request_id": "x"}, None, FINE]
    path = tmp_path / "predictions.jsonl"
    path.write_text("".join("\n" if one is None else json.dumps(one) + "\n" for one in lines))
    return path


def test_a_file_is_replayed_and_replayed_again(
    ok: Invoke, answer: Invoke, collector: tuple[str, ...], file: Path
) -> None:
    tried = answer("collectors", "replay", *collector, "--file", file, "--dry-run")
    assert (tried["judged"], tried["taken"], tried["dry_run"]) == (3, 2, True)
    first = answer("collectors", "replay", *collector, "--file", file)
    assert (first["judged"], first["taken"], first["skipped"]) == (3, 2, {"duplicate": 1})
    [failed] = first["failed"]
    assert failed.startswith("line 3: ")
    assert "input: expected a text, or an object" in failed
    again = ok("collectors", "replay", *collector, "--file", file)
    assert "skipped: duplicate" in again
    stats = answer("collectors", "stats", *collector)
    assert (stats["offered"], stats["taken"], stats["waiting"]) == (6, 2, 2)


def test_strictly_the_first_wrong_line_ends_it(
    invoke: Invoke, collector: tuple[str, ...], file: Path
) -> None:
    result = invoke("collectors", "replay", *collector, "--file", file, "--strict")
    assert result.exit_code == 2
    assert "line 3" in result.output


def test_an_app_without_inputs_is_replayed_at_once(answer: Invoke, collector: tuple[str, ...]) -> None:
    totals = answer("collectors", "replay", *collector, "--inputs-of", "zoo")
    assert totals == {"judged": 0, "taken": 0, "skipped": {}, "failed": [], "dry_run": False}


def test_what_to_replay_has_to_be_said_and_to_be_there(invoke: Invoke, collector: tuple[str, ...]) -> None:
    assert invoke("collectors", "replay", *collector).exit_code == 2
    assert "no such file" in invoke("collectors", "replay", *collector, "--file", "none.jsonl").output
    assert invoke("collectors", "replay", *collector, "--inputs-of", "nowhere").exit_code != 0


def test_feedback_on_what_is_not_known_or_says_nothing_is_refused(
    invoke: Invoke, collector: tuple[str, ...]
) -> None:
    unknown = invoke("feedback", "r", "--model", "ann/zoo/lights", "--wrong")
    assert unknown.exit_code == 2
    assert "no collector has it" in unknown.output
    assert "was_wrong" in invoke("feedback", "r", "--model", "ann/zoo/lights").output
    assert "USER/APP/MODEL" in invoke("feedback", "r", "--model", "lights", "--wrong").output


def test_feedback_on_what_a_collector_has_is_noted(
    ok: Invoke, answer: Invoke, collector: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "one.jsonl"
    file.write_text(json.dumps(FINE | {"caller_user_id": "ann"}))
    ok("collectors", "replay", *collector, "--file", file)
    told = ("feedback", "r", "--model", "ann/zoo/lights", "--concept", "dog")
    assert "Noted" in ok(*told)
    assert answer(*told) == {"collector_ids": []}
