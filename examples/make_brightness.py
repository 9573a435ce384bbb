"""Makes brightness.zip, the model of the examples: is a picture dark or bright?

Needs the package `onnx`, which the other examples do not: the file lies beside them.
"""

import json
import zipfile
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

MANIFEST = {
    "input": {
        "kind": "image",
        "name": "pixels",
        "size": [8, 8],
        "channels": 1,
        "layout": "flat",
        "interpolation": "box",
    },
    "output": {"kind": "concepts", "name": "logits", "activation": "softmax"},
    "labels": ["dark", "bright"],
}


def model() -> bytes:
    """The mean of the pixels m becomes the logits -6 m + 3 and 6 m - 3."""
    weights = {"w": np.array([[-6, 6]], np.float32), "b": np.array([3, -3], np.float32)}
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[1], keepdims=1),
            helper.make_node("Gemm", ["mean", "w", "b"], ["logits"]),
        ],
        "brightness",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 64])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 2])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def main() -> None:
    with zipfile.ZipFile(Path(__file__).with_name("brightness.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (("manifest.json", json.dumps(MANIFEST, indent=2)), ("model.onnx", model())):
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main()
