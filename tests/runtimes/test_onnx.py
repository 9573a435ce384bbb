"""ONNX models answer what onnxruntime and scikit-learn answer, and bad ones are refused by name."""

import threading
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import onnxruntime
import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data
from model_zoo import (
    LABELS,
    SETTINGS,
    encoded,
    environment,
    graph,
    identity,
    image_data,
    image_manifest,
    linear,
    linear_zip,
    number_data,
    photo,
    spec,
    tensor_manifest,
    text_data,
    value,
    values_by_id,
)
from onnx import TensorProto, helper
from PIL import Image

from bowerbird.errors import InputInvalid, InputTooLarge, InputUnsupported, ModelInvalid, PredictionFailed
from bowerbird.runtimes import registry
from bowerbird.runtimes.artifact import build_artifact
from bowerbird.runtimes.onnx import validate_artifact
from bowerbird.runtimes.spec import Runtime


def load(artifact: bytes, **fields: Any) -> Runtime:
    return registry.load(spec(**fields), environment(artifact))


def refusal(model: bytes, manifest: dict[str, Any]) -> str:
    with pytest.raises(ModelInvalid) as caught:
        validate_artifact(build_artifact(model, manifest), SETTINGS)
    return caught.value.details


def softmax(scores: Any) -> Any:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def test_images_get_the_probabilities_that_onnxruntime_computes() -> None:
    model = linear([3, 4, 6])
    [answer] = load(linear_zip()).predict([image_data(encoded(photo()))])

    pixels = np.asarray(photo(), np.float32).transpose(2, 0, 1)[None] / 255
    [scores] = onnxruntime.InferenceSession(model).run(["y"], {"x": pixels})
    expected = dict(zip(LABELS, softmax(scores[0]), strict=True))
    assert values_by_id(answer) == pytest.approx(expected, abs=1e-6)


def test_concepts_come_with_the_most_probable_first() -> None:
    [answer] = load(linear_zip()).predict([image_data(encoded(photo()))])
    assert isinstance(answer, Data)
    values = [concept.value for concept in answer.concepts]
    assert values == sorted(values, reverse=True)


def test_the_concepts_of_the_version_take_the_place_of_the_labels() -> None:
    concepts = (("a", "Ant"), ("b", "Bee"), ("c", "Cat"))
    [answer] = load(linear_zip(), concepts=concepts).predict([image_data(encoded(photo()))])
    assert isinstance(answer, Data)
    assert {(concept.id, concept.name) for concept in answer.concepts} == set(concepts)


@pytest.fixture(scope="module")
def digits() -> tuple[bytes, Any, Any]:
    """A classifier of handwritten digits as ONNX, other digits, and what scikit-learn says of them."""
    from skl2onnx import to_onnx
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    images = load_digits()
    train, rest = images.data[:600].astype(np.float32), images.data[600:650].astype(np.float32)
    classifier = LogisticRegression(max_iter=1000).fit(train, images.target[:600])
    model = to_onnx(classifier, train[:1], options={"zipmap": False})
    return model.SerializeToString(), rest, classifier.predict_proba(rest)


def test_a_scikit_learn_classifier_of_digits_answers_as_in_scikit_learn(
    digits: tuple[bytes, Any, Any],
) -> None:
    model, rest, expected = digits
    manifest = {
        "input": {
            "name": "X",
            "kind": "image",
            "size": [8, 8],
            "channels": 1,
            "layout": "flat",
            "scale": 1 / 15,
        },
        "output": {"name": "probabilities"},
        "labels": [str(digit) for digit in range(10)],
    }
    pngs = [Image.fromarray((row.reshape(8, 8) * 15).astype(np.uint8)) for row in rest]
    runtime = load(build_artifact(model, manifest))
    answers = runtime.predict([image_data(encoded(png)) for png in pngs[:32]])
    for answer, row in zip(answers, expected, strict=False):
        assert values_by_id(answer) == pytest.approx({str(i): p for i, p in enumerate(row)}, abs=1e-4)


def test_numbers_may_come_as_an_array_or_as_an_embedding(digits: tuple[bytes, Any, Any]) -> None:
    model, rest, expected = digits
    manifest = tensor_manifest([64], labels=[str(digit) for digit in range(10)])
    manifest["input"]["name"], manifest["output"]["name"] = "X", "probabilities"
    embedding = Data()
    embedding.embeddings.add(vector=rest[0])
    array, embedded = load(build_artifact(model, manifest)).predict([number_data(rest[0]), embedding])
    assert values_by_id(array) == pytest.approx({str(i): p for i, p in enumerate(expected[0])}, abs=1e-4)
    assert array == embedded


