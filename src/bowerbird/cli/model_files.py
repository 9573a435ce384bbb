"""What `models add` and `zoo fill` share: options that describe a model, and its file made ready to send."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from clarifai_grpc.grpc.api.resources_pb2 import ModelVersion, PretrainedModelConfig

from bowerbird.cli import huggingface, manifests
from bowerbird.cli.session import fail
from bowerbird.runtimes.artifact import build_artifact

HERE, INPUT, OUTPUT = "A model here", "What goes in", "What comes out"
_TYPES = {"image": "visual", "text": "text", "tensor": "visual", "json": "text"}

OnnxOption = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        rich_help_panel=HERE,
        help="model.onnx, or a zip of it and manifest.json.",
    ),
]
HuggingFaceOption = Annotated[
    str,
    typer.Option(
        rich_help_panel=HERE, help="Folder of a model exported to ONNX with its configuration, or its hub id."
    ),
]
ManifestOption = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="JSON of all that follows, in place of it."),
]
KindOption = Annotated[
    str,
    typer.Option("--input", rich_help_panel=INPUT, help="image, text, tensor, json, …; default: read off."),
]
InputNameOption = Annotated[str, typer.Option(rich_help_panel=INPUT, help="Name of the tensor.")]
SizeOption = Annotated[str, typer.Option(rich_help_panel=INPUT, help="WIDTHxHEIGHT of the images.")]
MeanOption = Annotated[str, typer.Option(rich_help_panel=INPUT, help="After scaling: 0.485,0.456,0.406")]
StdOption = Annotated[str, typer.Option(rich_help_panel=INPUT, help="0.229,0.224,0.225")]
ScaleOption = Annotated[float, typer.Option(rich_help_panel=INPUT, help="Of pixels from 0 to 255.")]
LabelsOption = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, rich_help_panel=OUTPUT, help="The concepts, one a line."),
]
OutputNameOption = Annotated[str, typer.Option(rich_help_panel=OUTPUT, help="Name of the tensor.")]
OutputKindOption = Annotated[
    str, typer.Option("--output", rich_help_panel=OUTPUT, help="concepts, embedding, text or regions.")
]
ActivationOption = Annotated[
    str, typer.Option(rich_help_panel=OUTPUT, help="none, softmax or sigmoid; default: read off.")
]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A version ready to be sent, and what was understood of it."""

    understood: manifests.Json
    version: ModelVersion

    @property
    def type(self) -> str:
        """The model type of what goes in and out; a zip without more words is taken for images."""
        return type_of(self.understood)


def said(
    *,
    kind: str,
    input_name: str,
    size: str,
    mean: str,
    std: str,
    scale: float,
    output_name: str,
    output_kind: str,
    activation: str,
) -> manifests.Said:
    """What the options say of a model. Ends the command when one cannot be read."""
    return manifests.Said(
        kind=kind,
        input_name=input_name,
        output_name=output_name,
        output_kind=output_kind,
        size=_size(size),
        fields=_image_fields(mean, std, scale),
        activation=activation,
    )


def from_hub(place: str, labels: Sequence[str]) -> Prepared:
    """The export in a folder, or that of a hub id. Ends the command when it cannot be used."""
    export = huggingface.read(place)
    understood = {**export.manifest, "labels": list(labels)} if labels else export.manifest
    return Prepared(understood, _version(export.model, understood, export.files))


def from_file(file: Path, manifest: Path | None, said: manifests.Said, labels: Sequence[str]) -> Prepared:
    """An ONNX file with what was said and read off it, or a zip as it is."""
    content = file.read_bytes()
    if content[:2] == b"PK":
        return Prepared({}, _carrying(content))
    understood = json.loads(manifest.read_text()) if manifest else _read_off(content, said)
    understood = {**understood, "labels": list(labels)} if labels else understood
    return Prepared(understood, _version(content, understood, {}))


def _version(model: bytes, manifest: manifests.Json, files: Mapping[str, bytes]) -> ModelVersion:
    return _carrying(build_artifact(model, manifest, files))


def _carrying(content: bytes) -> ModelVersion:
    url = f"data:application/zip;base64,{base64.b64encode(content).decode()}"
    return ModelVersion(pretrained_model_config=PretrainedModelConfig(model_zip_url=url))


def _read_off(content: bytes, said: manifests.Said) -> manifests.Json:
    found = manifests.manifest(manifests.of_onnx(content), said)
    if found["output"]["kind"] == "concepts" and not said.activation:
        found["output"]["activation"] = "none" if manifests.sums_to_one(content, found) else "softmax"
    return found


def type_of(understood: manifests.Json) -> str:
    """The model type of what goes in and out; a zip without more words is taken for images."""
    given = understood.get("input", {}).get("kind", "")
    kind = _TYPES.get(given, "visual")
    answers = understood.get("output", {}).get("kind", "concepts")
    if answers == "regions":
        return "visual-detector"
    if given == "audio":
        return "audio-to-text"
    if answers == "text":
        return "text-to-text" if kind == "text" else "image-to-text"
    return f"{kind}-embedder" if answers == "embedding" else f"{kind}-classifier"


def _size(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        fail(f"--size {text}: expected WIDTHxHEIGHT, such as 224x224")
    return int(width), int(height)


def _image_fields(mean: str, std: str, scale: float) -> manifests.Json:
    """Those that were said; the others have the server's own defaults."""
    fields: manifests.Json = {
        name: _numbers(name, text) for name, text in (("mean", mean), ("std", std)) if text
    }
    return fields if scale == 1 / 255 else {**fields, "scale": scale}


def _numbers(name: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        fail(f"--{name} {text}: expected numbers with commas between them")
