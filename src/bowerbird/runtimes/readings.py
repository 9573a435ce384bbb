"""Turns what another server logged back into data: the inverse of what runtimes send and read."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.errors import ApiError, InputTooLarge, Invalid, ModelInvalid
from bowerbird.runtimes import external, open_inference
from bowerbird.runtimes.external import JsonInput, Logged
from bowerbird.runtimes.fields import read_fields
from bowerbird.runtimes.inputs import Array, ImageInput, TensorInput, TextInput
from bowerbird.runtimes.open_inference import RawImageInput
from bowerbird.runtimes.outputs import Output, Pairs, label_pairs, make_decoder
from bowerbird.runtimes.payloads import Rows, bytes_of, only_one
from bowerbird.runtimes.spec import ModelSpec
from bowerbird.settings import Settings

Read = Callable[[Any], Data]  # Any: one instance, as JSON or as an array; raises ApiError
MOST_ROWS = 128  # as in a predict call


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a prediction: the name of its tensor, and what makes data of an instance."""

    name: str
    read: Read

    def data(self, rows: Rows) -> list[Data]:
        """Raises Invalid, naming the instance that is wrong."""
        if not 1 <= len(rows) <= MOST_ROWS:
            raise Invalid(f"data: {len(rows)} instances; expected 1 to {MOST_ROWS}")
        return [self._one(place, row) for place, row in enumerate(rows)]

    def _one(self, place: int, row: Any) -> Data:  # as in Read
        try:
            return self.read(row)
        except ApiError as error:
            raise Invalid(f"data, instance {place}: {error.details or error.text()}") from error


@dataclass(frozen=True, slots=True)
class Reading:
    """How the requests and responses of a model are read."""

    request: Side
    response: Side


def reading_of(spec: ModelSpec, settings: Settings) -> Reading:
    """As the version's registration describes it. Raises ModelInvalid when it does not."""
    input, output, pairs = _described(spec)
    if input is None or output is None:
        missing = "input" if input is None else "output"
        raise ModelInvalid(
            f"model {spec.model_id!r}: its registration does not say how its {missing} is logged; "
            f"see bowerbird models add --external"
        )
    return Reading(
        request=Side(input.name, input_reader(input, settings)),
        response=Side(output.name, output_reader(output, pairs)),
    )


def _described(spec: ModelSpec) -> tuple[Logged | None, Output | None, Pairs]:
    if spec.runtime == "open-inference":
        served = read_fields(open_inference.Config, spec.config)
        return served.input, served.output, spec.concepts or label_pairs(served.labels)
    if spec.runtime == "external":
        logged = read_fields(external.Config, spec.config)
        return logged.input, logged.output, spec.concepts or label_pairs(logged.labels)
    return None, None, ()


def input_reader(spec: Logged, settings: Settings) -> Read:
    """What makes the data that the server was asked about."""
    if isinstance(spec, RawImageInput):
        return lambda row: _of_image(bytes_of(row), settings)
    if isinstance(spec, ImageInput):
        return lambda row: _of_image(_png(row, spec), settings)
    if isinstance(spec, TextInput):
        return _tokens if spec.encoding == "tokens" else lambda row: _of_text(_text(row), settings)
    if isinstance(spec, TensorInput):
        return lambda row: _of_text(_json(_shaped(row, spec)), settings)
    assert isinstance(spec, JsonInput)
    return lambda row: _of_text(_json(row), settings)


def output_reader(spec: Output, pairs: Pairs) -> Read:
    """What makes the data of an answer."""
    decode = make_decoder(spec, pairs)
    if spec.kind == "text":
        return lambda row: _as_text(_text(row))
    if spec.kind == "embedding":
        return lambda row: decode(_numbers(row, "float64"))

    def concepts(row: Any) -> Data:  # as in Read
        if isinstance(row, dict):
            return _by_name(row, spec, pairs)
        alone = only_one(row)
        if isinstance(alone, str) or (isinstance(alone, int) and len(pairs) > 1):
            return _class_alone(alone, pairs)
        return decode(_numbers(row, "float64"))

    return concepts


