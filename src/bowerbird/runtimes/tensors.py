"""Tensors of the Open Inference Protocol: in JSON, and what is asked of a server."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from bowerbird.errors import ApiError, PredictionFailed
from bowerbird.runtimes.inputs import Array

Json = Mapping[str, Any]  # Any: what another server wrote, checked where it is used

DATATYPES = {
    "bool": "BOOL",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "object": "BYTES",
} | {f"{sign}int{bits}": f"{sign.upper()}INT{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
DTYPES = {datatype: dtype for dtype, datatype in DATATYPES.items()}


class Wanted(NamedTuple):
    """What goes in, and which output is to come back."""

    input_name: str
    datatype: str
    output_name: str
    is_base64: bool = False  # the strings that go in are images


class InferenceServer(Protocol):
    """One model of another server."""

    def metadata(self) -> Json:
        """`inputs` and `outputs`, each with name, datatype and shape; without them when none is told."""
        ...

    def infer(self, batch: Array, wanted: Wanted) -> Array:
        """The wanted output, of shape [rows, ...]. Raises PredictionFailed for any other."""
        ...

    def close(self) -> None: ...


def checked(array: Array, name: str, rows: int) -> Array:
    """The output itself, if it has a row for each input. Raises PredictionFailed."""
    if array.ndim == 0 or len(array) != rows:
        raise PredictionFailed(f"output {name!r} has the shape {list(array.shape)}, for {rows} inputs")
    return array


def tensors(message: Json, side: str) -> dict[str, Json]:
    """The tensors of a message's `inputs` or `outputs`, by name."""
    given = message.get(side)
    found = given if isinstance(given, list) else []
    return {str(tensor.get("name")): tensor for tensor in found if isinstance(tensor, dict)}


def read_tensor(tensor: Json, error: type[ApiError]) -> Array:
    """The numbers or texts of a tensor that has at least one dimension. Raises `error` for any other."""
    name, shape, values = tensor.get("name"), tensor.get("shape"), tensor.get("data")
    try:
        flat = np.array(list(_flatten(values)), dtype=DTYPES[str(tensor.get("datatype"))])
        array: Array = flat.reshape(shape)
    except (KeyError, ValueError, TypeError, OverflowError, RecursionError) as reason:
        raise error(f"tensor {name!r}: data, shape and datatype do not agree") from reason
    if array.ndim == 0:
        raise error(f"tensor {name!r} has no dimension")
    return array


def _flatten(values: object) -> Iterator[object]:
    """The elements, whether nested or flat: the protocol allows both."""
    if not isinstance(values, list):
        yield values
        return
    for value in values:
        yield from _flatten(value)
