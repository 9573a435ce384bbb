"""What is read off a model, and what has to be said."""

from typing import Any

import numpy as np
import pytest
import typer
from onnx import TensorProto, helper, numpy_helper

from bowerbird.cli.manifests import Said, Signature, Tensor, manifest, of_onnx, sums_to_one

SAID = Said("", "", "", "", None, {}, "")
SCORES = Tensor("y", "float32", (None, 3))


def read_off(*shape: int | None, dtype: str = "float32", said: Said = SAID) -> Any:
    return manifest(Signature([Tensor("x", dtype, (None, *shape))], [SCORES]), said)["input"]


def said(**fields: Any) -> Said:
    return Said(**{name: fields.get(name, getattr(SAID, name)) for name in Said.__slots__})


def test_channels_before_height_and_width_are_nchw() -> None:
    given = read_off(3, 200, 100)
    assert (given["kind"], given["layout"], given["size"]) == ("image", "NCHW", [100, 200])
    assert given["channels"] == 3


def test_channels_after_height_and_width_are_nhwc() -> None:
    given = read_off(200, 100, 1)
    assert (given["layout"], given["size"], given["channels"]) == ("NHWC", [100, 200], 1)


def test_a_row_of_numbers_is_a_tensor_unless_a_size_is_said() -> None:
    assert read_off(64) == {"kind": "tensor", "name": "x", "shape": [64], "dtype": "float32"}
    given = read_off(64, said=said(size=(8, 8)))
    assert (given["kind"], given["layout"], given["channels"]) == ("image", "flat", 1)


def test_strings_are_texts() -> None:
    assert read_off(dtype="object") == {"kind": "text", "name": "x"}


def test_an_open_size_has_to_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        read_off(3, None, None)
    assert "--size" in capsys.readouterr().err
    assert read_off(3, None, None, said=said(size=(224, 192)))["size"] == [224, 192]


def test_probabilities_go_before_labels() -> None:
    outputs = [Tensor("label", "int64", (None,)), Tensor("probabilities", "", ())]
    made = manifest(Signature([Tensor("x", "float32", (None, 4))], outputs), SAID)
    assert made["output"]["name"] == "probabilities"


def test_of_two_outputs_one_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    outputs = [Tensor("a", "float32", (None, 3)), Tensor("b", "float32", (None, 4))]
    signature = Signature([Tensor("x", "float32", (None, 4))], outputs)
    with pytest.raises(typer.Exit):
        manifest(signature, SAID)
    assert "--output-name" in capsys.readouterr().err
    assert manifest(signature, said(output_name="b"))["output"]["name"] == "b"


def linear(*, softmax: bool) -> bytes:
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["z" if softmax else "y"])]
    if softmax:
        nodes.append(helper.make_node("Softmax", ["z"], ["y"]))
    weights = {"w": np.ones((4, 3), np.float32), "b": np.array([3, -1, 2], np.float32)}
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


@pytest.mark.parametrize("softmax", [True, False])
def test_probabilities_are_told_from_logits(softmax: bool) -> None:
    content = linear(softmax=softmax)
    made = manifest(of_onnx(content), SAID)
    assert sums_to_one(content, made) is softmax


def test_what_is_no_model_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        of_onnx(b"no model")
    assert "no ONNX model" in capsys.readouterr().err
