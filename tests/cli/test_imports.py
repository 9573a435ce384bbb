"""`bowerbird import`, as people type it."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bowerbird.cli import prediction_tables
from bowerbird.cli.prediction_tables import Columns, read_table
from bowerbird.errors import Invalid

Invoke = Callable[..., Any]
MODEL = ("--model", "ann/zoo/far")
KEEP = "prediction-score-filter score=max_prob hi=0.8"


@pytest.fixture
def far(ok: Invoke, home: None, tmp_path: Path) -> None:
    """A model served elsewhere, and a collector of its unsure predictions."""
    (tmp_path / "labels").write_text("cat\ndog\n")
    ok(
        *("models", "add", "far", "--app", "zoo", "--external", "--input", "json"),
        *("--labels", tmp_path / "labels"),
    )
    ok("workflows", "create", "unsure", "--app", "zoo", "--keep", KEEP)
    ok("collectors", "create", "hard", "--app", "zoo", "--source", "ann/zoo/far", "--pre-queue", "unsure")


@pytest.fixture
def figures(answer: Invoke) -> Callable[[], tuple[int, int]]:
    """What the collector was offered and took."""

    def look() -> tuple[int, int]:
        stats = answer("collectors", "stats", "hard", "--app", "zoo")
        return stats["offered"], stats["taken"]

    return look


def lines(*values: float) -> str:
    made = [
        {"request_id": f"r{n}", "input": f"text {n}", "output": {"concepts": {"cat": value}}}
        for n, value in enumerate(values)
    ]
    return "\n".join(map(json.dumps, made))


def test_lines_of_json_are_imported_and_the_second_time_nothing_is_taken(
    ok: Invoke, answer: Invoke, far: None, figures: Any, tmp_path: Path
) -> None:
    file = tmp_path / "p.jsonl"
    file.write_text(lines(0.5, 0.9, 0.7))
    assert "3 predictions read: 3 would be sent." in ok("import", "predictions", file, *MODEL, "--dry-run")
    assert figures() == (0, 0)
    assert "3 predictions read: 3 sent." in ok("import", "predictions", file, *MODEL)
    assert figures() == (3, 2)
    assert answer("import", "predictions", file, *MODEL)["sent"] == 3
    assert figures()[1] == 2


def test_bad_lines_are_named_and_the_others_are_sent(
    invoke: Invoke, far: None, figures: Any, tmp_path: Path
) -> None:
    file = tmp_path / "p.jsonl"
    file.write_text(f'{lines(0.5)}\n{{"input": 5}}\nnonsense\n{lines(0.5, 0.5)}')
    result = invoke("import", "predictions", file, *MODEL)
    assert result.exit_code == 1
    assert "line 2: input: expected" in result.output
    assert "line 3: body: expected JSON" in result.output
    assert "5 predictions read: 3 sent, 2 wrong." in result.output
    assert figures()[1] == 2
    strict = invoke("import", "predictions", file, *MODEL, "--strict")
    assert strict.exit_code == 2
    assert "line 2" in strict.output
    assert "line 3" not in strict.output


def test_what_the_server_refuses_is_named_by_its_line(invoke: Invoke, far: None, tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    file.write_text('{"input": {"metadata": {}}, "output": {"concepts": {"cat": 1}}}')
    result = invoke("import", "predictions", file, *MODEL)
    assert result.exit_code == 2
    assert "line 1: input.data: expected an image" in result.output


def test_a_command_that_cannot_work_says_why(invoke: Invoke, home: None, tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text("text,label\nx,y\n")
    of_text = ("--input", "text", "--label", "label")
    for words, said in (
        (("--model", "far", *of_text), "expected USER/APP/MODEL"),
        ((*MODEL, *of_text), "model 'far'"),
        (MODEL, "Say --input"),
        ((*MODEL, "--input", "text"), "--label"),
        ((*MODEL, *of_text, "--kind", "x"), "--kind x"),
    ):
        result = invoke("import", "predictions", file, *words)
        assert (result.exit_code, said in result.output) == (2, True), result.output


def test_a_table_is_imported_by_its_columns(ok: Invoke, far: None, figures: Any, tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text(
        "\ufeffid,when,text,p_cat,p_dog\n"
        'a,2026-05-01 12:00:00,"one, in\ntwo lines",0.5,0.5\n'
        "b,2026-05-01T12:00:00Z,sure,0.99,0.01\n"
    )
    options = ("--input", "text", "--prob-prefix", "p_", "--id", "id", "--time", "when")
    assert "2 predictions read: 2 sent." in ok("import", "predictions", file, *MODEL, *options)
    assert figures() == (2, 1)


def columns(**given: Any) -> Columns:
    usual = dict.fromkeys(("label", "score", "prefix", "request_id", "at", "caller"), "")
    return Columns(**({"input": "x", "kind": "text", "metadata": ()} | usual | given))


def test_the_rows_of_a_table_keep_their_line_numbers_and_say_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_tables, "MOST_LINES_OF_A_ROW", 3)
    file = tmp_path / "p.csv"
    rows = [
        "x,l,s,m",
        '"a\nb",cat,0.5,north',
        "c,cat",
        "d,cat,2,",
        "e,,0.5,",
        ",cat,1,",
        '"f,cat,1,',
        "\n\n\n\n",
    ]
    file.write_text("\n".join(rows) + "\n\n\n\n")
    with pytest.raises(Invalid, match="no column 'z'; there are x, l, s, m"):
        list(read_table(file, columns(label="z")))
    (tmp_path / "pic.png").write_bytes(b"png")
    read = list(read_table(file, columns(label="l", score="s", metadata=("m",))))
    assert read[0].outcome.input.data.text.raw == "a\nb"
    assert read[0].outcome.input.data.metadata["m"] == "north"
    assert [(line.number, str(line.outcome)) for line in read[1:]] == [
        (4, "2 cells; the heading has 4"),
        (5, "s: 2; expected 0 to 1"),
        (6, "l: there is no concept"),
        (7, "x: it is empty"),
        (8, "a quote is not closed"),
    ]
    (tmp_path / "i.csv").write_text("x,l\npic.png,cat\nnone.png,cat\n")
    pictures = list(read_table(tmp_path / "i.csv", columns(label="l", kind="image")))
    assert pictures[0].outcome.input.data.image.base64 == b"png"
    assert "none.png" in str(pictures[1].outcome)


def capture(
    id: str, asked: object, answered: object, encoding: str = "JSON", kind: str = "application/json"
) -> str:
    def part(mode: str, data: object) -> dict[str, object]:
        text = data if isinstance(data, str) else json.dumps(data)
        return {"observedContentType": kind, "mode": mode, "data": text, "encoding": encoding}

    about = {"eventId": id, "inferenceTime": "2026-05-01T12:00:00Z"}
    sides = {"endpointInput": part("INPUT", asked), "endpointOutput": part("OUTPUT", answered)}
    return json.dumps({"captureData": sides, "eventMetadata": about, "eventVersion": "0"})


def test_what_sagemaker_captured_is_imported(invoke: Invoke, far: None, figures: Any, tmp_path: Path) -> None:
    hour = tmp_path / "captured" / "2026" / "05" / "01" / "12"
    hour.mkdir(parents=True)
    packed = base64.b64encode(b'{"instances": [[7]]}').decode()
    answered = base64.b64encode(b'{"predictions": [[0.5, 0.5]]}').decode()
    records = [
        capture("a", {"instances": [[1, 2], [3, 4]]}, {"predictions": [[0.5, 0.5], [0.9, 0.1]]}),
        capture("b", "5,6\n7,8", "0.6,0.4\n0.7,0.3", "CSV", "text/csv"),
        capture("c", packed, answered, "BASE64"),
        capture("d", [[1]], [[1, 0], [0, 1]]),
        capture("e", "x", "y", "EBCDIC"),
        '{"captureData": {}}',
        capture("f", {"features": 1}, {"predictions": "no"}),
    ]
    (hour / "x.jsonl").write_text("\n".join(records))
    result = invoke("import", "sagemaker", tmp_path / "captured", *MODEL)
    assert result.exit_code == 1
    assert "9 predictions read: 5 sent, 4 wrong." in result.output
    for said in (
        "line 4: endpointInput has 1 instances, endpointOutput 2",
        "line 5: endpointInput.encoding: expected CSV, JSON or BASE64",
        "line 6: endpointInput: expected an object",
        "line 7: endpointOutput.data: expected predictions",
    ):
        assert said in result.output
    assert figures() == (5, 4)
    assert invoke("import", "sagemaker", tmp_path / "captured", *MODEL).exit_code == 1
    assert figures()[1] == 4


def test_a_large_file_is_read_in_little_memory(tmp_path: Path) -> None:
    import tracemalloc

    from bowerbird.cli.prediction_lines import read_predictions

    file = tmp_path / "p.jsonl"
    with file.open("w") as out:
        for n in range(300):
            out.write(json.dumps({"input": "x" * 50_000, "output": {"concepts": {"a": n / 300}}}) + "\n")
    tracemalloc.start()
    assert sum(1 for _ in read_predictions(file)) == 300
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000 < file.stat().st_size
