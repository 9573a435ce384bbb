"""Workflows as YAML files, as people import and export them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

BRIGHTNESS = Path(__file__).parents[2] / "examples" / "brightness.zip"
Invoke = Callable[..., Any]

FILE = """
workflow:
  id: surely-bright
  nodes:
    - id: look
      model:
        model_id: lights
    - id: sure
      model:
        model_id: sure
        model_type_id: prediction-score-filter
        output_info:
          params:
            score: max_prob
            lo: 0.8
      node_inputs:
        - node_id: look
"""


@pytest.fixture
def lights(ok: Invoke, home: None) -> None:
    ok("models", "add", "lights", "--app", "zoo", "--onnx", BRIGHTNESS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "workflow.yml"


def take(ok_or_answer: Invoke, file: Path, text: str) -> Any:
    file.write_text(text)
    return ok_or_answer("workflows", "import", file, "--app", "zoo")


def test_a_workflow_is_imported_with_the_models_that_it_describes(
    answer: Invoke, ok: Invoke, file: Path, lights: None
) -> None:
    made = take(answer, file, FILE)
    assert (made["outcome"], made["models"]) == ("made", ["sure"])
    assert answer("workflows", "list", "--app", "zoo") == [
        {"id": "surely-bright", "nodes": "look, sure < look"}
    ]
    assert "as it was" in take(ok, file, FILE)


def test_a_round_trip_changes_nothing(answer: Invoke, ok: Invoke, file: Path, lights: None) -> None:
    first = take(answer, file, FILE)
    ok("workflows", "export", "surely-bright", "--app", "zoo", "--out", file)
    assert yaml.safe_load(file.read_text()) == yaml.safe_load(FILE)
    again = take(answer, file, file.read_text())
    assert (again["outcome"], again["version"], again["models"]) == ("as it was", first["version"], [])


def test_what_the_form_of_the_sdk_has_no_room_for_comes_through_too(
    answer: Invoke, ok: Invoke, file: Path, lights: None
) -> None:
    text = FILE.replace(
        "  id: surely-bright\n", "  id: w\n  description: night shots\n  metadata: {by: ann, n: 2}\n"
    )
    text += """
      suppress_output: true
      output_info_override: {params: {score: max_prob, lo: 0.9}}
    - id: dark
      model:
        model_id: dark
        model_type_id: concept-thresholder
        output_info: {data: {concepts: [{id: dark, value: 0.3}]}}
      node_inputs: [{node_id: look}, {node_id: sure}]
"""
    take(ok, file, text)
    exported = ok("workflows", "export", "w", "--app", "zoo")
    assert yaml.safe_load(exported) == yaml.safe_load(text)
    assert "as it was" in take(ok, file, exported)


def test_changed_parameters_make_a_version_of_the_model(
    answer: Invoke, ok: Invoke, file: Path, lights: None
) -> None:
    first = take(answer, file, FILE)
    changed = FILE.replace("lo: 0.8", "lo: 0.9")
    again = take(answer, file, changed)
    assert (again["outcome"], again["version"]) == ("as it was", first["version"])
    assert "lo: 0.9" in ok("workflows", "export", "surely-bright", "--app", "zoo")


def test_changed_nodes_make_a_version_of_the_workflow(answer: Invoke, file: Path, lights: None) -> None:
    first = take(answer, file, FILE)
    again = take(answer, file, FILE.replace("id: sure\n      model:", "id: certain\n      model:"))
    assert again["outcome"] == "changed"
    assert again["version"] != first["version"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("workflow: {id: w, nodes: [", ["line 1", "no YAML"]),
        ("", ["empty"]),
        ("flow: 1", ["line 1", "flow", "no such field"]),
        ("workflow:\n  id: w\n", ["line 2", "workflow", "nodes is missing"]),
        (
            FILE.replace("model_id: lights", "model: lights"),
            ["line 7", "nodes[0].model.model", "model_id"],
        ),
        (
            FILE.replace("model_id: lights", "model_id: ghost"),
            ["line 7", "nodes[0].model", "no model 'ghost'"],
        ),
        (FILE.replace("lo: 0.8", "lo: 7"), ["line 10", "nodes[1].model", "lo"]),
        (FILE.replace("        - node_id: look", "        - look"), ["line 17", "node_inputs[0]", "node_id"]),
        (FILE.replace("        - node_id: look", "        - node_id: ghost"), ["'ghost'"]),
        (FILE.replace("max_prob", "&a max_prob").replace("0.8", "*a"), ["line 15", "aliases"]),
        (FILE.replace("0.8", "!!python/object:os.system x"), ["line 15", "constructor"]),
        (FILE.replace("0.8", "[" * 50 + "]" * 50), ["line 15", "nested deeper"]),
        (FILE + "#" * 300_000, ["at most 262144"]),
        (FILE + "      suppress_output: perhaps\n", ["line 18", "suppress_output", "true or false"]),
        (FILE + "      node_inputs: []\n", ["line 18", "node_inputs", "twice"]),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_nothing_is_made(
    invoke: Invoke, answer: Invoke, file: Path, lights: None, given: str, told: list[str]
) -> None:
    file.write_text(given)
    result = invoke("workflows", "import", file, "--app", "zoo")
    assert result.exit_code == 2
    said = " ".join(result.output.split())
    assert all(one in said for one in told), said
    assert answer("workflows", "list", "--app", "zoo") == []
    assert [model["id"] for model in answer("models", "list", "--app", "zoo")] == ["lights"]


def test_a_file_that_is_not_there_is_told(invoke: Invoke, file: Path, home: None) -> None:
    result = invoke("workflows", "import", file, "--app", "zoo")
    assert result.exit_code == 2
    assert "No such file" in result.output
