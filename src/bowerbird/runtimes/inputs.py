"""Turns the data of an input into the array that a model takes, as its owner described it."""

import io
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from clarifai_grpc.grpc.api.resources_pb2 import Data
from pydantic import Field, model_validator

from bowerbird.errors import InputInvalid, InputTooLarge, ModelInvalid
from bowerbird.images import open_image, to_mode
from bowerbird.runtimes.fields import Fields
from bowerbird.settings import Settings

if TYPE_CHECKING:
    from PIL.Image import Image

Array = npt.NDArray[Any]  # the element type is the model's, known only when it is loaded
Encoder = Callable[[Data], Array]  # one input, without the batch's dimension; raises ApiError

Side = Annotated[int, Field(ge=1, le=4096)]
Finite = Annotated[float, Field(ge=-1e6, le=1e6)]
Positive = Annotated[float, Field(gt=1e-9, le=1e6)]
FloatType = Literal["float16", "float32", "float64"]
WholeType = Literal["bool", "uint8", "int8", "int16", "int32", "int64"]
MAX_ELEMENTS = 64 * 1024 * 1024  # of one input


class ImageInput(Fields):
    """An image: resized, scaled, then normalised as (x · scale - mean) / std."""

    kind: Literal["image"]
    name: str = Field(min_length=1, max_length=256)
    size: tuple[Side, Side]  # width, height
    channels: Literal[1, 3] = 3
    order: Literal["RGB", "BGR"] = "RGB"
    layout: Literal["NCHW", "NHWC", "flat"] = "NCHW"
    resize: Literal["stretch", "crop", "pad"] = "stretch"
    crop_share: float = Field(1.0, gt=0, le=1)  # of the shorter side, with resize "crop"
    interpolation: Literal["nearest", "box", "bilinear", "bicubic", "lanczos"] = "bilinear"
    dtype: FloatType | Literal["uint8"] = "float32"
    scale: Positive = 1 / 255
    mean: tuple[Finite, ...] = Field((0.0,), min_length=1, max_length=3)
    std: tuple[Positive, ...] = Field((1.0,), min_length=1, max_length=3)

    @model_validator(mode="after")
    def _check(self) -> "ImageInput":
        for field in ("mean", "std"):
            if len(getattr(self, field)) not in (1, self.channels):
                raise ValueError(f"{field} needs 1 or {self.channels} numbers")
        if self.dtype == "uint8" and self.model_fields_set & {"scale", "mean", "std"}:
            raise ValueError("dtype uint8 takes no scale, mean or std: pixels are given as they are")
        return self


class TextInput(Fields):
    """A text: as a string, as the ids of its words in a vocabulary, or as a tokenizer's file says."""

    kind: Literal["text"]
    name: str = Field(min_length=1, max_length=256)
    encoding: Literal["string", "tokens", "tokenizer"] = "string"
    vocabulary: tuple[str, ...] | str = Field((), max_length=1_000_000)  # words, or the file that lists them
    tokenizer: str = Field("", max_length=256)  # the file of it, as Hugging Face writes them
    lowercase: bool = True
    max_tokens: int = Field(128, ge=1, le=8192)
    pad_id: int = Field(0, ge=0, le=2**31 - 1)
    unknown_id: int = Field(1, ge=0, le=2**31 - 1)
    dtype: Literal["int32", "int64"] = "int64"

    @model_validator(mode="after")
    def _check(self) -> "TextInput":
        if (self.encoding == "tokens") != bool(self.vocabulary):
            raise ValueError("vocabulary goes with encoding tokens")
        if (self.encoding == "tokenizer") != bool(self.tokenizer):
            raise ValueError("tokenizer, the name of a file, goes with encoding tokenizer")
        return self


class TensorInput(Fields):
    """Numbers: an ndarray of this shape, or an embedding with as many numbers."""

    kind: Literal["tensor"]
    name: str = Field(min_length=1, max_length=256)
    shape: tuple[Annotated[int, Field(ge=1, le=2**20)], ...] = Field(min_length=1, max_length=8)
    dtype: FloatType | WholeType = "float32"

    @model_validator(mode="after")
    def _check(self) -> "TensorInput":
        if math.prod(self.shape) > MAX_ELEMENTS:
            raise ValueError(f"shape has more than {MAX_ELEMENTS:,} elements")
        return self


