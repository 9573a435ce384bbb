"""Runs ONNX models: images, texts and tensors to concepts or embeddings."""

import os
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import Data
from pydantic import Field

from bowerbird.errors import ModelInvalid, PredictionFailed
from bowerbird.runtimes.artifact import Artifact, open_artifact
from bowerbird.runtimes.batches import predict_batch
from bowerbird.runtimes.fields import Fields, read_fields
from bowerbird.runtimes.inputs import AnyInput, Array, Encoder, TextInput, blank, make_encoder
from bowerbird.runtimes.onnx_feeds import TOKENS, Feed, Pool, of_tokens, one, pool_of
from bowerbird.runtimes.outputs import Decoder, Labels, Output, Pairs, label_pairs, make_decoder
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec, Results
from bowerbird.settings import Settings

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, NodeArg, RunOptions

MAX_BATCH_BYTES = 256 * 1024 * 1024  # of the input tensor
TRIAL_S = 30.0  # longest run of the zero input
_DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(string)": "object",
} | {f"tensor({name})": name for name in ("bool", "uint8", "int8", "int16", "int32", "int64")}


class Manifest(Fields):
    """What manifest.json says."""

    input: AnyInput
    output: Output
    labels: Labels = ()
    max_batch: int = Field(32, ge=1, le=256)


@dataclass(frozen=True, slots=True)
class ArtifactInfo:
    """What an uploaded model takes and answers."""

    input_kind: str  # "image", "text" or "tensor"
    output_kind: str  # "concepts" or "embedding"
    labels: Pairs  # (id, name) in the order of the outputs
    width: int  # numbers in a row of the output


@runtime("onnx")
def load(spec: ModelSpec, environment: Environment) -> "OnnxModel":
    """The version that was uploaded as a zip."""
    if not spec.artifact:
        raise ModelInvalid("the version has no uploaded model")
    artifact = open_artifact(
        environment.read_artifact(spec.artifact), max_bytes=environment.settings.max_model_bytes
    )
    return _load_artifact(artifact, environment.settings, spec.concepts)[0]


def validate_artifact(zip_bytes: bytes, settings: Settings, concepts: Pairs = ()) -> ArtifactInfo:
    """Load an uploaded zip and run a zero input through it; `concepts` take the place of its labels.

    Takes its time: call it in a thread. Raises ModelInvalid naming what does not fit.
    """
    artifact = open_artifact(zip_bytes, max_bytes=settings.max_model_bytes)
    return _load_artifact(artifact, settings, concepts)[1]


