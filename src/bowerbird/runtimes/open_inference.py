"""Models elsewhere that speak the Open Inference Protocol: on KServe, Triton, MLServer, OpenVINO."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import Data
from pydantic import Field

from bowerbird.errors import ApiError, ModelInvalid, PredictionFailed
from bowerbird.runtimes.batches import predict_batch
from bowerbird.runtimes.fields import Fields, read_fields
from bowerbird.runtimes.inference_grpc import GrpcServer
from bowerbird.runtimes.inference_rest import RestServer
from bowerbird.runtimes.inputs import (
    AnyInput,
    Array,
    Encoder,
    TextInput,
    elements_of,
    image_bytes_of,
    make_encoder,
)
from bowerbird.runtimes.outputs import Decoder, Labels, Output, label_pairs, make_decoder
from bowerbird.runtimes.places import Entry, Place, remote_at
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec, Results
from bowerbird.runtimes.tensors import DATATYPES, InferenceServer, Json, Wanted, tensors
from bowerbird.settings import Settings

MAX_ELEMENTS = 8 * 1024 * 1024  # of one request: over HTTP numbers are sent as text


class RawImageInput(Fields):
    """An image that the server decodes: its bytes, over HTTP in base64."""

    kind: Literal["image-bytes"]
    name: str = Field(min_length=1, max_length=256)


RemoteInput = Annotated[AnyInput | RawImageInput, Field(discriminator="kind")]


class Config(Place):
    """The parameters of a version that another server runs."""

    model_version: str = Field("", max_length=64)
    input: RemoteInput
    output: Output
    labels: Labels = ()
    max_batch: int = Field(16, ge=1, le=256)


@runtime("open-inference", alias="triton")
def load(spec: ModelSpec, environment: Environment) -> "OpenInferenceModel":
    """A version whose config says which server runs it. The server is asked what it knows of the model."""
    config = read_fields(Config, spec.config)
    pairs = spec.concepts or label_pairs(config.labels)
    if config.output.kind == "concepts" and not pairs:
        raise ModelInvalid("labels: there are none, and the version names no concepts")
    encode = _encoder(config, environment.settings)
    elements = _elements(config.input)
    server = server_at(config, config.model_version, spec, environment)
    try:
        fixed = _check_metadata(config, server.metadata())
    except PredictionFailed as error:
        server.close()
        raise ModelInvalid(f"model_name: {error.details}") from error
    except BaseException:
        server.close()
        raise
    return OpenInferenceModel(
        config=config,
        server=server,
        encode=encode,
        decode=make_decoder(config.output, pairs),
        max_batch=1 if fixed == 1 else min(config.max_batch, MAX_ELEMENTS // elements),
    )


def server_at(place: Place, model_version: str, spec: ModelSpec, environment: Environment) -> InferenceServer:
    """The model there. Raises ModelInvalid for a place that the version may not name, Unreachable."""
    if not place.is_grpc:
        return RestServer(remote_at(place, spec, environment), place.model_name, model_version)
    return GrpcServer(
        place.url,
        Entry(place, spec, environment),
        place.model_name,
        model_version,
        policy=environment.policy_for(spec),
        patience=place.patience,
        breaker=place.breaker,
    )


def _encoder(config: Config, settings: Settings) -> Encoder:
    if not isinstance(config.input, RawImageInput):
        return make_encoder(config.input, settings, {})
    if config.is_grpc:
        return lambda data: np.array([image_bytes_of(data)], dtype=object)
    return lambda data: np.array([base64.b64encode(image_bytes_of(data)).decode()], dtype=object)


def _elements(spec: RemoteInput) -> int:
    """Numbers or strings that one input makes. Raises ModelInvalid for too many."""
    elements = 1 if isinstance(spec, RawImageInput) else elements_of(spec)
    if elements > MAX_ELEMENTS:
        raise ModelInvalid(f"input: {elements:,} numbers, {MAX_ELEMENTS:,} are allowed")
    return elements


def _check_metadata(config: Config, metadata: Json) -> int:
    """The batch size if it is fixed, else -1. Raises ModelInvalid naming what the server does not have."""
    inputs, outputs = (tensors(metadata, side) for side in ("inputs", "outputs"))
    if inputs and config.input.name not in inputs:
        raise ModelInvalid(f"input.name: {config.input.name!r}, but the model's inputs are {list(inputs)}")
    if outputs and config.output.name not in outputs:
        raise ModelInvalid(
            f"output.name: {config.output.name!r}, but the model's outputs are {list(outputs)}"
        )
    tensor = inputs.get(config.input.name, {})
    datatype = tensor.get("datatype", _datatype(config.input))
    if datatype != _datatype(config.input):
        raise ModelInvalid(f"input.dtype: {_datatype(config.input)}, but the model takes {datatype}")
    shape = tensor.get("shape")
    return shape[0] if isinstance(shape, list) and shape and isinstance(shape[0], int) else -1


def _datatype(spec: RemoteInput) -> str:
    if isinstance(spec, RawImageInput) or (isinstance(spec, TextInput) and spec.encoding == "string"):
        return "BYTES"
    return DATATYPES[spec.dtype]


@dataclass(frozen=True, slots=True)
class OpenInferenceModel:
    """A model on another server."""

    config: Config
    server: InferenceServer
    encode: Encoder
    decode: Decoder
    max_batch: int

    @property
    def parallel(self) -> int:
        return self.config.parallel

    def predict(self, inputs: Sequence[Data]) -> Results:
        return predict_batch(inputs, self.encode, self._run, self.decode)

    def close(self) -> None:
        self.server.close()

    def _run(self, arrays: list[Array]) -> Sequence[Array | ApiError]:
        """Rows; a batch that the server refuses is sent again one by one, since one input may be at fault."""
        try:
            return list(self.server.infer(np.stack(arrays), self._wanted))
        except PredictionFailed as error:
            if len(arrays) == 1:
                return [error]
        except ApiError as error:
            return [error] * len(arrays)
        return [row for array in arrays for row in self._run([array])]

    @property
    def _wanted(self) -> Wanted:
        return Wanted(
            self.config.input.name,
            _datatype(self.config.input),
            self.config.output.name,
            is_base64=isinstance(self.config.input, RawImageInput),
        )
