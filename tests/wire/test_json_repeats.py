"""Concepts and models are written from memory: the text must be the one that writing them gives."""

import json
import math
from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data, Model
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from google.protobuf import json_format
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.wire import json_repeats
from bowerbird.wire.json import dumps

TEXTS = st.text(max_size=4)
FLOATS = st.floats(-(2.0**100), 2.0**100, width=32)  # the largest ones protobuf cannot read itself


def plainly(message: Message) -> Any:
    """What protobuf says, whose JSON has the same fields besides those that are shown when empty."""
    return json_format.MessageToDict(message, preserving_proto_field_name=True, use_integers_for_enums=True)


def shown(message: Message) -> Any:
    return json.loads(dumps(message))


@given(st.lists(st.builds(Concept, id=TEXTS, name=TEXTS, value=FLOATS, app_id=TEXTS), max_size=4))
def test_concepts_are_written_as_protobuf_writes_them(concepts: list[Concept]) -> None:
    for _ in range(2):
        for concept, text in zip(concepts, shown(Data(concepts=concepts)).get("concepts", []), strict=True):
            assert json_format.ParseDict(text, Concept()) == concept
            assert text.keys() == {"value", *plainly(concept)}


@pytest.mark.parametrize("value", [0.5, 0.0, -0.0, 1e-40, 3.4e38, 0.1, 16777216.0])
def test_a_concept_that_comes_again_has_its_new_value(value: float) -> None:
    shown(Concept(id="cat", name="Cat", value=0.25))
    again = shown(Concept(id="cat", name="Cat", value=value))
    assert json_format.ParseDict(again, Concept()) == Concept(id="cat", name="Cat", value=value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_json_cannot_say_stand_in_quotes(value: float) -> None:
    shown(Concept(id="cat", value=0.25))
    assert shown(Concept(id="cat", value=value)) == plainly(Concept(id="cat", value=value))


def test_one_value_that_json_cannot_say_leaves_the_others_of_its_list_alone() -> None:
    def named(*values: float) -> Data:
        return Data(concepts=[Concept(id=f"cat-{n}", value=value) for n, value in enumerate(values)])

    shown(named(0.25, 0.5, 0.75))
    again = shown(named(0.1, math.nan, 1.0))
    assert [concept["value"] for concept in again["concepts"]] == [0.1, "NaN", 1.0]


def test_a_status_is_written_with_its_own_request_id() -> None:
    shown(Status(code=10000, description="Ok"))
    assert [shown(Status(code=10000, description="Ok", req_id=id))["req_id"] for id in "ab"] == ["a", "b"]


def test_what_comes_after_the_value_is_not_forgotten() -> None:
    shown(Concept(id="cat", value=0.5))
    assert shown(Concept(id="cat", value=0.5, language="en"))["language"] == "en"


def test_a_model_that_changed_is_written_anew() -> None:
    assert shown(Model(id="cats", name="old"))["name"] == "old"
    assert shown(Model(id="cats", name="new"))["name"] == "new"
    assert shown(Model(id="cats", name="old"))["name"] == "old"


def test_only_so_much_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_repeats, "MOST", 3)
    written: list[bytes] = []

    def write(message: Message) -> str:
        written.append(message.SerializeToString())
        return "{}"

    recall = json_repeats.remembering(write)
    for n in range(4):
        recall(Model(id=str(n)))
    recall(Model(id="3"))
    assert len(written) == 4
    recall(Model(id="0"))
    assert len(written) == 5


def test_what_is_large_is_not_remembered() -> None:
    written: list[bytes] = []

    def write(message: Message) -> str:
        written.append(message.SerializeToString())
        return "{}"

    recall = json_repeats.remembering(write)
    for _ in range(2):
        recall(Model(id="x" * 2000))
    assert len(written) == 2
