"""The decorator for predict functions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tap_standin import QUICK, Server, serving

from bowerbird_tap import Tap, tap


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as started:
        yield started


@pytest.fixture
def watch(server: Server, tmp_path: Path) -> Iterator[Tap]:
    made = tap("acme/app/model", url=server.url, key="secret", spool=tmp_path, limits=QUICK)
    yield made
    made.close()


def test_a_wrapped_function_answers_as_before_and_is_recorded(server: Server, watch: Tap) -> None:
    @watch.wrap
    def predict(text: str) -> dict[str, dict[str, float]]:
        """Says cat."""
        return {"concepts": {"cat": 0.9}}

    assert predict(text="mew") == {"concepts": {"cat": 0.9}}
    assert predict.__doc__ == "Says cat."
    assert watch.flush()
    item = server.items()[0]
    assert item["input"] == {"data": {"text": {"raw": "mew"}}}
    assert item["output"] == {"concepts": [{"id": "cat", "value": 0.9}]}


def test_an_async_function_is_recorded_when_it_is_done(server: Server, watch: Tap) -> None:
    @watch.wrap
    async def predict(text: str) -> list[tuple[str, float]]:
        await asyncio.sleep(0)
        return [("cat", 0.9)]

    assert asyncio.run(predict("mew")) == [("cat", 0.9)]
    assert watch.flush()
    assert len(server.ids()) == 1


def test_functions_of_another_shape_say_what_their_input_and_output_are(server: Server, watch: Tap) -> None:
    @watch.wrap(
        input=lambda size, pixels: {"image": pixels}, output=lambda scores: {"concepts": {"cat": scores[0]}}
    )
    def predict(size: int, pixels: bytes) -> list[float]:
        return [0.5, 0.5]

    assert predict(3, pixels=b"abc") == [0.5, 0.5]
    assert watch.flush()
    assert server.items()[0]["input"] == {"data": {"image": {"base64": "YWJj"}}}
    assert server.items()[0]["output"] == {"concepts": [{"id": "cat", "value": 0.5}]}


def test_an_error_of_the_function_stays_its_own_and_is_not_recorded(watch: Tap) -> None:
    @watch.wrap
    def predict(text: str) -> dict[str, float]:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        predict("x")
    assert watch.stats().offered == 0


def test_a_result_that_cannot_be_recorded_is_still_returned(watch: Tap) -> None:
    @watch.wrap
    def predict() -> int:
        return 3

    assert predict() == 3
    assert watch.flush()
    assert watch.stats().dropped == {"invalid": 1}
