"""`bowerbird zoo`, and models that come from Hugging Face, as people type them."""

import asyncio
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import exports
import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data, Image, Input, UserAppIDSet
from clarifai_grpc.grpc.api.service_pb2 import PostWorkflowResultsRequest
from clarifai_grpc.grpc.api.status.status_code_pb2 import SUCCESS
from onnx import helper
from PIL import Image as Picture

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.app import opened
from bowerbird.auth.actors import EVERYTHING, PAT, PUBLIC_APP, PUBLIC_USER, Actor
from bowerbird.settings import Settings

Invoke = Callable[..., Any]
TAGGER = "general-image-recognition"


@pytest.fixture
def tagger(tmp_path: Path) -> tuple[Path, Path]:
    """A classifier of images, and its labels: how red, green and blue a picture is."""
    nodes = [helper.make_node("ReduceMean", ["pixels"], ["scores"], axes=[2, 3], keepdims=0)]
    inputs, outputs = [exports.value("pixels", ["N", 3, 4, 4])], [exports.value("scores", ["N", 3])]
    model, labels = tmp_path / "tagger.onnx", tmp_path / "labels.txt"
    model.write_bytes(exports.graph(nodes, inputs, outputs, {}))
    labels.write_text("red\ngreen\nblue\n")
    return model, labels


def states(answer: Invoke) -> dict[str, str]:
    return {row["id"]: row["state"] for row in answer("zoo", "list")}


def test_after_init_the_models_are_there_and_the_slots_are_empty(ok: Invoke, answer: Invoke) -> None:
    ok("init")
    found = states(answer)
    assert found["general-image-embedding"] == found["face-detection"] == "ready"
    assert found[TAGGER] == found["food-item-recognition"] == "empty"
    assert "aaa03c23b3724a16a56b629203edc62c" in ok("zoo", "list")


def test_a_model_whose_package_is_missing_says_what_to_install(
    answer: Invoke, monkeypatch: pytest.MonkeyPatch, installation: None
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    found = states(answer)
    assert found["face-detection"] == "needs: pip install 'bowerbird[vision]'"
    assert found["color-recognition"] == "ready"


def test_installing_again_changes_nothing(ok: Invoke, answer: Invoke, installation: None) -> None:
    before = states(answer)
    assert "workflows are in clarifai/main" in ok("zoo", "install")
    assert states(answer) == before


def test_a_slot_is_filled_and_emptied(
    ok: Invoke, answer: Invoke, tagger: tuple[Path, Path], installation: None
) -> None:
    model, labels = tagger
    old_id = "aaa03c23b3724a16a56b629203edc62c"
    version = answer("zoo", "fill", old_id, "--onnx", model, "--labels", labels)["version"]
    assert states(answer)[TAGGER] == f"filled: {version}"
    ok("zoo", "empty", TAGGER)
    assert states(answer)[TAGGER] == "empty"


def test_general_has_a_tagger_while_the_slot_is_filled(
    ok: Invoke, tagger: tuple[Path, Path], data: Path, installation: None
) -> None:
    model, labels = tagger
    assert general(data) == {"general-image-embedding": ""}
    ok("zoo", "fill", TAGGER, "--onnx", model, "--labels", labels)
    assert general(data) == {"general-image-embedding": "", TAGGER: "green"}
    ok("zoo", "fill", TAGGER, "--onnx", model, "--labels", labels)
    ok("zoo", "empty", TAGGER)
    assert general(data) == {"general-image-embedding": ""}


def general(data: Path) -> dict[str, str]:
    """What the workflow General says of a green picture: the first concept of each of its models."""

    async def run() -> Any:  # the answer of PostWorkflowResults
        settings = Settings(data=data, models_in_process=True, _env_file=None)
        async with opened(settings) as app:
            actor = Actor(PUBLIC_USER, PAT, EVERYTHING)
            return await app.dispatcher.call(
                METHODS["PostWorkflowResults"], request, Credentials(actor=actor)
            )

    green = io.BytesIO()
    Picture.new("RGB", (9, 9), (0, 200, 0)).save(green, "PNG")
    request = PostWorkflowResultsRequest(
        user_app_id=UserAppIDSet(user_id=PUBLIC_USER, app_id=PUBLIC_APP),
        workflow_id="General",
        inputs=[Input(data=Data(image=Image(base64=green.getvalue())))],
    )
    answer = asyncio.run(run())
    assert answer.status.code == SUCCESS, answer
    return {o.model.id: next((c.id for c in o.data.concepts), "") for o in answer.results[0].outputs}


def test_what_is_not_filled_cannot_be_emptied(invoke: Invoke, installation: None) -> None:
    result = invoke("zoo", "empty", "general-image-embedding")
    assert result.exit_code == 2
    assert "not filled" in result.output


def test_a_slot_that_does_not_exist_is_refused_with_those_that_do(invoke: Invoke, installation: None) -> None:
    result = invoke("zoo", "fill", "celebrity", "--onnx", "x.onnx")
    assert result.exit_code == 2
    result = invoke("zoo", "empty", "celebrity")
    assert result.exit_code == 2
    assert TAGGER in result.output


def test_a_model_that_does_not_fit_the_slot_is_refused(
    invoke: Invoke, tmp_path: Path, installation: None
) -> None:
    folder = exports.text_classifier(tmp_path / "feelings")
    result = invoke("zoo", "fill", TAGGER, "--huggingface", folder)
    assert result.exit_code == 2
    assert "takes text" in " ".join(result.output.split())


def test_an_embedder_of_texts_is_filled_with_a_sentence_transformer(
    ok: Invoke, answer: Invoke, tmp_path: Path, installation: None
) -> None:
    folder = exports.text_embedder(tmp_path / "mini", {"pooling_mode_mean_tokens": True}, "Normalize")
    filled = answer("zoo", "fill", "text-embedding", "--huggingface", folder)
    assert filled["understood"]["output"]["pooling"] == "mean"
    assert states(answer)["text-embedding"] == f"filled: {filled['version']}"
    ok("zoo", "empty", "text-embedding")
    assert states(answer)["text-embedding"] == "ready"


def test_an_export_is_added_by_one_command(answer: Invoke, home: None, tmp_path: Path) -> None:
    folder = exports.text_classifier(tmp_path / "feelings")
    added = answer("models", "add", "feelings", "--app", "zoo", "--huggingface", folder)
    assert added["understood"]["input"]["max_tokens"] == 64
    [listed] = answer("models", "list", "--app", "zoo")
    assert listed["type"] == "text-classifier"


def test_the_public_models_and_workflows_are_not_listed_as_the_apps(answer: Invoke, home: None) -> None:
    assert answer("models", "list", "--app", "zoo") == []
    assert answer("workflows", "list", "--app", "zoo") == []
