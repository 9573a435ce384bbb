"""Recorded predictions by columns: what a preview has to know of most of them, many at a time."""

import functools
import sys
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bowerbird.collect.taking import request_key
from bowerbird.workflows.columns import Flags
from bowerbird.workflows.draws import packed_digests

Spot = tuple[int, int]  # a model's number and an hour
Stamp = tuple[int, float | None]  # changes with what is recorded of a model in an hour


class Brief(NamedTuple):
    """What is read of a recorded prediction where its messages may not be needed: some fields of an Entry."""

    hash: int
    at: float
    input_index: int
    request_id: str
    caller: str
    version: str
    concepts: str
    values: bytes
    has_media: bool
    seq: int


@dataclass(frozen=True, slots=True)
class Names:
    """A column of names, of which few are different: the number of each row's."""

    numbers: dict[str, int]
    rows: NDArray[np.int32]

    @classmethod
    def of(cls, names: Collection[str]) -> "Names":
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        return cls(numbers, np.fromiter(map(numbers.__getitem__, names), np.int32, len(names)))

    def are(self, name: str) -> Flags:
        found: Flags = self.rows == self.numbers.get(name, -1)
        return found

    @property
    def nbytes(self) -> int:
        return self.rows.nbytes + sum(map(sys.getsizeof, self.numbers))


@dataclass(frozen=True, slots=True)
class Alike:
    """The rows of a block whose outputs name the same concepts, none for those of another kind."""

    ids: tuple[str, ...]
    rows: NDArray[np.intp]
    values: NDArray[np.float32]  # (rows, concepts)
    tops: NDArray[np.intp]  # the places of each row's concept with the greatest value; empty without concepts


@dataclass(frozen=True, slots=True)
class Block:
    """Predictions of a model in an hour in the order of time: every column has a line for each."""

    hour: int
    hashes: NDArray[np.int64]
    times: NDArray[np.float64]
    digests: NDArray[np.uint64]  # of their request keys
    callers: Names
    versions: Names
    alike: Sequence[Alike]
    has_media: Flags
    seqs: NDArray[np.int64]

    @classmethod
    def of(cls, hour: int, rows: Sequence[Brief]) -> "Block":
        """Slow: for threads."""
        hashes, times, places, requests, callers, versions, concepts, values, media, seqs = zip(
            *rows, strict=True
        )
        return cls(
            hour,
            np.array(hashes, np.int64),
            np.array(times, np.float64),
            np.frombuffer(packed_digests(map(request_key, requests, places)), "<u8"),
            Names.of(callers),
            Names.of(versions),
            tuple(_alike(concepts, values)),
            np.array(media, bool),
            np.array(seqs, np.int64),
        )

    def __len__(self) -> int:
        return len(self.hashes)

    @property
    def nbytes(self) -> int:
        arrays = (self.hashes, self.times, self.digests, self.has_media, self.seqs)
        ours = sum(array.nbytes for array in arrays) + self.callers.nbytes + self.versions.nbytes
        return ours + sum(one.rows.nbytes + one.values.nbytes + one.tops.nbytes for one in self.alike)


@functools.lru_cache(maxsize=1024)
def concept_ids(concepts: str) -> tuple[str, ...]:
    # Most models name the same concepts each time, often in the same order.
    return tuple(concepts.split("\n")) if concepts else ()


def _alike(concepts: Sequence[str], packed: Sequence[bytes]) -> Iterable[Alike]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, named in enumerate(concepts):
        rows[named].append(row)
    for named, places in rows.items():
        ids = concept_ids(named)
        of_these = packed if len(rows) == 1 else [packed[row] for row in places]
        values = np.frombuffer(b"".join(of_these), np.float32).reshape(len(places), len(ids))
        tops = values.argmax(axis=1) if ids else np.zeros(0, np.intp)
        yield Alike(ids, np.array(places, np.intp), values, tops)


class Shelf:
    """The blocks of hours that were read lately, as many as have room: who tries a rule tries it again.

    Each has the stamp of what was recorded of its hour when it was read: under another stamp it is not found.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._hours: OrderedDict[Spot, tuple[Stamp, Sequence[Block]]] = OrderedDict()  # the latest last

    def find(self, spot: Spot, stamp: Stamp) -> Sequence[Block] | None:
        known = self._hours.get(spot)
        if known is None or known[0] != stamp:
            return None
        self._hours.move_to_end(spot)
        return known[1]

    def put(self, spot: Spot, stamp: Stamp, blocks: Sequence[Block]) -> None:
        self._drop(spot)
        self._hours[spot] = stamp, blocks
        self._bytes += _size(blocks)
        while self._bytes > self._most:
            self._drop(next(iter(self._hours)))

    def keep(self, spots: Collection[Spot]) -> None:
        """Let go of all others."""
        for spot in self._hours.keys() - set(spots):
            self._drop(spot)

    def forget(self, models: Collection[int]) -> None:
        self.keep([spot for spot in self._hours if spot[0] not in models])

    def _drop(self, spot: Spot) -> None:
        if known := self._hours.pop(spot, None):
            self._bytes -= _size(known[1])


def _size(blocks: Iterable[Block]) -> int:
    return sum(block.nbytes for block in blocks)
