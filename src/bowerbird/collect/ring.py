"""The ring between the event loop that takes captures and the thread that commits them."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Literal

from bowerbird.collect.waiters import Waiter
from bowerbird.queue import Capture, CountKey, hour_of

GROUP_ITEMS = 512
GROUP_BYTES = 8 * 1024 * 1024
LINGER_S = 0.020  # how long captures that nobody waits for may gather; with their commit, below 25 ms

_AWAKE, _LINGERING, _ASLEEP = range(3)

Tally = Counter[CountKey]
Item = tuple[Capture, Waiter | None]
Refusal = Literal["full", "disk", "stopped"]


class Ring:
    """Captures and counts that wait for the writer, bounded by items and by bytes.

    Any thread may put and count; one thread rests, takes and releases. The lock is only ever held for a few
    bytecodes, so that it never holds up an event loop.
    """

    def __init__(self, max_items: int, max_bytes: int, idle_s: float) -> None:
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._sleep = _AWAKE
        self._is_urgent = False
        self._entries: list[Item] = []
        self._tally: Tally = Counter()
        self._flushers: list[Waiter] = []
        self.items = 0  # with those that are being committed
        self.bytes = 0
        self.refused: Counter[Refusal] = Counter()
        self._is_shut = False
        self._is_paused = False

    def put(self, capture: Capture, waiter: Waiter | None) -> bool:
        """Whether there was room. If not, the capture is counted as an overflow."""
        size = capture.size
        with self._lock:
            if refusal := self._refusal(size):
                self.refused[refusal] += 1
                self._tally[capture.collector, hour_of(capture.taken_at), "overflow"] += 1
                return False
            self.items += 1
            self.bytes += size
            self._entries.append((capture, waiter))
            if waiter is not None or len(self._entries) >= GROUP_ITEMS:
                self._is_urgent = True
            if self._sleep == _ASLEEP or (self._sleep == _LINGERING and self._is_urgent):
                self._wake()
        return True

    def count(self, key: CountKey, n: int = 1) -> None:
        with self._lock:
            self._tally[key] += n

    def flush(self, waiter: Waiter) -> None:
        """Wake the writer; the waiter is answered once all that came before is dealt with."""
        with self._lock:
            self._flushers.append(waiter)
            self._is_urgent = True
            if self._sleep != _AWAKE:
                self._wake()

    def pause(self, is_paused: bool) -> None:
        """Whether to refuse everything for now, as the disk has no room."""
        self._is_paused = is_paused

    def shut(self) -> None:
        """Refuse everything from now on, and wake the writer for what is left."""
        with self._lock:
            self._is_shut = True
            self._wake()

    def rest(self) -> None:
        """Sleep until there is something to commit, at most `idle_s`; let what nobody waits for gather."""
        self._rest(_ASLEEP, self._idle_s)
        self._rest(_LINGERING, LINGER_S)

    def take(self) -> tuple[list[Item], Tally, list[Waiter]]:
        """All that waits: captures, counts, and who waits for both to be dealt with."""
        with self._lock:
            taken = self._entries, self._tally, self._flushers
            self._entries, self._tally, self._flushers = [], Counter(), []
            self._is_urgent = False
        return taken

    def release(self, group: Sequence[Item]) -> None:
        """The group was dealt with: there is room again."""
        size = sum(capture.size for capture, _ in group)
        with self._lock:
            self.items -= len(group)
            self.bytes -= size

    @property
    def fill(self) -> float:
        """How full it is, 0 to 1."""
        return max(self.items / self._max_items, self.bytes / self._max_bytes)

    @property
    def is_done(self) -> bool:
        """Nothing is left, and nothing will come."""
        return self._is_shut and not (self._entries or self._tally or self._flushers)

    def _refusal(self, size: int) -> Refusal | None:
        if self._is_shut:
            return "stopped"
        if self._is_paused:
            return "disk"
        if self.items >= self._max_items or self.bytes + size > self._max_bytes:
            return "full"
        return None

    def _wake(self) -> None:
        self._sleep = _AWAKE
        self._bell.put(None)

    def _rest(self, how: int, seconds: float) -> None:
        with self._lock:
            should_gather = bool(self._entries)
            if self._is_shut or self._is_urgent or should_gather != (how == _LINGERING):
                return
            self._sleep = how
        with suppress(Empty):
            self._bell.get(timeout=seconds)
        with self._lock:
            self._sleep = _AWAKE


def groups(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Cut into parts of at most GROUP_ITEMS and, unless a single one is larger, GROUP_BYTES."""
    start = size = 0
    for end, (capture, _) in enumerate(items):
        if end - start == GROUP_ITEMS or (end > start and size + capture.size > GROUP_BYTES):
            yield items[start:end]
            start, size = end, 0
        size += capture.size
    if start < len(items):
        yield items[start:]