AnyInput = Annotated[ImageInput | TextInput | TensorInput, Field(discriminator="kind")]


def make_encoder(spec: AnyInput, settings: Settings, files: Mapping[str, bytes]) -> Encoder:
    """The encoder for inputs as `spec` describes them; `files` lie beside the model."""
    if isinstance(spec, ImageInput):
        return _image_encoder(spec, settings)
    if isinstance(spec, TensorInput):
        return _tensor_encoder(spec)
    if spec.encoding == "string":
        return lambda data: np.array([text_of(data, settings)], dtype=object)
    if spec.encoding == "tokenizer":
        return _tokenizer_encoder(spec, settings, files)
    return _token_encoder(spec, settings, _vocabulary(spec, files))


def image_bytes_of(data: Data) -> bytes:
    content: bytes = data.image.base64
    if not content:
        raise InputInvalid("the model takes images, and there is none in data.image")
    return content


def text_of(data: Data, settings: Settings) -> str:
    if not data.HasField("text"):
        raise InputInvalid("the model takes text, and there is none in data.text")
    text: str = data.text.raw
    if len(text.encode()) > settings.max_text_bytes:
        raise InputTooLarge(f"the text has more than {settings.max_text_bytes:,} bytes")
    return text


def _image_encoder(spec: ImageInput, settings: Settings) -> Encoder:
    mean, std = np.array(spec.mean, np.float32), np.array(spec.std, np.float32)
    mode = "RGB" if spec.channels == 3 else "L"

    def encode(data: Data) -> Array:
        image = open_image(
            image_bytes_of(data), max_bytes=settings.max_image_bytes, max_pixels=settings.max_image_pixels
        )
        pixels = np.asarray(_fit(to_mode(image, mode), spec))
        pixels = pixels.reshape(spec.size[1], spec.size[0], spec.channels)
        if spec.order == "BGR":
            pixels = pixels[..., ::-1]
        if spec.dtype != "uint8":
            scaled = pixels * np.float32(spec.scale)
            scaled -= mean
            scaled /= std
            pixels = scaled.astype(spec.dtype, copy=False)
        return _lay_out(pixels, spec.layout)

    return encode


def _fit(image: "Image", spec: ImageInput) -> "Image":
    """The image in the model's size: stretched, cut to its middle, or with black borders."""
    from PIL.Image import Resampling, new

    method = Resampling[spec.interpolation.upper()]
    width, height = spec.size
    if image.size == (width, height):
        return image
    if spec.resize == "stretch":
        return image.resize(spec.size, method)
    if spec.resize == "crop":
        ratio = min(image.width / width, image.height / height) * spec.crop_share
        left, top = (image.width - width * ratio) / 2, (image.height - height * ratio) / 2
        return image.resize(spec.size, method, box=(left, top, image.width - left, image.height - top))
    ratio = min(width / image.width, height / image.height)
    inner = max(1, round(image.width * ratio)), max(1, round(image.height * ratio))
    canvas = new(image.mode, spec.size)
    canvas.paste(image.resize(inner, method), ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return canvas


def _lay_out(pixels: Array, layout: str) -> Array:
    if layout == "NCHW":
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))
    return pixels.reshape(-1) if layout == "flat" else pixels


def _tensor_encoder(spec: TensorInput) -> Encoder:
    def encode(data: Data) -> Array:
        numbers = _numbers_of(data)
        if numbers.size != math.prod(spec.shape):
            raise InputInvalid(f"the model takes the shape {list(spec.shape)}, not {list(numbers.shape)}")
        with np.errstate(over="ignore", invalid="ignore"):
            row = numbers.astype(spec.dtype).reshape(spec.shape)
        if not (np.isfinite(numbers).all() and np.isfinite(row).all()):
            raise InputInvalid(f"there are numbers that {spec.dtype} cannot hold")
        return row

    return encode