def _by_name(row: dict[str, Any], spec: Output, pairs: Pairs) -> Data:
    """Concepts whose values stand under their names; Any: JSON."""
    names = pairs or tuple((name, name) for name in row)
    _encoded("".join(id for id, _ in names))
    missing = [id for id, name in names if id not in row and name not in row]
    if missing:
        raise Invalid(f"there is no {missing[0]!r} among {', '.join(row)[:200]}")
    return make_decoder(spec, names)(np.array([row.get(id, row.get(name)) for id, name in names], object))


def _class_alone(value: str | int, pairs: Pairs) -> Data:
    """A class without a score: the server is as sure of it as it says."""
    found = [pair for place, pair in enumerate(pairs) if value in (place, *pair)]
    if not found and pairs:
        raise Invalid(f"{value!r} is none of the {len(pairs)} labels")
    id, name = found[0] if found else (str(value), str(value))
    _encoded(id)
    data = Data()
    data.concepts.add(id=id, name=name, value=1.0)
    return data


def _of_image(content: bytes, settings: Settings) -> Data:
    if len(content) > settings.max_image_bytes:
        raise InputTooLarge(f"the image has {len(content):,} bytes")
    data = Data()
    data.image.base64 = content
    return data


def _of_text(text: str, settings: Settings) -> Data:
    if len(text) > settings.max_text_bytes or len(_encoded(text)) > settings.max_text_bytes:
        raise InputTooLarge(f"the text has more than {settings.max_text_bytes:,} bytes")
    return _as_text(text)


def _as_text(text: str) -> Data:
    data = Data()
    data.text.raw = _encoded(text).decode()
    return data


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # JSON can write half of a surrogate pair
        raise Invalid("expected a text that UTF-8 can hold") from None


def _text(row: object) -> str:
    value = only_one(row)
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if not isinstance(value, str):
        raise Invalid("expected a text")
    return value


def _tokens(row: object) -> Data:
    raise Invalid("the words of a text cannot be read back from their numbers; log the text itself")


def _json(row: object) -> str:
    value = row.tolist() if isinstance(row, np.ndarray | np.generic) else row
    return json.dumps(value, ensure_ascii=False)


def _shaped(row: object, spec: TensorInput) -> Array:
    array = _numbers(row, spec.dtype)
    if array.size != np.prod(spec.shape):
        raise Invalid(f"expected the shape {list(spec.shape)}, not {list(array.shape)}")
    return array.reshape(spec.shape)


def _numbers(row: object, dtype: str) -> Array:
    try:
        return np.asarray(row, dtype=dtype)
    except (ValueError, TypeError, OverflowError):
        raise Invalid("expected numbers") from None


def _png(row: object, spec: ImageInput) -> bytes:
    """The picture whose pixels these were: as large as the model takes it, without what it was cut from."""
    if isinstance(only_one(row), str | dict):
        return bytes_of(row)
    width, height = spec.size
    shape = (spec.channels, height, width) if spec.layout == "NCHW" else (height, width, spec.channels)
    numbers = _numbers(row, "float32")
    if numbers.size != width * height * spec.channels:
        raise Invalid(f"expected pixels of the shape {list(shape)}, not {list(numbers.shape)}")
    pixels = numbers.reshape(shape)
    pixels = pixels.transpose(1, 2, 0) if spec.layout == "NCHW" else pixels
    if spec.dtype != "uint8":
        pixels = (pixels * np.array(spec.std, np.float32) + np.array(spec.mean, np.float32)) / spec.scale
    whole = np.clip(np.nan_to_num(np.rint(pixels)), 0, 255).astype(np.uint8)
    whole = whole[..., ::-1] if spec.order == "BGR" else whole
    from PIL.Image import fromarray

    out = io.BytesIO()
    fromarray(np.ascontiguousarray(whole[..., 0] if spec.channels == 1 else whole)).save(out, "PNG")
    return out.getvalue()
