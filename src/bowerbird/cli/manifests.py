"""What a model takes and answers: read off the model itself, as far as its owner did not say."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bowerbird.addresses import Policy
from bowerbird.cli.session import FAILED, fail
from bowerbird.errors import ApiError, ModelInvalid
from bowerbird.runtimes.fields import read_fields
from bowerbird.runtimes.open_inference import server_at
from bowerbird.runtimes.places import Place
from bowerbird.runtimes.spec import Environment, ModelSpec
from bowerbird.settings import Settings

Json = dict[str, Any]  # a manifest, which the server checks
Size = int | None  # None: any
_OF_ONNX = {"float": "float32", "double": "float64", "string": "object"}
_OF_PROTOCOL = {"FP16": "float16", "FP32": "float32", "FP64": "float64", "BYTES": "object", "BOOL": "bool"}


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output: its element type by numpy's name ("" for no tensor), and its shape."""

    name: str
    dtype: str
    shape: tuple[Size, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """What goes in and what comes out."""

    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]


@dataclass(frozen=True, slots=True)
class Said:
    """What the owner said of the model; what is empty is read off it."""

    kind: str
    input_name: str
    output_name: str
    output_kind: str
    size: tuple[int, int] | None  # width, height
    fields: Json  # of the input, as they are: mean, std, ...
    activation: str


def of_onnx(content: bytes) -> Signature:
    """The signature of an ONNX file; ends the command when it is none."""
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no other class
        fail(f"This is no ONNX model that can be run: {str(error).splitlines()[0]}")
    return Signature(
        [_of_node(node) for node in session.get_inputs()],
        [_of_node(node) for node in session.get_outputs()],
    )


def of_server(place: Json, model_version: str, settings: Settings) -> Signature:
    """What a server that speaks the Open Inference Protocol says of a model; else ends the command."""
    spec = ModelSpec("", "", "", "", "", "open-inference", "", {}, (), trusted=True)
    environment = Environment(settings, lambda _: b"", Policy.of_this_machine(()))
    try:
        server = server_at(read_fields(Place, place), model_version, spec, environment)
        try:
            told = server.metadata()
        finally:
            server.close()
        inputs, outputs = ([_of_metadata(t) for t in told.get(side, ())] for side in ("inputs", "outputs"))
    except ModelInvalid as error:
        fail(error.details)
    except ApiError as error:
        fail(f"{place['url']} does not say what the model takes: {error.details}", FAILED)
    except (AttributeError, KeyError, TypeError) as error:
        fail(f"{place['url']} does not say what the model takes: {error}", FAILED)
    return Signature(inputs, outputs)


def manifest(signature: Signature, said: Said) -> Json:
    """`input` and `output` of a manifest. Ends the command when something has to be said."""
    tensor = _chosen(signature.inputs, said.input_name, "--input-name")
    output: Json = {
        "kind": said.output_kind or "concepts",
        "name": said.output_name or _best_output(signature.outputs),
    }
    if output["kind"] == "concepts":
        output["activation"] = said.activation or "none"
    kind = said.kind or _kind(tensor, said)
    given = {"kind": kind, "name": tensor.name, **_read_off(kind, tensor, said), **said.fields}
    return {"input": given, "output": output}


def of_logs(said: Said) -> Json:
    """How what another server logs is read, as far as the owner says: there is nothing to read it off."""
    understood: Json = {}
    kind = {"tensor": "json", "image": "image" if said.size else "image-bytes"}.get(said.kind, said.kind)
    if kind:
        size = {"size": list(said.size)} if said.size else {}
        understood["input"] = {"kind": kind, "name": said.input_name or "input", **size, **said.fields}
    if kind or said.output_kind or said.output_name:
        output = {"kind": said.output_kind or "concepts", "name": said.output_name or "output"}
        understood["output"] = {**output, "activation": said.activation or "none"}
    return understood


