"""The smallest hashes of an hour: a uniform sample on which all processes agree without talking."""

import heapq

from bowerbird.collect.recorded import HOUR_S

ALL = 2**63


class Reservoir:
    """The smallest hashes of one hour: whatever this one refuses is among the smallest of no process."""

    __slots__ = ("_largest", "_size", "limit")

    def __init__(self, size: int) -> None:
        self._size = size
        self._largest: list[int] = []  # a heap of the negatives
        self.limit = ALL if size else 0  # a hash must be below

    def add(self, hash: int) -> None:
        if len(self._largest) < self._size:
            heapq.heappush(self._largest, -hash)
        else:
            heapq.heapreplace(self._largest, -hash)
        if len(self._largest) == self._size:
            self.lower(-self._largest[0])

    def lower(self, limit: int) -> None:
        """Others have so small ones already."""
        self.limit = min(self.limit, limit)


class Hour:
    """What a process knows of one model in one hour."""

    __slots__ = ("answered", "begin", "end", "extra", "sample")

    def __init__(self, begin: int, size: int) -> None:
        self.begin = begin
        self.end = begin + HOUR_S
        self.answered = 0  # since it was last told
        self.sample = Reservoir(size)
        self.extra = Reservoir(size)  # of those that somebody took
