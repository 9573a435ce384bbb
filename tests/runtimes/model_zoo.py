"""Small real models, and what goes into them."""

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import Data
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from stand_ins import text_data as text_data

from bowerbird.addresses import Policy
from bowerbird.runtimes.artifact import build_artifact
from bowerbird.runtimes.spec import Environment, ModelSpec
from bowerbird.settings import Settings

SETTINGS = Settings()
LABELS = ["ant", "bee", "cat"]


def graph(
    nodes: list[Any], inputs: list[Any], outputs: list[Any], weights: Mapping[str, Any] | None = None
) -> bytes:
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in (weights or {}).items()]
    made = helper.make_graph(nodes, "g", inputs, outputs, tensors)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(made, opset_imports=opset, ir_version=8).SerializeToString()


def value(name: str, shape: list[Any], kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def linear(shape: list[int], classes: int = 3, *, batch: int | str = "N", seed: int = 0) -> bytes:
    """Scores of a flattened image: x @ W + b."""
    random = np.random.default_rng(seed)
    weights = random.normal(size=(int(np.prod(shape)), classes)).astype(np.float32)
    bias = random.normal(size=classes).astype(np.float32)
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("Gemm", ["flat", "W", "b"], ["y"]),
    ]
    return graph(
        nodes, [value("x", [batch, *shape])], [value("y", [batch, classes])], {"W": weights, "b": bias}
    )


def identity(shape: list[Any], kind: int = TensorProto.FLOAT) -> bytes:
    return graph(
        [helper.make_node("Identity", ["x"], ["y"])], [value("x", shape, kind)], [value("y", shape, kind)]
    )


def image_manifest(width: int, height: int, **input_fields: Any) -> dict[str, Any]:
    return {
        "input": {"name": "x", "kind": "image", "size": [width, height], **input_fields},
        "output": {"name": "y", "activation": "softmax"},
        "labels": LABELS,
    }


def tensor_manifest(
    shape: list[int], *, labels: list[str] | None = None, **input_fields: Any
) -> dict[str, Any]:
    kind = {"kind": "concepts"} if labels else {"kind": "embedding"}
    return {
        "input": {"name": "x", "kind": "tensor", "shape": shape, **input_fields},
        "output": {"name": "y", **kind},
        "labels": labels or [],
    }


def linear_zip() -> bytes:
    return build_artifact(linear([3, 4, 6]), image_manifest(6, 4))


def spec(**fields: Any) -> ModelSpec:
    values: dict[str, Any] = {
        "user_id": "acme",
        "app_id": "production",
        "model_id": "animals",
        "version_id": "v1",
        "model_type_id": "visual-classifier",
        "runtime": "onnx",
        "artifact": "zip",
        "config": {},
        "concepts": (),
    }
    return ModelSpec(**(values | fields))


def environment(artifact: bytes = b"", allow: tuple[str, ...] = ("127.0.0.1",)) -> Environment:
    read: Callable[[str], bytes] = {"zip": artifact}.__getitem__
    return Environment(SETTINGS, read, Policy(allow=allow))


def photo(width: int = 6, height: int = 4, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def image_data(content: bytes) -> Data:
    data = Data()
    data.image.base64 = content
    return data


def number_data(numbers: Any) -> Data:
    array = np.asarray(numbers)
    data = Data()
    data.ndarray.buffer, data.ndarray.dtype = array.tobytes(), str(array.dtype)
    data.ndarray.shape.extend(array.shape)
    return data


def values_by_id(data: Any) -> dict[str, float]:
    assert isinstance(data, Data), data
    return {concept.id: concept.value for concept in data.concepts}
