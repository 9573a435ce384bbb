"""What collectors do and did, as people ask for it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_previews import BRIGHTNESS, IN, predict

Invoke = Callable[..., Any]


@pytest.fixture
def pond(ok: Invoke, home: None, data: Path) -> None:
    """Ann's model "lights", her collector "half", and twenty predictions."""
    ok("models", "add", "lights", *IN, "--onnx", BRIGHTNESS)
    ok("collectors", "create", "half", *IN, "--source", "ann/zoo/lights", "--sample", 0.5)
    asyncio.run(predict(data))


def test_collectors_at_a_glance_their_revisions_and_the_way_back(
    ok: Invoke, answer: Invoke, invoke: Invoke, pond: None
) -> None:
    ok("collectors", "options", "half", *IN, "--priority", 5)
    ok("collectors", "pause", "half", *IN)
    shown = ok("collectors", "overview", *IN)
    assert "half" in shown
    assert "paused" in shown
    (found,) = answer("collectors", "overview", *IN)
    assert (found["revision"], found["changed_by"], found["state"]) == (3, "ann", "paused")
    told = ok("collectors", "revisions", "half", *IN)
    assert "changed: state: on -> paused" in told
    assert "priority: 0 -> 5" in told
    assert "as revision 4" in ok("collectors", "restore", "half", 1, *IN)
    assert answer("collectors", "revisions", "half", *IN)[0]["action"] == "restored"
    assert invoke("collectors", "restore", "half", 9, *IN).exit_code == 2


def test_what_was_kept_is_listed(ok: Invoke, answer: Invoke, pond: None) -> None:
    assert "Nothing was kept yet." in ok("collectors", "items", "half", *IN)


def test_a_preset_is_tried_before_it_is_made(ok: Invoke, pond: None) -> None:
    shown = ok("collectors", "preview", *IN, "--source", "ann/zoo/lights", "--preset", "balanced")
    assert "weighted-sample" in shown
    assert "an estimate after a day" in shown
