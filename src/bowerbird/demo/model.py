"""A classifier of digits that is neither perfect nor bad, as a file that can be put into production."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from bowerbird.demo.digits import Digit, Pixels
from bowerbird.runtimes.artifact import build_artifact

LABELS = tuple("0123456789")
SIDE = 8  # of what the model looks at, in pixels
MANIFEST = {
    "input": {
        "kind": "image",
        "name": "pixels",
        "size": [SIDE, SIDE],
        "channels": 1,
        "layout": "flat",
        "interpolation": "box",
    },
    "output": {"kind": "concepts", "name": "probabilities"},
    "labels": list(LABELS),
}


def trained(digits: Sequence[Digit]) -> bytes:
    """The zip to upload: a logistic regression over the shades, as ONNX."""
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    pixels = np.stack([seen(digit.picture) for digit in digits])
    classifier = LogisticRegression(C=10.0, max_iter=2000)
    classifier.fit(pixels, [int(digit.truth) for digit in digits])
    graph = to_onnx(classifier, pixels[:1], options={"zipmap": False}, target_opset=17)
    graph.graph.input[0].name = "pixels"
    for node in graph.graph.node:
        node.input[:] = ["pixels" if name == "X" else name for name in node.input]
    return build_artifact(graph.SerializeToString(), MANIFEST)


def seen(picture: Image.Image) -> Pixels:
    """What the model gets of a picture: 64 shades from 0 to 1."""
    small = picture.resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small, np.float32).reshape(-1) / np.float32(255)
