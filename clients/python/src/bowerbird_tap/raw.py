"""A prediction as the host gave it, copied. Making JSON of it can wait for the background.

The copy is the least that keeps the host free to change its objects. Encoding in the host's call would cost
more than it seems: between two predictions of a real model nothing of the encoder stays in the caches.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence, Set

LEAF = 48  # bytes, about: what a number or a key takes, in memory as in JSON
_NUMBERS = frozenset({float, int, bool, type(None)})


class Raw:
    """`size` is an estimate in bytes; the item that is made of it knows better."""

    __slots__ = ("at", "caller", "input", "metadata", "output", "request_id", "size")

    def __init__(self, given: object, output: object, metadata: object, request_id: str, caller: str) -> None:
        self.input, size = copied(given)
        self.output, more = copied(output)
        self.metadata, rest = copied(metadata)
        self.size = size + more + rest
        self.request_id = request_id
        self.caller = caller
        self.at = time.time()


def copied(value: object) -> tuple[object, int]:
    """The value in builtin types that nobody else can change, and its size. Raises TypeError."""
    kind = type(value)
    if kind is str or kind is bytes:
        return value, len(value) + LEAF  # type: ignore[arg-type]  # `kind` has just said so
    if kind in _NUMBERS:
        return value, LEAF
    if kind is dict:
        return _copied_dict(dict(value))  # type: ignore[call-overload]  # here as well
    return _copied_other(value)


def _copied_dict(copy: dict[object, object]) -> tuple[object, int]:
    size = LEAF * (1 + 2 * len(copy))
    for key, value in copy.items():
        if type(value) not in _NUMBERS:
            copy[key], more = copied(value)
            size += more
    return copy, size


def _copied_other(value: object) -> tuple[object, int]:
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value), len(value) + LEAF
    if isinstance(value, Mapping):
        return _copied_dict(dict(value))
    to_list = getattr(value, "tolist", None)  # arrays and numbers of NumPy, PyTorch and their like
    if to_list is not None:
        return copied(to_list())
    if isinstance(value, (str, int, float)):
        return value, LEAF + (len(value) if isinstance(value, str) else 0)
    if isinstance(value, (Sequence, Set)):
        pairs = [copied(one) for one in value]
        return [copy for copy, _ in pairs], sum(size for _, size in pairs) + LEAF
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
