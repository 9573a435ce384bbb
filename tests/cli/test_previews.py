"""Previews and reasons as people ask for them."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data, Input, Text, UserAppIDSet

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.app import collecting, opened
from bowerbird.auth.actors import EVERYTHING, PAT, Actor
from bowerbird.proto.bowerbird_v1_pb2 import PostPredictionsRequest, Prediction
from bowerbird.settings import Settings

BRIGHTNESS = Path(__file__).parents[2] / "examples" / "brightness.zip"
Invoke = Callable[..., Any]
KEEP = "prediction-score-filter score=max_prob hi=0.8"
IN = ("--app", "zoo")


@pytest.fixture
def pond(ok: Invoke, home: None, data: Path) -> None:
    """Ann's model "lights", her collector "hard", and twenty predictions, of which a quarter are unsure."""
    ok("models", "add", "lights", *IN, "--onnx", BRIGHTNESS)
    ok("workflows", "create", "unsure", *IN, "--keep", KEEP)
    ok("collectors", "create", "hard", *IN, "--source", "ann/zoo/lights", "--pre-queue", "unsure")
    asyncio.run(predict(data))


async def predict(data: Path) -> None:
    made = [
        Prediction(
            request_id=f"r{n}",
            input=Input(data=Data(text=Text(raw=f"text {n}"))),
            output=Data(concepts=[Concept(id="bright", value=0.5 if n % 4 == 0 else 0.9)]),
        )
        for n in range(20)
    ]
    place = UserAppIDSet(user_id="ann", app_id="zoo")
    request = PostPredictionsRequest(user_app_id=place, model_id="lights", predictions=made)
    actor = Actor(user_id="ann", kind=PAT, grant=EVERYTHING)
    async with opened(Settings(data=data, _env_file=None)) as app, collecting(app):
        await app.dispatcher.call(METHODS["PostPredictions"], request, Credentials(actor=actor))


def test_a_preview_shows_figures_examples_and_reservations(ok: Invoke, answer: Invoke, pond: None) -> None:
    draft = ("collectors", "preview", *IN, "--source", "ann/zoo/lights", "--pre-queue", "unsure")
    shown = ok(*draft)
    assert re.search(r"would be taken +5\b", shown)
    assert "25.00%" in shown
    assert "max_prob" in shown
    assert "Only 20 predictions were recorded" in " ".join(shown.split())
    found = answer(*draft, "--examples", 1)
    assert (found["recorded"], found["taken"], found["skipped"]) == ("20", "5", {"filtered": "15"})
    assert len(found["kept"]) == 1


def test_a_collector_that_there_is_can_be_tried_with_a_change(answer: Invoke, pond: None) -> None:
    same = answer("collectors", "preview", *IN, "--like", "hard")
    assert same["taken"] == "5"
    sampled = answer("collectors", "preview", *IN, "--like", "hard", "--sample", 0.000001)
    assert sampled["taken"] == "0"


def test_a_preview_of_nothing_says_what_is_missing(invoke: Invoke, home: None) -> None:
    result = invoke("collectors", "preview", *IN)
    assert result.exit_code == 2
    assert "--source" in result.output


def test_why_shows_each_step(ok: Invoke, answer: Invoke, pond: None) -> None:
    shown = ok("why", "r0", *IN)
    assert "hard took it (probability 1)" in shown
    assert "max_prob 0.5" in shown
    [reason] = answer("why", "r1", *IN)["collectors"]
    assert (reason["taken"], reason["reason"], reason["steps"][0]["verdict"]) == (
        False,
        "filtered",
        "dropped",
    )


def test_recording_is_turned_off_for_an_app(invoke: Invoke, answer: Invoke, ok: Invoke, pond: None) -> None:
    assert answer("apps", "record", "off", "zoo")["records_predictions"] is False
    assert invoke("why", "r0", *IN).exit_code == 2
    assert "A sample is recorded" in ok("apps", "record", "on", "zoo")
