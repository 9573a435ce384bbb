"""What waits in memory: bounded by items and by bytes, filled by the host, emptied by the pump."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

from bowerbird_tap.items import Item, Sized, size_of
from bowerbird_tap.limits import Limits
from bowerbird_tap.raw import Raw
from bowerbird_tap.stats import Counts


class Ring:
    """`held` counts every item that only memory has, those on their way to the server included."""

    def __init__(self, limits: Limits, counts: Counts) -> None:
        self._lock = threading.RLock()  # a signal handler may predict, too
        self.changed = threading.Condition(self._lock)
        self.held = 0
        self.held_bytes = 0
        self.is_closed = False
        self._items: deque[Raw | Item] = deque()
        self._bytes = 0
        self._since = 0.0
        self._rang = False
        self._sleeps = False
        self._limits = limits
        self._counts = counts

    def offer(self, item: Raw) -> None:
        """Take the item, or count it as dropped."""
        limits = self._limits
        with self._lock:
            self._counts.offered += 1
            if item.size > limits.item_bytes:
                self._counts.drop("too_large")
            elif self.is_closed:
                self._counts.drop("closed")
            elif self.held >= limits.queue_items or self.held_bytes + item.size > limits.queue_bytes:
                self._counts.drop("full")
            else:
                self._put(item)

    def _put(self, item: Raw) -> None:
        self._items.append(item)
        self._bytes += item.size
        self.held += 1
        self.held_bytes += item.size
        if len(self._items) == 1:
            self._since = time.monotonic()
        if self._is_worth_waking(item.size):
            self.ring()

    def _is_worth_waking(self, added: int) -> bool:
        """A full batch, or the first item after a quiet time: a wake costs more than an item does."""
        waiting, limit = len(self._items), self._limits.batch_bytes
        is_full = waiting == self._limits.batch_items or self._bytes - added < limit <= self._bytes
        return is_full or (waiting == 1 and self._sleeps)

    def ring(self) -> None:
        """Wake the pump, and whoever waits for it."""
        with self.changed:
            self._rang = True
            self.changed.notify_all()

    def listen(self, seconds: float | None) -> None:
        """Sleep until somebody rings, or for so many seconds."""
        with self.changed:
            self._sleeps = seconds is None or seconds > self._limits.linger
            if not self._rang:
                self.changed.wait(seconds)
            self._rang = False

    def take(self, most: int, most_bytes: int) -> list[Raw | Item]:
        with self.changed:
            taken: list[Raw | Item] = []
            room = most_bytes
            while self._items and len(taken) < most and (not taken or self._items[0].size <= room):
                item = self._items.popleft()
                room -= item.size
                taken.append(item)
            self._bytes -= size_of(taken)
            self._since = time.monotonic()
            return taken

    def give_back(self, items: list[Item], *, last: bool = False) -> None:
        """Wait again, in front of all others or behind them."""
        with self.changed:
            if last:
                self._items.extend(items)
            else:
                self._items.extendleft(reversed(items))
            self._bytes += size_of(items)

    def replace(self, taken: Sequence[Sized], items: Sequence[Sized]) -> None:
        """Memory holds these items instead of those."""
        with self.changed:
            self.held += len(items) - len(taken)
            self.held_bytes += size_of(items) - size_of(taken)

    def release(self, items: Sequence[Sized]) -> None:
        """Memory is not what holds them any more."""
        self.replace(items, ())

    def waiting(self) -> int:
        return len(self._items)

    def is_full_batch(self) -> bool:
        return len(self._items) >= self._limits.batch_items or self._bytes >= self._limits.batch_bytes

    def is_half_full(self) -> bool:
        return 2 * self.held >= self._limits.queue_items or 2 * self.held_bytes >= self._limits.queue_bytes

    def age(self) -> float:
        """Seconds that the oldest has waited since the last batch was taken."""
        return time.monotonic() - self._since if self._items else 0.0
