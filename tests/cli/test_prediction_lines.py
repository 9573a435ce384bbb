"""The format of files of predictions."""

import base64
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.cli import prediction_lines
from bowerbird.cli.prediction_lines import parse_prediction, read_predictions
from bowerbird.errors import Invalid
from bowerbird.proto.bowerbird_v1_pb2 import Prediction

HERE = Path()
CAT = {"concepts": {"cat": 0.5}}


def parsed(**fields: Any) -> Prediction:
    return parse_prediction(json.dumps(fields).encode(), 1, HERE)


def test_short_names_and_v2_data_say_the_same() -> None:
    short = parsed(request_id="r", input="a text", output=CAT, metadata={"camera": "n"})
    data = {"text": {"raw": "a text"}, "metadata": {"camera": "n"}}
    concepts = {"concepts": [{"id": "cat", "value": 0.5}]}
    assert short == parsed(request_id="r", input={"data": data}, output=concepts)
    assert short == parsed(request_id="r", input={"text": "a text"}, output=CAT, metadata={"camera": "n"})
    assert short == parsed(request_id="r", input=data, output=concepts)


def test_who_when_and_which_version_are_kept() -> None:
    line = parsed(
        request_id="r",
        input="x",
        output=CAT,
        at="2026-05-01T12:00:00Z",
        caller_user_id="bob",
        model_version_id="v",
    )
    told = MessageToDict(line, preserving_proto_field_name=True)
    assert (told["at"], told["caller_user_id"], told["model_version_id"]) == (
        "2026-05-01T12:00:00Z",
        "bob",
        "v",
    )


def test_files_beside_the_list_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff")
    text = json.dumps({"input": {"image_file": "a.jpg"}, "output": CAT}).encode()
    assert parse_prediction(text, 1, tmp_path).input.data.image.base64 == b"\xff\xd8\xff"
    given = json.dumps({"input": {"image": base64.b64encode(b"abc").decode()}, "output": CAT}).encode()
    assert parse_prediction(given, 1, tmp_path).input.data.image.base64 == b"abc"


def test_a_line_without_an_id_gets_the_same_one_each_time_and_no_other_line_has_it() -> None:
    text = json.dumps({"input": "x", "output": CAT}).encode()
    ids = {parse_prediction(text, number, HERE).request_id for number in (1, 2, 2)}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "expected JSON"),
        (b"[1]", "expected a JSON object"),
        (b'{"input": "x"}', "output: expected an object"),
        (b'{"output": {"concepts": {"a": 1}}}', "input: expected a text"),
        (b'{"input": "x", "output": {"concepts": {"a": "b"}}}', "output.concepts"),
        (b'{"input": "x", "output": {"concepts": {}}, "label": 1}', "'label' is no field"),
        (b'{"input": "x", "output": {"concepts": {}}, "request_id": "a b"}', "request_id"),
        (b'{"input": "x", "output": {"concepts": {}}, "at": "noon"}', "at: expected"),
        (b'{"input": {"image_file": "none.jpg"}, "output": {"concepts": {}}}', "none.jpg"),
    ],
)
def test_what_is_wrong_is_named(line: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        parse_prediction(line, 1, HERE)


def test_a_file_is_read_line_by_line_and_a_line_that_is_too_long_is_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_lines, "LONGEST_LINE", 100)
    good = json.dumps({"request_id": "r", "input": "x", "output": CAT})
    file = tmp_path / "p.jsonl"
    file.write_text(f"{good}\n\n{'x' * 5000}\n{good}")
    lines = list(read_predictions(file))
    assert [(line.number, isinstance(line.outcome, Prediction)) for line in lines] == [
        (1, True),
        (3, False),
        (4, True),
    ]
    assert lines[-1].end == file.stat().st_size


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: json.dumps({"input": text}).encode()))
def test_whatever_a_line_holds_it_is_a_prediction_or_wrong(line: bytes) -> None:
    with contextlib.suppress(Invalid):
        parse_prediction(line, 1, HERE)
