"""Models that were exported to ONNX from Hugging Face: read, run, and compared with what they should say."""

from pathlib import Path

import numpy as np
import pytest
import typer
from clarifai_grpc.grpc.api.resources_pb2 import Data
from exports import MEAN, STD, WORDS, image_classifier, text_classifier, text_embedder, vectors
from model_zoo import encoded, environment, image_data, spec, text_data, values_by_id
from PIL import Image

from bowerbird.cli import huggingface
from bowerbird.runtimes import registry
from bowerbird.runtimes.artifact import build_artifact
from bowerbird.runtimes.spec import Runtime


def loaded(folder: Path) -> Runtime:
    export = huggingface.read(str(folder))
    return registry.load(spec(), environment(build_artifact(export.model, export.manifest, export.files)))


def vectors_of(runtime: Runtime, *texts: str) -> np.ndarray:
    results = runtime.predict([text_data(text) for text in texts])
    assert all(isinstance(result, Data) for result in results), results
    return np.array([result.embeddings[0].vector for result in results])


def test_a_text_classifier_answers_its_labels_with_softmax(tmp_path: Path) -> None:
    model = loaded(text_classifier(tmp_path))
    happy, sad = (values_by_id(r) for r in model.predict([text_data("Good cat"), text_data("bad awful dog")]))
    assert happy["happy"] == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-5)
    assert sad["sad"] == pytest.approx(1 / (1 + np.exp(-6)), abs=1e-5)


def test_a_classifier_of_several_labels_answers_with_sigmoid(tmp_path: Path) -> None:
    model = loaded(text_classifier(tmp_path, problem_type="multi_label_classification"))
    [both] = model.predict([text_data("good bad")])
    assert values_by_id(both) == pytest.approx({"happy": 0.952574, "sad": 0.952574}, abs=1e-5)


def test_a_longer_text_in_the_batch_changes_no_answer(tmp_path: Path) -> None:
    model = loaded(text_classifier(tmp_path))
    [alone] = model.predict([text_data("good")])
    [beside, _] = model.predict([text_data("good"), text_data("bad " * 30)])
    assert beside == alone


def test_a_text_is_cut_where_the_model_ends(tmp_path: Path) -> None:
    model = loaded(text_classifier(tmp_path, max_position_embeddings=4))
    [result] = model.predict([text_data("cat cat bad bad bad")])
    assert values_by_id(result) == pytest.approx({"happy": 0.5, "sad": 0.5})


def test_a_sentence_transformer_takes_the_mean_of_its_tokens_at_length_1(tmp_path: Path) -> None:
    model = loaded(text_embedder(tmp_path, {"pooling_mode_mean_tokens": True}, "Pooling", "Normalize"))
    [one, _] = vectors_of(model, "good cat", "dog " * 20)
    mean = vectors()[[WORDS.index(word) for word in ("[CLS]", "good", "cat", "[SEP]")]].mean(axis=0)
    assert one == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_an_embedder_may_take_its_first_token_as_it_is(tmp_path: Path) -> None:
    model = loaded(text_embedder(tmp_path, {"pooling_mode_cls_token": True}, "Transformer", "Pooling"))
    assert vectors_of(model, "cat")[0] == pytest.approx(vectors()[WORDS.index("[CLS]")], abs=1e-6)


def test_an_image_is_scaled_as_its_preprocessor_says(tmp_path: Path) -> None:
    model = loaded(image_classifier(tmp_path, size={"height": 4, "width": 4}, image_mean=MEAN, image_std=STD))
    [result] = model.predict([image_data(encoded(Image.new("RGB", (9, 5), (255, 102, 0))))])
    scores = (np.array([1, 0.4, 0]) - MEAN) / STD
    powers = np.exp(scores - scores.max())
    assert list(values_by_id(result)) == ["red", "green", "blue"]
    assert [*values_by_id(result).values()] == pytest.approx([*(powers / powers.sum())], abs=1e-5)


def test_an_image_is_cut_to_its_middle_after_the_shortest_side_was_sized(tmp_path: Path) -> None:
    folder = image_classifier(tmp_path, size={"shortest_edge": 8}, crop_size=4, do_center_crop=True)
    image = Image.new("RGB", (160, 80), "red")
    image.paste((0, 0, 255), (60, 20, 100, 60))  # the middle half of the shorter side
    [result] = loaded(folder).predict([image_data(encoded(image))])
    assert next(iter(values_by_id(result))) == "blue"
    assert huggingface.read(str(folder)).manifest["input"]["crop_share"] == 0.5


def test_what_is_missing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = text_classifier(tmp_path)
    for name in ("tokenizer.json", "config.json", "model.onnx"):
        (folder / name).unlink()
        with pytest.raises(typer.Exit):
            huggingface.read(str(folder))
        assert name in capsys.readouterr().err


def test_weights_in_a_file_of_their_own_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (text_classifier(tmp_path) / "model.onnx_data").touch()
    with pytest.raises(typer.Exit):
        huggingface.read(str(tmp_path))
    assert "into one file" in " ".join(capsys.readouterr().err.split())


def test_what_is_neither_a_folder_nor_in_the_hub_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(typer.Exit):
        huggingface.read("nobody/nothing-of-that-name")
    assert "could not be fetched" in " ".join(capsys.readouterr().err.split())
