"""Dead letters on the command line: looked at, tried again, deleted."""

import asyncio
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data, Input, Text

from bowerbird.app import opened
from bowerbird.proto.capture_pb2 import Capture as Payload
from bowerbird.queue import Capture, Failure
from bowerbird.settings import Settings

Invoke = Callable[..., Any]
BRIGHTNESS = Path(__file__).parents[2] / "examples" / "brightness.zip"
NOON = 1_700_000_000.0
IDS = [f"{n:032x}" for n in (1 << 70, 2 << 70, 3 << 70)]


@pytest.fixture
def letters(home: None, ok: Invoke, data: Path) -> None:
    """Two dead letters of the collector "hard", and one of "easy"."""
    ok("models", "add", "lights", "--app", "zoo", "--onnx", BRIGHTNESS)
    for id in ("hard", "easy"):
        ok("collectors", "create", id, "-a", "zoo", "--source", "ann/zoo/lights", "--sample", "0.5")
    asyncio.run(bury(data))


async def bury(data: Path) -> None:
    given = Input(data=Data(text=Text(raw="a dark lamp")))
    output = Data(concepts=[Concept(id="dark", value=0.75)])
    payload = Payload(input=given.SerializeToString(), output=output.SerializeToString())
    async with opened(Settings(data=data, _env_file=None)) as app:
        queue = app.services.queue
        owners = ("1", "1", "2")  # the collectors' numbers
        made = [
            Capture(id, owner, NOON, payload.SerializeToString())
            for id, owner in zip(IDS, owners, strict=True)
        ]
        await queue.put_many(made, {})
        held = await queue.lease(9, now=NOON + 9, ttl=60, worker="w")
        await queue.retry(held, not_before=NOON, error=Failure("judge", "connection reset", NOON))
        held = await queue.lease(9, now=NOON + 9, ttl=60, worker="w")
        await queue.bury(held, error=Failure("post", "no such format", NOON + 7))


def ids_of(answer: Invoke, *words: str) -> Sequence[str]:
    return sorted(row["id"] for row in answer("dead-letters", "list", "-a", "zoo", *words))


def test_they_are_listed_with_their_last_error(letters: None, answer: Invoke, ok: Invoke) -> None:
    assert ids_of(answer) == IDS
    assert ids_of(answer, "--collector", "hard") == IDS[:2]
    [row] = answer("dead-letters", "list", "-a", "zoo", "-c", "easy")
    assert row == {
        "id": IDS[2],
        "collector": "easy",
        "taken": "2023-11-14 22:13:20",
        "died": "2023-11-14 22:13:27",
        "attempts": 2,
        "stage": "post",
        "error": "no such format",
    }
    assert "2023-11-14" in ok("dead-letters", "list", "-a", "zoo")


def test_one_is_shown_with_what_it_holds_and_every_error(letters: None, answer: Invoke, ok: Invoke) -> None:
    shown = ok("dead-letters", "show", IDS[2], "-a", "zoo")
    for part in (
        "easy",
        "a dark lamp",
        "dark=0.75",
        "connection reset",
        "2023-11-14 22:13:27 +post +no such",
    ):
        assert re.search(part, shown), shown
    letter = answer("dead-letters", "show", IDS[0], "-a", "zoo")
    assert letter["collector"] == "hard"
    assert [error["stage"] for error in letter["errors"]] == ["judge", "post"]


def test_what_is_none_is_named(letters: None, invoke: Invoke, answer: Invoke) -> None:
    gone = invoke("dead-letters", "show", "f" * 32, "-a", "zoo")
    assert (gone.exit_code, "f" * 32 in gone.output) == (2, True)
    result = invoke("dead-letters", "redrive", IDS[0], "f" * 32, "-a", "zoo", "--yes")
    assert result.exit_code == 2
    assert "1 of 2" in result.output, result.output
    assert ids_of(answer) == IDS[1:]
    for words in ((), (IDS[1], "--all")):
        assert invoke("dead-letters", "purge", *words, "-a", "zoo", "--yes").exit_code == 2
    assert ids_of(answer) == IDS[1:]


def test_all_are_deleted_only_after_their_number_was_typed(
    letters: None, invoke: Invoke, typing: Invoke, answer: Invoke
) -> None:
    assert typing("2\n", "dead-letters", "purge", "--all", "-a", "zoo").exit_code == 2
    assert ids_of(answer) == IDS
    assert typing("3\n", "dead-letters", "purge", "--all", "-a", "zoo").exit_code == 0
    assert ids_of(answer) == []
    assert "No dead letters" in invoke("dead-letters", "list", "-a", "zoo").output


def test_those_of_a_collector_wait_again_under_their_ids(letters: None, ok: Invoke, answer: Invoke) -> None:
    said = ok("dead-letters", "redrive", "--all", "-a", "zoo", "-c", "hard", "--yes")
    assert said.startswith("2 wait")
    assert ids_of(answer) == IDS[2:]
    assert answer("collectors", "stats", "hard", "-a", "zoo")["waiting"] == 2
