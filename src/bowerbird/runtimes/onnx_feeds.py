"""What goes into an ONNX model beside one tensor, and what is made of the tokens that come out."""

from collections.abc import Callable, Collection, Mapping

import numpy as np

from bowerbird.errors import PredictionFailed
from bowerbird.runtimes.inputs import Array
from bowerbird.runtimes.outputs import Output

Feeds = Mapping[str, Array]
Feed = Callable[[Array], Feeds]  # a batch as the encoder made it, by the names of the model's inputs
Pool = Callable[[object, Feeds], object]  # an output of the session, to one with a row for each input

TOKENS = ("input_ids", "attention_mask", "token_type_ids")  # the rows that a tokenizer's encoder makes
MASK = TOKENS[1]


def one(name: str) -> Feed:
    """The batch as it is."""
    return lambda batch: {name: batch}


def of_tokens(names: Collection[str], *, is_fixed: bool) -> Feed:
    """Those of TOKENS that the model takes; cut to the longest text of a batch unless the length is fixed."""

    def feed(batch: Array) -> Feeds:
        longest = batch.shape[2] if is_fixed else max(1, int(batch[:, 1].sum(axis=1).max()))
        parts = {name: batch[:, row, :longest] for row, name in enumerate(TOKENS)}
        return {name: np.ascontiguousarray(part) for name, part in parts.items() if name in names}

    return feed


def pool_of(output: Output) -> Pool:
    """Rows of tokens become one by the output's pooling; embeddings get the length 1 if it says so."""

    def pool(found: object, feeds: Feeds) -> object:
        if output.pooling != "none":
            found = _pooled(np.asarray(found), output, feeds.get(MASK))
        return _of_length_1(np.asarray(found)) if output.normalize else found

    return pool


def _pooled(tokens: Array, output: Output, mask: Array | None) -> Array:
    if tokens.ndim != 3:
        raise PredictionFailed(f"{output.name!r} has the shape {list(tokens.shape)}; pooling needs tokens")
    if output.pooling == "cls":
        first: Array = tokens[:, 0]
        return first
    weights = np.ones(tokens.shape[:2]) if mask is None else mask
    summed: Array = (tokens * weights[:, :, None]).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)[:, None]
    return summed


def _of_length_1(rows: Array) -> Array:
    flat = rows.reshape(len(rows), -1)
    scaled: Array = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)
    return scaled
