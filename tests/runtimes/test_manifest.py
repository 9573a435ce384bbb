"""Manifests: whatever is written in one, it is read within its bounds or refused by ModelInvalid."""

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data
from hypothesis import given
from hypothesis import strategies as st
from model_zoo import SETTINGS

from bowerbird.errors import ModelInvalid
from bowerbird.runtimes.fields import read_fields
from bowerbird.runtimes.inputs import MAX_ELEMENTS, ImageInput, blank, make_encoder
from bowerbird.runtimes.onnx import Manifest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NUMBER = st.integers(-10, 5000) | st.floats() | st.none()
INPUT = st.fixed_dictionaries(
    {"name": st.just("x") | JSON, "kind": st.sampled_from(["image", "text", "tensor", "image-bytes"])},
    optional={
        "size": st.lists(NUMBER, max_size=3),
        "shape": st.lists(st.integers(-1, 2**20), max_size=9),
        "channels": st.sampled_from([1, 3, 4, "3"]),
        "layout": st.sampled_from(["NCHW", "NHWC", "flat", "NC"]),
        "mean": st.lists(NUMBER, max_size=4),
        "std": st.lists(NUMBER, max_size=4),
        "scale": NUMBER,
        "dtype": st.sampled_from(["float32", "uint8", "int64", "object"]),
        "vocabulary": JSON,
        "encoding": st.sampled_from(["string", "tokens"]),
        "max_tokens": NUMBER,
    },
)


@given(input_=INPUT | JSON, output=JSON, labels=JSON, batch=NUMBER)
def test_any_manifest_is_read_within_bounds_or_refused(
    input_: Any, output: Any, labels: Any, batch: Any
) -> None:
    named = {"name": "y"} | (output if isinstance(output, dict) else {})
    manifest = None
    with suppress(ModelInvalid):
        manifest = read_fields(
            Manifest, {"input": input_, "output": named, "labels": labels, "max_batch": batch}
        )
    assert manifest is None or 1 <= manifest.max_batch <= 256


@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    channels=st.sampled_from([1, 3]),
    layout=st.sampled_from(["NCHW", "NHWC", "flat"]),
    resize=st.sampled_from(["stretch", "crop", "pad"]),
    mean=st.floats(-1e6, 1e6),
    std=st.floats(1e-8, 1e6),
)
def test_every_accepted_image_input_makes_finite_arrays_of_its_shape(
    size: tuple[int, int], channels: int, layout: str, resize: str, mean: float, std: float
) -> None:
    fields = {
        "size": size,
        "channels": channels,
        "layout": layout,
        "resize": resize,
        "mean": [mean],
        "std": [std],
    }
    spec = read_fields(ImageInput, {"name": "x", "kind": "image", **fields})
    row = make_encoder(spec, SETTINGS, {})(blank(spec))
    width, height = size
    shapes = {"NCHW": (channels, height, width), "NHWC": (height, width, channels)}
    assert row.shape == shapes.get(layout, (width * height * channels,))
    assert np.isfinite(row).all()


def refusal(input_: dict[str, Any], output: Any) -> str:
    with pytest.raises(ModelInvalid) as caught:
        read_fields(Manifest, {"input": input_, "output": output})
    return caught.value.details


def test_a_tensor_may_not_be_larger_than_memory_allows() -> None:
    shape = [2**20, MAX_ELEMENTS // 2**20 + 1]
    assert "elements" in refusal({"name": "x", "kind": "tensor", "shape": shape}, {"name": "y"})


def test_a_refusal_never_repeats_a_value() -> None:
    assert "hunter2" not in refusal({"name": ["hunter2"], "kind": "image"}, "hunter2")


def test_blank_inputs_are_data() -> None:
    assert isinstance(blank(ImageInput(kind="image", name="x", size=(1, 1))), Data)
