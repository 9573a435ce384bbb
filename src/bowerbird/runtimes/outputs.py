"""Turns a row of a model's output into the data of an answer: concepts, an embedding, or a text."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import Data
from pydantic import Field, model_validator

from bowerbird.errors import ModelInvalid, PredictionFailed
from bowerbird.runtimes.fields import Fields
from bowerbird.runtimes.inputs import Array

Decoder = Callable[[Array], Data]  # one row of the output; raises ApiError
Pairs = tuple[tuple[str, str], ...]  # (id, name)

MAX_LABELS = 100_000
Text = Annotated[str, Field(min_length=1, max_length=256)]


class Label(Fields):
    """A concept that the model tells: its id, and its name if that is another."""

    id: Text
    name: str = Field("", max_length=256)


Labels = Annotated[tuple[Label | Text, ...], Field(max_length=MAX_LABELS)]


class Output(Fields):
    """What the model answers, and what turns it into values between 0 and 1."""

    name: str = Field(min_length=1, max_length=256)
    kind: Literal["concepts", "embedding", "text"] = "concepts"
    activation: Literal["none", "softmax", "sigmoid"] = "none"
    pooling: Literal["none", "mean", "cls"] = "none"  # of the tokens of a text or an image
    normalize: bool = False  # embeddings to the length 1

    @model_validator(mode="after")
    def _check(self) -> "Output":
        if self.kind != "embedding" and (self.pooling != "none" or self.normalize):
            raise ValueError("pooling and normalize are for kind embedding")
        return self


def label_pairs(labels: Sequence[Label | str]) -> Pairs:
    """(id, name) of each label. Raises ModelInvalid when an id comes twice."""
    pairs = tuple(
        (label, label) if isinstance(label, str) else (label.id, label.name or label.id) for label in labels
    )
    if len({id_ for id_, _ in pairs}) < len(pairs):
        raise ModelInvalid("labels: the same id comes twice")
    return pairs


def make_decoder(output: Output, pairs: Pairs) -> Decoder:
    """The decoder of rows; `pairs` name the numbers of a row of concepts."""
    if output.kind == "embedding":
        return _to_embedding
    if output.kind == "text":
        return _to_text
    activate = _ACTIVATIONS[output.activation]

    def to_concepts(row: Array) -> Data:
        values = activate(_finite(row, output.name))
        if len(values) != len(pairs):
            raise PredictionFailed(f"{output.name!r} has {len(values)} numbers for {len(pairs)} concepts")
        data = Data()
        for place in np.argsort(-values, kind="stable").tolist():
            id_, name = pairs[place]
            data.concepts.add(id=id_, name=name, value=values[place])
        return data

    return to_concepts


def _finite(row: Array, name: str) -> Array:
    try:
        values = np.asarray(row, dtype=np.float64).reshape(-1)
    except (ValueError, TypeError) as error:
        raise PredictionFailed(f"{name!r} holds no numbers") from error
    if not np.isfinite(values).all():
        raise PredictionFailed(f"{name!r} holds numbers that are not finite")
    return values


def _softmax(values: Array) -> Array:
    powers = np.exp(values - values.max(initial=-np.inf))
    result: Array = powers / powers.sum()
    return result


def _sigmoid(values: Array) -> Array:
    """1 / (1 + e^-x), in the form that cannot overflow."""
    result: Array = 0.5 * (1.0 + np.tanh(0.5 * values))
    return result


def _as_they_are(values: Array) -> Array:
    return values


_ACTIVATIONS = {"softmax": _softmax, "sigmoid": _sigmoid, "none": _as_they_are}


def _to_embedding(row: Array) -> Data:
    data = Data()
    values = _finite(row, "embedding")
    data.embeddings.add(vector=values, num_dimensions=len(values))
    return data


def _to_text(row: Array) -> Data:
    data = Data()
    data.text.raw = " ".join(str(part) for part in np.asarray(row).reshape(-1))
    return data
