"""Presets and estimates on the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BRIGHTNESS = Path(__file__).parents[2] / "examples" / "brightness.zip"
Invoke = Callable[..., Any]
CREATE = ("collectors", "create", "hard", "--app", "zoo", "--source", "ann/zoo/lights")


@pytest.fixture
def lights(ok: Invoke, home: None) -> None:
    ok("models", "add", "lights", "--app", "zoo", "--onnx", BRIGHTNESS)


def test_presets_are_listed_with_what_they_are_for(ok: Invoke, answer: Invoke) -> None:
    assert [one["id"] for one in answer("presets")] == ["balanced", "learn-fastest", "measure-first"]
    assert "Doubtful predictions first" in ok("presets")


def test_a_preset_writes_the_workflow_too(ok: Invoke, answer: Invoke, lights: None) -> None:
    [made] = answer(*CREATE, "--preset", "balanced", "--rate", 0.1)
    assert made["rule"] == "hard-balanced"
    assert "sampler, dedup < sampler" in ok("workflows", "list", "--app", "zoo")


def test_an_estimate_that_is_refused_says_why_and_is_no_failure(
    ok: Invoke, answer: Invoke, lights: None
) -> None:
    ok(*CREATE, "--sample", 1)
    told = ok("estimate", "hard", "--app", "zoo", "--since", "7d")
    assert "0 offered, 0 kept, 0 labelled." in told
    assert "Nothing is labelled yet" in told
    assert "refused" in told
    figure = answer("estimate", "hard", "--app", "zoo")["accuracy"]
    assert (figure["value"], figure["reason"]) == (None, "unlabelled")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*CREATE, "--preset", "best"), "balanced"),
        ((*CREATE, "--preset", "balanced", "--rate", 2), "rate"),
        ((*CREATE, "--preset", "balanced", "--pre-queue", "x"), "--pre-queue"),
        (("estimate", "none", "--app", "zoo"), "none"),
        (("estimate", "none", "--app", "zoo", "--since", "monday"), "7d"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    invoke: Invoke, lights: None, words: tuple[object, ...], said: str
) -> None:
    result = invoke(*words)
    assert result.exit_code == 2
    assert said in result.output
