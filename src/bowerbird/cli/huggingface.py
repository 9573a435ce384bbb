"""Models of Hugging Face that were exported to ONNX: what their configuration files say, as a manifest."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bowerbird.cli.manifests import Json, Signature, Tensor, of_onnx
from bowerbird.cli.session import FAILED, fail

WANTED = ("*.json", "*.txt", "model.onnx", "onnx/model.onnx")
TOKENIZER = "tokenizer.json"
# The numbers that Pillow, and so the preprocessors, give to ways of resampling.
_RESAMPLING = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box"}
_TEXT_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_POOLED = ("sentence_embedding", "pooler_output", "image_embeds", "text_embeds")
LONGEST = 512  # tokens, unless the model says less


@dataclass(frozen=True, slots=True)
class Export:
    """A model with its manifest and the files that go beside it."""

    model: bytes
    manifest: Json
    files: Mapping[str, bytes] = field(default_factory=dict)


def read(place: str) -> Export:
    """The export in a folder, or of a hub id. Ends the command when something is missing."""
    folder = Path(place) if Path(place).is_dir() else _fetched(place)
    file = next((f for f in (folder / "model.onnx", folder / "onnx" / "model.onnx") if f.is_file()), None)
    if file is None:
        fail(f"{place} has no model.onnx. Export it first, for example with: optimum-cli export onnx")
    if any(file.parent.glob("*.onnx_data")):
        fail(f"{place}: the weights are in a file of their own, which is not read; export it into one file.")
    model = file.read_bytes()
    config, signature = _json(folder, "config.json"), of_onnx(model)
    if {tensor.name for tensor in signature.inputs} <= _TEXT_INPUTS:
        return _text(folder, model, signature, config)
    return Export(model, _image(folder, signature, config))


def _fetched(id: str) -> Path:
    """The files of a hub id, kept in the hub's own cache."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ModuleNotFoundError:
        fail(f"{id} is no folder here. To fetch from the hub: pip install 'bowerbird[hub]'")
    try:
        return Path(snapshot_download(id, allow_patterns=list(WANTED)))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        fail(f"{id} is no folder here, and could not be fetched: {str(error).splitlines()[0]}", FAILED)


def _image(folder: Path, signature: Signature, config: Json) -> Json:
    given = _json(folder, "preprocessor_config.json")
    if len(signature.inputs) != 1:
        names = ", ".join(tensor.name for tensor in signature.inputs)
        fail(f"The model takes {names}; expected an image alone, or a text.")
    tensor = signature.inputs[0]
    output, labels = _output(signature, config, _IMAGE_POOLING)
    image: Json = {"kind": "image", "name": tensor.name, "layout": "NCHW", "dtype": tensor.dtype}
    image |= {"channels": config.get("num_channels", 3), **_resizing(given), **_scaling(given)}
    return {"input": image, "output": output, "labels": labels}


def _resizing(given: Json) -> Json:
    """Size, way and interpolation, from any of the forms that preprocessors write a size in."""
    size = _sides(given.get("size", 224))
    way: Json = {"interpolation": _RESAMPLING.get(given.get("resample", 2), "bilinear")}
    if given.get("do_center_crop") and given.get("crop_size"):
        crop = _sides(given["crop_size"])
        share = min(1.0, min(crop) / min(size)) if given.get("do_resize", True) else 1.0
        return {"size": list(crop), "resize": "crop", "crop_share": share, **way}
    if isinstance(given.get("size"), dict) and "shortest_edge" in given["size"]:
        return {"size": list(size), "resize": "crop", "crop_share": given.get("crop_pct") or 1.0, **way}
    return {"size": list(size), "resize": "stretch", **way}


def _sides(size: Any) -> tuple[int, int]:  # a number, or an object
    """Width and height."""
    if not isinstance(size, dict):
        return size, size
    edge = size.get("shortest_edge")
    return (edge, edge) if edge else (size["width"], size["height"])


def _scaling(given: Json) -> Json:
    scale: Json = {"scale": given.get("rescale_factor", 1 / 255) if given.get("do_rescale", True) else 1.0}
    if given.get("do_normalize", True) and "image_mean" in given:
        scale |= {"mean": given["image_mean"], "std": given["image_std"]}
    return scale


def _text(folder: Path, model: bytes, signature: Signature, config: Json) -> Export:
    file = folder / TOKENIZER
    if not file.is_file():
        fail(f"There is no {TOKENIZER} in {folder}: models with other tokenizers are not read.")
    output, labels = _output(signature, config, _text_pooling(folder))
    text = {
        "kind": "text",
        "name": "input_ids",
        "encoding": "tokenizer",
        "tokenizer": TOKENIZER,
        "max_tokens": _longest(folder, config),
        "pad_id": config.get("pad_token_id") or 0,
        "dtype": next(t.dtype for t in signature.inputs if t.name == "input_ids"),
    }
    return Export(model, {"input": text, "output": output, "labels": labels}, {TOKENIZER: file.read_bytes()})


def _longest(folder: Path, config: Json) -> int:
    """The most tokens that the model takes, by whoever says least."""
    said = (
        config.get("max_position_embeddings"),
        _json(folder, "tokenizer_config.json", {}).get("model_max_length"),
        _json(folder, "sentence_bert_config.json", {}).get("max_seq_length"),
    )
    return int(min([LONGEST, *(n for n in said if n)]))


def _output(signature: Signature, config: Json, pooling: Json) -> tuple[Json, Sequence[str]]:
    """The output of a manifest, and its labels; an embedder has none."""
    names = {tensor.name: tensor for tensor in signature.outputs}
    if "logits" in names:
        labels = config.get("id2label") or fail("config.json has no id2label: the concepts are not known.")
        multi = config.get("problem_type") == "multi_label_classification"
        output = {"kind": "concepts", "name": "logits", "activation": "sigmoid" if multi else "softmax"}
        return output, [labels[key] for key in sorted(labels, key=int)]
    for name in _POOLED:
        if name in names:
            return {"kind": "embedding", "name": name, "normalize": bool(pooling.get("normalize"))}, ()
    hidden = [tensor for tensor in names.values() if _is_hidden(tensor)]
    if len(hidden) != 1:
        fail(f"The model answers {', '.join(names)}; expected logits, last_hidden_state or an embedding.")
    return {"kind": "embedding", "name": hidden[0].name, **pooling}, ()


def _is_hidden(tensor: Tensor) -> bool:
    return tensor.name == "last_hidden_state" or len(tensor.shape) == 3


_IMAGE_POOLING: Json = {"pooling": "cls", "normalize": True}


def _text_pooling(folder: Path) -> Json:
    """As the modules of sentence-transformers say it; without them the mean, of length 1."""
    steps = _json(folder, "modules.json", [])
    pooling = _json(folder / "1_Pooling", "config.json", {})
    normalize = any(str(step.get("type", "")).endswith("Normalize") for step in steps) if steps else True
    return {"pooling": "cls" if pooling.get("pooling_mode_cls_token") else "mean", "normalize": normalize}


def _json(folder: Path, name: str, default: Any = None) -> Any:  # JSON
    file = folder / name
    if not file.is_file():
        return default if default is not None else fail(f"There is no {name} in {folder}.")
    try:
        return json.loads(file.read_text())
    except ValueError as error:
        fail(f"{file} is no JSON: {error}")