def test_a_text_classifier_of_scikit_learn_takes_strings() -> None:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import StringTensorType
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts = ["good fine nice", "nice good", "bad awful poor", "poor bad sad"]
    pipeline = make_pipeline(
        CountVectorizer(token_pattern=r"[a-zA-Z]+", lowercase=False), LogisticRegression()
    )
    pipeline.fit(texts, ["praise", "praise", "blame", "blame"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = to_onnx(pipeline, initial_types=[("text", StringTensorType([None, 1]))])
    manifest = {
        "input": {"name": "text", "kind": "text"},
        "output": {"name": model.graph.output[1].name},
        "labels": ["blame", "praise"],
    }
    asked = ["a good day", "an awful mess"]
    answers = load(build_artifact(model.SerializeToString(), manifest)).predict(
        [text_data(text) for text in asked]
    )
    for answer, row in zip(answers, pipeline.predict_proba(asked), strict=True):
        assert values_by_id(answer) == pytest.approx({"blame": row[0], "praise": row[1]}, abs=1e-5)


def test_words_become_their_places_in_the_vocabulary() -> None:
    node = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)
    model = graph([node], [value("x", ["N", 5], TensorProto.INT64)], [value("y", ["N", 5])])
    manifest = {
        "input": {
            "name": "x",
            "kind": "text",
            "encoding": "tokens",
            "vocabulary": "words.txt",
            "max_tokens": 5,
        },
        "output": {"name": "y", "kind": "embedding"},
    }
    artifact = build_artifact(model, manifest, {"words.txt": b"[pad]\n[unknown]\nhello\nworld\n"})
    [answer] = load(artifact).predict([text_data("Hello, WORLD: hello you!")])
    assert isinstance(answer, Data)
    assert list(answer.embeddings[0].vector) == [2, 3, 2, 1, 0]


def test_mean_std_channel_order_and_layout_are_as_the_manifest_says() -> None:
    manifest = image_manifest(
        6, 4, layout="NHWC", order="BGR", scale=0.5, mean=[1, 2, 3], std=[4, 5, 6], dtype="float32"
    )
    manifest |= {"output": {"name": "y", "kind": "embedding"}, "labels": []}
    [answer] = load(build_artifact(identity(["N", 4, 6, 3]), manifest)).predict(
        [image_data(encoded(photo()))]
    )
    assert isinstance(answer, Data)
    pixels = np.asarray(photo(), np.float32)[..., ::-1]
    expected = (pixels * 0.5 - [1, 2, 3]) / [4, 5, 6]
    assert list(answer.embeddings[0].vector) == pytest.approx(expected.reshape(-1), rel=1e-5)


@pytest.mark.parametrize(
    ("mode", "pixels", "expected"),
    [
        ("stretch", [[1, 1, 2, 2]], [[1, 2], [1, 2]]),
        ("crop", [[9, 9, 1, 1, 2, 2, 9, 9]] * 4, [[1, 2], [1, 2]]),
        ("pad", [[1, 1, 2, 2]], [[0, 0], [1, 2]]),
    ],
)
def test_images_are_brought_to_size_as_the_manifest_says(
    mode: str, pixels: list[list[int]], expected: list[list[int]]
) -> None:
    manifest = image_manifest(
        2, 2, channels=1, layout="flat", dtype="uint8", resize=mode, interpolation="nearest"
    )
    manifest |= {"output": {"name": "y", "kind": "embedding"}, "labels": []}
    wide = Image.fromarray(np.array(pixels, np.uint8))
    runtime = load(build_artifact(identity(["N", 4], TensorProto.UINT8), manifest))
    [answer] = runtime.predict([image_data(encoded(wide))])
    assert isinstance(answer, Data)
    rows = np.array(answer.embeddings[0].vector).reshape(2, 2).tolist()
    assert sorted(rows) == sorted(expected)


def test_models_of_a_fixed_batch_size_are_filled_up() -> None:
    runtime = load(build_artifact(linear([3, 4, 6], batch=4), image_manifest(6, 4)))
    free = load(linear_zip())
    inputs = [image_data(encoded(photo(seed=seed))) for seed in range(3)]
    assert runtime.max_batch == 4
    for fixed, expected in zip(runtime.predict(inputs), free.predict(inputs), strict=True):
        assert values_by_id(fixed) == pytest.approx(values_by_id(expected), abs=1e-6)


def test_a_list_of_maps_is_understood() -> None:
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    x = np.array([[0.0], [1.0], [0.1], [0.9]], np.float32)
    classifier = LogisticRegression().fit(x, ["low", "high", "low", "high"])
    model = to_onnx(classifier, x[:1], options={"zipmap": True}).SerializeToString()
    manifest = tensor_manifest([1], labels=["high", "low"])
    manifest["input"]["name"], manifest["output"]["name"] = "X", "output_probability"
    answers = load(build_artifact(model, manifest)).predict([number_data(row) for row in x[:2]])
    for answer, row in zip(answers, classifier.predict_proba(x[:2]), strict=True):
        assert values_by_id(answer) == pytest.approx({"high": row[0], "low": row[1]}, abs=1e-5)


def test_one_unusable_input_does_not_spoil_the_others() -> None:
    good = image_data(encoded(photo()))
    truncated = image_data(encoded(photo(60, 60))[:-2000])
    results = load(linear_zip()).predict(
        [good, image_data(b"garbage"), Data(), truncated, text_data("x"), good]
    )
    kinds = [Data, InputUnsupported, InputInvalid, InputUnsupported, InputInvalid, Data]
    assert [type(result) for result in results] == kinds
    assert results[0] == results[5]


def test_an_image_of_too_many_pixels_is_refused_unread() -> None:
    settings = SETTINGS.model_copy(update={"max_image_pixels": 100})
    runtime = registry.load(spec(), replace(environment(linear_zip()), settings=settings))
    [result] = runtime.predict([image_data(encoded(photo(11, 10)))])
    assert isinstance(result, InputTooLarge)


def test_numbers_that_do_not_fit_are_errors_of_their_input() -> None:
    runtime = load(build_artifact(identity(["N", 2]), tensor_manifest([2])))
    lying = number_data(np.float32([1, 2]))
    lying.ndarray.shape[:] = [2**31, 2**31]
    odd = number_data(np.float32([1, 2]))
    odd.ndarray.dtype = "object"
    results = runtime.predict(
        [
            number_data(np.float32([1, 2])),
            number_data(np.float32([1, 2, 3])),
            number_data(np.float32([1, np.nan])),
            number_data(np.float64([1, 1e300])),
            lying,
            odd,
        ]
    )
    assert [type(result) for result in results] == [Data] + [InputInvalid] * 5


def test_an_output_that_is_not_finite_fails_only_its_input() -> None:
    node = helper.make_node("Log", ["x"], ["y"])
    model = graph([node], [value("x", ["N", 1])], [value("y", ["N", 1])])
    results = load(build_artifact(model, tensor_manifest([1]))).predict(
        [number_data(np.float32([1.0])), number_data(np.float32([-1.0]))]
    )
    assert [type(result) for result in results] == [Data, PredictionFailed]


def test_a_checked_artifact_tells_what_it_takes_and_answers() -> None:
    info = validate_artifact(linear_zip(), SETTINGS)
    assert (info.input_kind, info.output_kind, info.width) == ("image", "concepts", 3)
    assert info.labels == tuple((label, label) for label in LABELS)


def test_an_artifact_can_be_checked_in_a_thread() -> None:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(validate_artifact(linear_zip(), SETTINGS)))
    thread.start()
    thread.join()
    assert found[0].width == 3


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"input": {"name": "z", "kind": "image", "size": [6, 4]}}, "input.name"),
        ({"output": {"name": "z"}}, "output.name"),
        ({"output": {"name": "y", "kind": "text"}}, "output.kind"),
        ({"labels": ["ant", "bee"]}, "labels: 2 for the 3"),
        ({"labels": []}, "labels: 0 for the 3"),
        ({"labels": ["ant", "ant", "bee"]}, "labels"),
        ({"input": {"name": "x", "kind": "image", "size": [5, 4]}}, "input: "),
        ({"input": {"name": "x", "kind": "image", "size": [6, 4], "layout": "NHWC"}}, "input: "),
        ({"input": {"name": "x", "kind": "image", "size": [6, 4], "dtype": "float16"}}, "input.dtype"),
        ({"input": {"name": "x", "kind": "image", "size": [6, 4], "mean": [1, 2]}}, "input: "),
        ({"input": {"name": "x", "kind": "image", "size": [6, 4], "std": [0]}}, "input.std.0"),
        ({"input": {"name": "x", "kind": "image", "size": [0, 4]}}, "input.size.0"),
        ({"input": {"name": "x", "kind": "smell"}}, "input"),
        ({"input": {"name": "x", "kind": "text"}}, "input.dtype"),
        ({"flavour": "sweet"}, "flavour"),
        ({"max_batch": 0}, "max_batch"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused_by_field(change: dict[str, Any], complaint: str) -> None:
    assert refusal(linear([3, 4, 6]), image_manifest(6, 4) | change).startswith(complaint)


def test_what_is_no_model_is_refused() -> None:
    assert refusal(b"not a model", image_manifest(6, 4)).startswith("model.onnx")


def test_a_model_that_fails_on_zeros_is_refused() -> None:
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"])]
    model = graph(nodes, [value("x", ["N", 2])], [value("y", [None, 7])], {"shape": np.array([-1, 7])})
    assert "zero input" in refusal(model, tensor_manifest([2]))


def test_a_model_cannot_read_files_of_the_server(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_bytes(b"secret!!")
    monkeypatch.chdir(tmp_path)
    stolen = TensorProto(
        name="w", data_type=TensorProto.UINT8, dims=[1, 8], data_location=TensorProto.EXTERNAL
    )
    stolen.external_data.add(key="location", value="secret")
    nodes = [helper.make_node("Add", ["x", "w"], ["y"])]
    shape = ["N", 8]
    made = helper.make_graph(
        nodes, "g", [value("x", shape, TensorProto.UINT8)], [value("y", shape, TensorProto.UINT8)], [stolen]
    )
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    ).SerializeToString()
    assert refusal(model, tensor_manifest([8], dtype="uint8")).startswith("model.onnx")


def test_a_version_without_an_upload_is_refused() -> None:
    with pytest.raises(ModelInvalid):
        registry.load(spec(artifact=""), environment())


def test_an_unknown_runtime_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ModelInvalid) as caught:
        registry.load(spec(runtime="abacus"), environment())
    assert "onnx" in caught.value.details
    assert "open-inference" in caught.value.details