def sums_to_one(content: bytes, given: Json) -> bool:
    """Whether an ONNX model answers probabilities already: a softmax over them would spoil them."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    node = next(node for node in session.get_inputs() if node.name == given["input"]["name"])
    if _of_node(node).dtype == "object":
        return True
    shape = [side if isinstance(side, int) else 1 for side in _sides(given["input"], node.shape)]
    zeros = np.zeros(shape, _of_node(node).dtype)
    try:
        [answer] = session.run([given["output"]["name"]], {node.name: zeros})
    except Exception:  # the server will say what is wrong, when it tries
        return True
    row = list(answer[0].values()) if isinstance(answer, list) else np.asarray(answer).reshape(-1)
    values = np.asarray(row, np.float64)
    return bool((values >= 0).all() and abs(values.sum() - 1) < 1e-3 * max(1, len(values)) ** 0.5)


def read_json(path: Path) -> Json:
    """The object in a file; ends the command when there is none."""
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        fail(f"{path} is not JSON: {error}")
    if not isinstance(found, dict):
        fail(f"{path}: expected an object of JSON")
    return found


def labels_in(path: Path) -> list[str]:
    """The labels of a file, one a line, in the order of the model's outputs."""
    return [line.strip() for line in path.read_text().splitlines() if line.strip()]


def _of_node(node: Any) -> Tensor:  # onnxruntime has no types
    kind = str(node.type)
    name = kind.removeprefix("tensor(").removesuffix(")") if kind.startswith("tensor(") else ""
    shape = tuple(side if isinstance(side, int) else None for side in node.shape or ())
    return Tensor(str(node.name), _OF_ONNX.get(name, name), shape)


def _of_metadata(told: Mapping[str, Any]) -> Tensor:  # JSON
    kind = str(told["datatype"])
    shape = tuple(side if side > 0 else None for side in told["shape"])
    return Tensor(str(told["name"]), _OF_PROTOCOL.get(kind, kind.lower()), shape)


def _chosen(tensors: Sequence[Tensor], name: str, option: str) -> Tensor:
    found = [tensor for tensor in tensors if name in ("", tensor.name)]
    if len(found) != 1:
        fail(f"Say {option}: the model has {', '.join(t.name for t in tensors) or 'none'}.")
    return found[0]


def _best_output(outputs: Sequence[Tensor]) -> str:
    """The output with numbers; of several the one that is called probabilities, or logits."""
    numbers = [o for o in outputs if o.dtype.startswith("float") or not o.dtype]
    named = [o for o in numbers if any(word in o.name.lower() for word in ("prob", "logit", "score"))]
    best = named or numbers
    if len(best) != 1:
        fail(f"Say --output-name: the model has {', '.join(o.name for o in outputs) or 'none'}.")
    return best[0].name


def _kind(tensor: Tensor, said: Said) -> str:
    if tensor.dtype == "object":
        return "text"
    return "image" if said.size or len(tensor.shape) == 4 else "tensor"


def _read_off(kind: str, tensor: Tensor, said: Said) -> Json:
    """The fields of an input that its tensor tells."""
    if kind == "text":
        return {}
    if kind == "tensor":
        if None in tensor.shape[1:]:
            fail(f"The shape of {tensor.name} is {list(tensor.shape)}: give a --manifest that says it.")
        return {"shape": list(tensor.shape[1:]), "dtype": tensor.dtype}
    return {"dtype": tensor.dtype, **_layout(tensor, said)}


def _layout(tensor: Tensor, said: Said) -> Json:
    """Size, channels and layout of an image."""
    height: Size
    width: Size
    if len(tensor.shape) != 4:
        layout, channels, height, width = "flat", None, None, None
    elif tensor.shape[3] in (1, 3) and tensor.shape[1] not in (1, 3):
        layout, (height, width, channels) = "NHWC", tensor.shape[1:]
    else:
        layout, (channels, height, width) = "NCHW", tensor.shape[1:]
    size = said.size or (width, height)
    if None in size:
        fail("Say --size WIDTHxHEIGHT: the model takes images of any size.")
    if layout == "flat" and tensor.shape[-1]:
        channels = tensor.shape[-1] // (size[0] * size[1])  # type: ignore[operator]  # neither is None by now
    return {"size": list(size), "channels": channels or 3, "layout": layout}


def _sides(given: Json, shape: Sequence[object]) -> list[object]:
    """The shape of a batch of one, as the manifest has it."""
    if given["kind"] == "tensor":
        return [1, *given["shape"]]
    width, height = given["size"]
    channels = given["channels"]
    by_layout = {
        "flat": [1, width * height * channels],
        "NCHW": [1, channels, height, width],
        "NHWC": [1, height, width, channels],
    }
    return by_layout[given["layout"]] if given["kind"] == "image" else list(shape)