def _load_artifact(
    artifact: Artifact, settings: Settings, concepts: Pairs
) -> "tuple[OnnxModel, ArtifactInfo]":
    manifest = read_fields(Manifest, artifact.manifest)
    if manifest.output.kind == "text":
        raise ModelInvalid("output.kind: an ONNX model answers concepts or an embedding")
    session = _open_session(artifact.model)
    nodes = _input_nodes(session, manifest)
    node = nodes[manifest.input.name]
    pairs = tuple(concepts) or label_pairs(manifest.labels)
    encode = _encoder(manifest, node, settings, artifact.files)
    first = encode(blank(manifest.input))
    _check_shape(first, node, has_rows=_is_tokenized(manifest))
    fixed = node.shape[0] if node.shape and isinstance(node.shape[0], int) else 0
    model = OnnxModel(
        session=session,
        feed=_feed(manifest, nodes),
        output_name=manifest.output.name,
        encode=encode,
        pool=pool_of(manifest.output),
        decode=make_decoder(manifest.output, pairs),
        fixed_batch=fixed,
        max_batch=fixed or max(1, min(manifest.max_batch, MAX_BATCH_BYTES // max(1, first.nbytes))),
    )
    width = _try(model, first)
    if manifest.output.kind == "concepts" and len(pairs) != width:
        raise ModelInvalid(f"labels: {len(pairs)} for the {width} numbers of {manifest.output.name!r}")
    return model, ArtifactInfo(manifest.input.kind, manifest.output.kind, pairs, width)


def _open_session(model: bytes) -> "InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # A model may name files that hold its weights, by default in the working folder, which holds our data:
    # it could answer with the content of any of them. So the folder that it may read is an empty one.
    with tempfile.TemporaryDirectory(prefix="bowerbird-") as folder:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
        try:
            return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors share no other class
            raise ModelInvalid(f"model.onnx: {_first_line(error)}") from error


def _input_nodes(session: "InferenceSession", manifest: Manifest) -> "dict[str, NodeArg]":
    """The model's inputs by name: the one of the manifest, and what a tokenizer makes beside it."""
    inputs = {node.name: node for node in session.get_inputs()}
    outputs = [node.name for node in session.get_outputs()]
    allowed = {manifest.input.name, *(TOKENS if _is_tokenized(manifest) else ())}
    if manifest.input.name not in inputs or not set(inputs) <= allowed:
        raise ModelInvalid(f"input.name: {manifest.input.name!r}, but the model's inputs are {list(inputs)}")
    if manifest.output.name not in outputs:
        raise ModelInvalid(f"output.name: {manifest.output.name!r}, but the model's outputs are {outputs}")
    return inputs


def _is_tokenized(manifest: Manifest) -> bool:
    return isinstance(manifest.input, TextInput) and manifest.input.encoding == "tokenizer"


def _feed(manifest: Manifest, nodes: "Mapping[str, NodeArg]") -> Feed:
    if not _is_tokenized(manifest):
        return one(manifest.input.name)
    shape = list(nodes[manifest.input.name].shape or [])
    return of_tokens(set(nodes), is_fixed=len(shape) == 2 and isinstance(shape[1], int))


def _encoder(manifest: Manifest, node: "NodeArg", settings: Settings, files: Mapping[str, bytes]) -> Encoder:
    is_string = isinstance(manifest.input, TextInput) and manifest.input.encoding == "string"
    given = "object" if is_string else getattr(manifest.input, "dtype", "")
    if _DTYPES.get(node.type) != given:
        wanted = "string" if is_string else given
        raise ModelInvalid(f"input.dtype: {wanted}, but the model takes {node.type}")
    encode = make_encoder(manifest.input, settings, files)
    if is_string and len(node.shape) == 1:
        return lambda data: encode(data).reshape(())
    return encode


def _check_shape(first: Array, node: "NodeArg", *, has_rows: bool) -> None:
    wanted, given = list(node.shape or [])[1:], list(first.shape[1:] if has_rows else first.shape)
    fits = len(wanted) == len(given) and all(
        not isinstance(side, int) or side == got for side, got in zip(wanted, given, strict=True)
    )
    if node.shape and not fits:
        raise ModelInvalid(
            f"input: the manifest gives the shape {['N', *given]}, the model takes {node.shape}"
        )


def _try(model: "OnnxModel", first: Array) -> int:
    """Width of the output for one zero input, stopped after TRIAL_S. Raises ModelInvalid."""
    import onnxruntime

    options = onnxruntime.RunOptions()
    timer = threading.Timer(TRIAL_S, setattr, (options, "terminate", True))
    timer.daemon = True
    timer.start()
    try:
        return int(np.size(model.run([first], options)[0]))
    except PredictionFailed as error:
        raise ModelInvalid(f"output.name: {error.details}") from error
    except Exception as error:  # onnxruntime's errors share no other class
        raise ModelInvalid(f"model.onnx fails on a zero input: {_first_line(error)}") from error
    finally:
        timer.cancel()


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:300]


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """A loaded ONNX model."""

    session: "InferenceSession"
    feed: Feed
    output_name: str
    encode: Encoder
    pool: Pool
    decode: Decoder
    fixed_batch: int  # rows that the model always takes, 0 for any number
    max_batch: int

    @property
    def parallel(self) -> int:
        return min(4, os.cpu_count() or 1)

    def predict(self, inputs: Sequence[Data]) -> Results:
        return predict_batch(inputs, self.encode, self.run, self.decode)

    def run(self, arrays: list[Array], options: "RunOptions | None" = None) -> list[Array]:
        """A row of the output for each array. Raises PredictionFailed for an output without rows."""
        filled = arrays + [arrays[0]] * (self.fixed_batch - len(arrays))
        feeds = self.feed(np.stack(filled))
        [output] = self.session.run([self.output_name], feeds, options)
        rows = _rows(self.pool(output, feeds))
        if len(rows) != len(filled):
            raise PredictionFailed(f"{self.output_name!r} has {len(rows)} rows for {len(filled)} inputs")
        return rows[: len(arrays)]

    def close(self) -> None:
        """The session's memory goes with its last reference."""


def _rows(output: object) -> list[Array]:
    """Rows of a tensor, or of the list of {class: probability} that converted scikit-learn models answer."""
    if isinstance(output, list):
        return [np.array([*row.values()] if isinstance(row, dict) else row) for row in output]
    return list(np.atleast_1d(np.asarray(output)))
