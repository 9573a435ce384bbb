"""What was kept lately, so that its repeats are known: bounded in number and in time."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from bowerbird.image_hashes import bits_apart
from bowerbird.workflows.fingerprints import BANDS, PERMUTATIONS, Sketch, agreeing

F = TypeVar("F", contravariant=True)
Key = tuple[str, str]  # the caller, and the key of the request's input
SPARSENESS = 2  # places in a band's table for each item that it may hold


class Index(Protocol[F]):
    """Finds fingerprints that are alike. Items are numbered from 0 in the order in which they were kept."""

    def find(self, fingerprint: F, oldest: int) -> int | None:
        """The number of a like one that is not older than `oldest`."""
        ...

    def add(self, fingerprint: F, number: int) -> None: ...


@dataclass(slots=True)
class Kept:
    """An item that was kept: which, when (seconds since 1970), and how often it came again."""

    key: Key
    at: float
    repeats: int = 0


class Recent(Generic[F]):
    """The last items that were kept: at most `window` of them, for at most `ttl_s`."""

    def __init__(self, index: Index[F], window: int, ttl_s: float) -> None:
        self._index = index
        self._window = window
        self._ttl_s = ttl_s
        self._first = 0  # number of the oldest that is remembered
        self._next = 0
        self._items: OrderedDict[int, Kept] = OrderedDict()
        self._numbers: dict[Key, int] = {}
        self._counted: set[Key] = set()

    def find(self, fingerprint: F, now: float) -> Kept | None:
        """An item like this one."""
        self._forget(now)
        number = self._index.find(fingerprint, self._first)
        return self._items.get(number) if number is not None else None

    def add(self, fingerprint: F, key: Key, now: float) -> None:
        self._index.add(fingerprint, self._next)
        self._items[self._next] = Kept(key, now)
        self._numbers[key] = self._next
        self._next += 1
        self._forget(now)

    def count(self, kept: Kept) -> None:
        """It came again."""
        kept.repeats += 1
        self._counted.add(kept.key)

    def counted(self) -> dict[Key, int]:
        """How often items came again in all: those for which that changed since this was last asked."""
        keys, self._counted = self._counted, set()
        return {key: self.repeats(key) for key in keys}

    def repeats(self, key: Key) -> int:
        """How often the item came again since it was kept; 0 once it is forgotten."""
        number = self._numbers.get(key)
        return self._items[number].repeats if number is not None else 0

    def __len__(self) -> int:
        return len(self._items)

    def _forget(self, now: float) -> None:
        while self._items:
            number, oldest = next(iter(self._items.items()))
            # An item of the future was kept before the clock was set back.
            if len(self._items) <= self._window and abs(now - oldest.at) <= self._ttl_s:
                break
            del self._items[number]
            if self._numbers.get(oldest.key) == number:
                del self._numbers[oldest.key]
                self._counted.discard(oldest.key)
            self._first = number + 1


class SameIndex:
    """Finds what is exactly the same."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._numbers: OrderedDict[Hashable, int] = OrderedDict()

    def find(self, fingerprint: Hashable, oldest: int) -> int | None:
        number = self._numbers.get(fingerprint)
        return number if number is not None and number >= oldest else None

    def add(self, fingerprint: Hashable, number: int) -> None:
        self._numbers[fingerprint] = number
        self._numbers.move_to_end(fingerprint)
        if len(self._numbers) > self._window:
            self._numbers.popitem(last=False)


class TextIndex:
    """Finds texts of a similarity: by bands (Indyk and Motwani 1998), verified by their signatures.

    A place in a band's table has room for one number, the latest. What is overwritten in one band is
    found by the others.
    """

    def __init__(self, window: int, similar: float) -> None:
        self._window = window
        self._agreeing = round(similar * PERMUTATIONS)
        bits = max(window * SPARSENESS - 1, 1).bit_length()
        self._shift = np.uint64(64 - bits)
        self._rows = np.arange(BANDS)
        # Zeros cost no memory until they are written over: so numbers are kept plus one.
        self._tables = np.zeros((BANDS, 1 << bits), np.int64)
        self._signatures = np.zeros((window, PERMUTATIONS), np.uint32)

    def find(self, fingerprint: Sketch, oldest: int) -> int | None:
        numbers = self._tables[self._rows, fingerprint.bands >> self._shift]
        numbers = numbers[numbers > oldest]
        if not numbers.size:
            return None
        found: set[int] = set(numbers.tolist())
        for number in sorted(found, reverse=True):
            if (
                agreeing(self._signatures[(number - 1) % self._window], fingerprint.signature)
                >= self._agreeing
            ):
                return number - 1
        return None

    def add(self, fingerprint: Sketch, number: int) -> None:
        self._signatures[number % self._window] = fingerprint.signature
        self._tables[self._rows, fingerprint.bands >> self._shift] = number + 1


class ImageIndex:
    """Finds perceptual hashes that differ in a few bits: looks at all of them, 12 µs for ten thousand."""

    def __init__(self, window: int, distance: int) -> None:
        self._distance = distance
        self._hashes = np.zeros(window, np.uint64)
        self._numbers = np.zeros(window, np.int64)  # plus one

    def find(self, fingerprint: int, oldest: int) -> int | None:
        near = bits_apart(self._hashes, fingerprint) <= self._distance
        near &= self._numbers > oldest
        place = int(near.argmax())
        return int(self._numbers[place]) - 1 if near[place] else None

    def add(self, fingerprint: int, number: int) -> None:
        place = number % len(self._hashes)
        self._hashes[place] = fingerprint
        self._numbers[place] = number + 1