def _numbers_of(data: Data) -> Array:
    if data.HasField("ndarray"):
        try:
            return np.frombuffer(data.ndarray.buffer, _dtype(data.ndarray.dtype)).reshape(data.ndarray.shape)
        except (ValueError, TypeError) as error:
            raise InputInvalid("data.ndarray: buffer, shape and dtype do not agree") from error
    if data.embeddings:
        return np.array(data.embeddings[0].vector, dtype=np.float32)
    raise InputInvalid("the model takes numbers, and there are none in data.ndarray or data.embeddings")


def _dtype(name: str) -> np.dtype[Any]:
    dtype = np.dtype(name)
    if dtype.kind not in "biuf":
        raise TypeError(name)
    return dtype


def _token_encoder(spec: TextInput, settings: Settings, ids: Mapping[str, int]) -> Encoder:
    def encode(data: Data) -> Array:
        words = words_of(text_of(data, settings), lowercase=spec.lowercase)[: spec.max_tokens]
        row = np.full(spec.max_tokens, spec.pad_id, dtype=spec.dtype)
        row[: len(words)] = [ids.get(word, spec.unknown_id) for word in words]
        return row

    return encode


def _tokenizer_encoder(spec: TextInput, settings: Settings, files: Mapping[str, bytes]) -> Encoder:
    """Three rows of numbers: the tokens, which of them are not padding, and to which text they belong."""
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError as error:
        raise ModelInvalid("input.tokenizer needs a package: pip install 'bowerbird[text]'") from error
    if spec.tokenizer not in files:
        raise ModelInvalid(f"input.tokenizer: there is no file {spec.tokenizer!r} beside the model")
    try:
        tokenizer = Tokenizer.from_buffer(files[spec.tokenizer])
    except Exception as error:  # the package raises nothing narrower
        raise ModelInvalid(f"input.tokenizer: {str(error)[:300]}") from error
    tokenizer.enable_truncation(spec.max_tokens)
    tokenizer.enable_padding(length=spec.max_tokens, pad_id=spec.pad_id)

    def encode(data: Data) -> Array:
        found = tokenizer.encode(text_of(data, settings))
        return np.array([found.ids, found.attention_mask, found.type_ids], dtype=spec.dtype)

    return encode


def words_of(text: str, *, lowercase: bool) -> list[str]:
    """The words of a text: runs of letters and digits."""
    return "".join(c if c.isalnum() else " " for c in (text.lower() if lowercase else text)).split()


def _vocabulary(spec: TextInput, files: Mapping[str, bytes]) -> dict[str, int]:
    words = spec.vocabulary
    if isinstance(words, str):
        if words not in files:
            raise ModelInvalid(f"input.vocabulary: there is no file {words!r} beside the model")
        words = tuple(files[words].decode(errors="replace").splitlines())
    return {word: place for place, word in enumerate(words)}


def elements_of(spec: AnyInput) -> int:
    """Elements of the array of one input."""
    if isinstance(spec, ImageInput):
        return spec.size[0] * spec.size[1] * spec.channels
    if isinstance(spec, TensorInput):
        return math.prod(spec.shape)
    return {"string": 1, "tokens": spec.max_tokens, "tokenizer": 3 * spec.max_tokens}[spec.encoding]


def blank(spec: AnyInput) -> Data:
    """An input of nothing but zeros, to try a model with."""
    data = Data()
    if isinstance(spec, ImageInput):
        data.image.base64 = _black_png()
    elif isinstance(spec, TextInput):
        data.text.raw = ""
        data.text.SetInParent()
    else:
        data.ndarray.shape.extend(spec.shape)
        data.ndarray.dtype = spec.dtype
        data.ndarray.buffer = np.zeros(spec.shape, spec.dtype).tobytes()
    return data


def _black_png() -> bytes:
    from PIL.Image import new

    out = io.BytesIO()
    new("L", (1, 1)).save(out, "PNG")
    return out.getvalue()
