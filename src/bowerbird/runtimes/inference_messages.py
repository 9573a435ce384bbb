"""Tensors in the messages of the Open Inference Protocol: typed, or raw as little-endian bytes."""

import struct

import numpy as np

from bowerbird.errors import PredictionFailed
from bowerbird.proto.open_inference_pb2 import (
    InferTensorContents,
    ModelInferRequest,
    ModelInferResponse,
    ModelMetadataResponse,
)
from bowerbird.runtimes.inputs import Array
from bowerbird.runtimes.tensors import DTYPES, Json, Wanted, checked

_CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}  # FP16 has none: it travels raw
_LENGTH = struct.Struct("<I")  # before each string among raw bytes


def infer_request(batch: Array, wanted: Wanted, *, is_raw: bool) -> ModelInferRequest:
    request = ModelInferRequest()
    tensor = request.inputs.add(name=wanted.input_name, datatype=wanted.datatype, shape=batch.shape)
    request.outputs.add(name=wanted.output_name)
    if is_raw or wanted.datatype not in _CONTENTS:
        request.raw_input_contents.append(_to_raw(batch))
    else:
        flat = _strings(batch) if batch.dtype == object else batch.reshape(-1).tolist()
        getattr(tensor.contents, _CONTENTS[wanted.datatype]).extend(flat)
    return request


def read_infer(answer: ModelInferResponse, name: str, rows: int) -> Array:
    """The output called `name`, of shape [rows, ...]. Raises PredictionFailed for any other."""
    names = [tensor.name for tensor in answer.outputs]
    if name not in names:
        raise PredictionFailed(f"the answer has no output {name!r}")
    place = names.index(name)
    tensor = answer.outputs[place]
    try:
        if answer.raw_output_contents:
            flat = _from_raw(answer.raw_output_contents[place], tensor.datatype)
        else:
            flat = _from_contents(tensor.contents, tensor.datatype)
        array: Array = flat.reshape(tuple(tensor.shape))
    except (KeyError, IndexError, ValueError, OverflowError, struct.error) as error:
        raise PredictionFailed(f"output {name!r}: contents, shape and datatype do not agree") from error
    return checked(array, name, rows)


def metadata_of(answer: ModelMetadataResponse) -> Json:
    """As the protocol says it in JSON."""
    return {
        side: [
            {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
            for tensor in getattr(answer, side)
        ]
        for side in ("inputs", "outputs")
    }


def _strings(batch: Array) -> list[bytes]:
    return [value if isinstance(value, bytes) else str(value).encode() for value in batch.reshape(-1)]


def _to_raw(batch: Array) -> bytes:
    if batch.dtype == object:
        return b"".join(_LENGTH.pack(len(value)) + value for value in _strings(batch))
    return batch.astype(batch.dtype.newbyteorder("<"), copy=False).tobytes()


def _from_raw(content: bytes, datatype: str) -> Array:
    if datatype == "BYTES":
        return _texts(_split(content))
    return np.frombuffer(content, np.dtype(DTYPES[datatype]).newbyteorder("<"))


def _from_contents(contents: InferTensorContents, datatype: str) -> Array:
    values = getattr(contents, _CONTENTS[datatype])
    if datatype == "BYTES":
        return _texts(values)
    return np.array(values, dtype=DTYPES[datatype])


def _split(content: bytes) -> list[bytes]:
    """The strings among raw bytes. Raises ValueError, struct.error."""
    found, start = [], 0
    while start < len(content):
        (length,) = _LENGTH.unpack_from(content, start)
        start += _LENGTH.size + length
        if start > len(content):
            raise ValueError("a string ends too early")
        found.append(content[start - length : start])
    return found


def _texts(values: "list[bytes]") -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = [value.decode(errors="replace") for value in values]
    return array
