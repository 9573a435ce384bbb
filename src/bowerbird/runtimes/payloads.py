"""Reads the bodies that other servers take and answer: KServe V1, the Open Inference Protocol, Seldon."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bowerbird.errors import Invalid
from bowerbird.runtimes.tensors import Json, read_tensor, tensors

Side = Literal["request", "response"]
Rows = Sequence[Any]  # Any: one instance of a batch, as JSON or as an array


@dataclass(frozen=True, slots=True)
class Words:
    """What KServe V1 and the Open Inference Protocol call the rows of one side."""

    v1: str
    v2: str


WORDS: dict[Side, Words] = {
    "request": Words("instances", "inputs"),
    "response": Words("predictions", "outputs"),
}
SELDON = ("data", "jsonData", "strData", "binData")


def rows_of(body: bytes, side: Side, name: str) -> Rows:
    """The instances of a logged body; of several tensors or members the one with that name.

    Raises Invalid when there are none to be found.
    """
    return rows_of_message(_object(body), side, name)


def rows_of_message(message: Json, side: Side, name: str) -> Rows:
    """As `rows_of`, for a body that was read already."""
    words = WORDS[side]
    if isinstance(rows := message.get(words.v1), list):
        return [_member(row, name) for row in rows]
    if isinstance(message.get(words.v2), list):
        return list(read_tensor(_chosen(tensors(message, words.v2), name, words.v2), Invalid))
    word = next((word for word in SELDON if word in message), None)
    if word is not None:
        return _of_seldon(word, message[word], name)
    if "error" in message:
        raise Invalid(f"data: the other server answered an error: {str(message['error'])[:200]}")
    found = ", ".join(sorted(map(str, message)))[:200] or "nothing"
    raise Invalid(f"data: expected {words.v1}, {words.v2} or one of {', '.join(SELDON)}; found {found}")


def _object(body: bytes) -> Json:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid("data: expected JSON") from None
    if not isinstance(message, dict):
        raise Invalid("data: expected a JSON object")
    return message


def _chosen(found: dict[str, Json], name: str, side: str) -> Json:
    """The tensor of that name, or the only one there is."""
    if name in found:
        return found[name]
    if len(found) == 1:
        return next(iter(found.values()))
    raise Invalid(f"data.{side}: expected a tensor {name!r}; found {', '.join(found)[:200] or 'none'}")


def _member(row: object, name: str) -> object:
    """The member of that name, when the row has one."""
    return row[name] if isinstance(row, dict) and name in row else row


def _of_seldon(word: str, value: object, name: str) -> Rows:
    if word == "data":
        return _of_data(value)
    if word == "binData":
        return [{"b64": value}]
    if word == "jsonData" and isinstance(value, list):
        return [_member(row, name) for row in value]
    return [_member(value, name)]


def _of_data(data: object) -> Rows:
    """Seldon's `data`: an ndarray, nested, or a tensor of shape and values."""
    if isinstance(data, dict):
        if isinstance(rows := data.get("ndarray"), list):
            return rows
        tensor = data.get("tensor")
        if isinstance(tensor, dict):
            try:
                array = np.array(tensor.get("values"), np.float64).reshape(tensor.get("shape"))
                return list(array)
            except (ValueError, TypeError):
                raise Invalid("data.data.tensor: values and shape do not agree") from None
    raise Invalid("data.data: expected ndarray or tensor")


def bytes_of(value: object) -> bytes:
    """Bytes in base64: bare, in {"b64": ...}, or in an array of one. Raises Invalid."""
    text = only_one(value)
    if isinstance(text, dict):
        text = text.get("b64") if "b64" in text else only_one(list(text.values()))
        text = text.get("b64") if isinstance(text, dict) else text
    if not isinstance(text, str):
        raise Invalid("expected bytes in base64")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("expected bytes in base64") from None


def only_one(value: object) -> object:
    """The element of an array or list of one, however deep; anything else as it is."""
    value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value
