"""Small models as Hugging Face's tools export them: a folder with model.onnx and what describes it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "fine", "awful", "cat", "dog"]
FEELINGS = {"good": 0, "fine": 0, "bad": 1, "awful": 1}  # which of two labels a word speaks for
LABELS = {"0": "happy", "1": "sad"}
MEAN, STD = [0.5, 0.4, 0.3], [0.2, 0.25, 0.5]


def tokenizer() -> Tokenizer:
    """Small words; every text is put between [CLS] and [SEP]."""
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return made


def vectors(width: int = 4) -> np.ndarray:
    """A vector of each word: the first two numbers say what it feels like."""
    table = np.random.default_rng(0).normal(size=(len(WORDS), width)).astype(np.float32)
    table[:, :2] = 0
    for word, place in FEELINGS.items():
        table[WORDS.index(word), place] = 3
    return table


def text_classifier(folder: Path, **config: Any) -> Path:
    """The sum of the vectors of a text's words, cut to two labels."""
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["hidden"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
        helper.make_node("Mul", ["hidden", "column"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "middle"], ["logits"], keepdims=0),
    ]
    weights = {"table": vectors(2), "last": np.array([2]), "middle": np.array([1])}
    model = graph(nodes, _text_inputs(), [value("logits", ["N", 2])], weights)
    _write(folder, model, {"id2label": LABELS, "max_position_embeddings": 64, **config})
    tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def text_embedder(folder: Path, pooling: dict[str, bool], *steps: str) -> Path:
    """The vectors of a text's tokens, as a sentence-transformer has them."""
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"]),
        helper.make_node("Identity", ["attention_mask"], ["unused"]),
    ]
    outputs = [value("last_hidden_state", ["N", "L", 4])]
    _write(folder, graph(nodes, _text_inputs(), outputs, {"table": vectors()}), {})
    tokenizer().save(str(folder / "tokenizer.json"))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    types = [{"type": f"sentence_transformers.models.{step}"} for step in steps]
    (folder / "modules.json").write_text(json.dumps(types))
    return folder


def image_classifier(folder: Path, **preprocessor: Any) -> Path:
    """The mean of each channel, as three labels: what goes into the model can be read off its answer."""
    nodes = [helper.make_node("ReduceMean", ["pixel_values"], ["logits"], axes=[2, 3], keepdims=0)]
    inputs = [value("pixel_values", ["N", 3, 4, 4])]
    labels = {"0": "red", "1": "green", "2": "blue"}
    _write(folder, graph(nodes, inputs, [value("logits", ["N", 3])], {}), {"id2label": labels})
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
    return folder


def graph(nodes: list[Any], inputs: list[Any], outputs: list[Any], weights: Mapping[str, Any]) -> bytes:
    tensors = [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()]
    made = helper.make_graph(nodes, "g", inputs, outputs, tensors)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(made, opset_imports=opset, ir_version=8).SerializeToString()


def value(name: str, shape: list[Any], kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def _text_inputs() -> list[Any]:
    return [value(name, ["N", "L"], TensorProto.INT64) for name in ("input_ids", "attention_mask")]


def _write(folder: Path, model: bytes, config: dict[str, Any]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(model)
    (folder / "config.json").write_text(json.dumps(config))
