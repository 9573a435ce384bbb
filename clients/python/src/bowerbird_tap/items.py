"""One prediction on its way: JSON in pieces, so that media are written as base64 in the background."""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterable, Iterator
from typing import Protocol

SLICE = 3 * 64 * 1024  # a multiple of 3: the pieces of base64 join without padding
_REQUEST_ID = re.compile(rb'\{"request_id":("(?:[^"\\]|\\.)*")')


class Item:
    """A prediction as ASCII JSON: `head`, then `media` as base64, then `tail`. Opens with its request id."""

    __slots__ = ("head", "media", "size", "tail")

    def __init__(self, head: bytes, media: bytes = b"", tail: bytes = b"") -> None:
        self.head = head
        self.media = media
        self.tail = tail
        self.size = len(head) + (len(media) + 2) // 3 * 4 + len(tail)

    def payload(self) -> bytes:
        return b"".join((self.head, *_base64(self.media), self.tail)) if self.media else self.head + self.tail

    def request_id(self) -> str:
        """The empty text if it cannot be read, which only damage can bring about."""
        found = _REQUEST_ID.match(self.head)
        return str(json.loads(found[1])) if found else ""


class Sized(Protocol):
    @property
    def size(self) -> int: ...


def size_of(items: Iterable[Sized]) -> int:
    return sum(item.size for item in items)


def _base64(media: bytes) -> Iterator[bytes]:
    """In slices: one call for many megabytes would keep the host's threads from running."""
    for start in range(0, len(media), SLICE):
        yield binascii.b2a_base64(media[start : start + SLICE], newline=False)
