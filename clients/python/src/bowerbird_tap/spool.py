"""What the server could not take yet, on disk: append-only segments, the oldest sent first and dropped first.

Only the pump's thread uses a spool. Every append is written at once, so it outlives the process; fsync
follows within `Limits.sync_seconds` and when a segment is finished: a crash of the machine costs what is
younger. A segment is removed when the server has all of it: what a crash leaves is sent again, under the
same request ids.
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from bowerbird_tap import homes, segments
from bowerbird_tap.homes import Home
from bowerbird_tap.items import Item
from bowerbird_tap.limits import Limits

_NAME = re.compile(r"\d{20}-\d+\.seg")


class Segment:
    """One file. `known` is how many items of it our numbers count; None before an adopted one is read."""

    def __init__(self, home: Home, name: str, size: int, known: int | None) -> None:
        self.home = home
        self.path = home.folder / name
        self.size = size
        self.known = known
        self.waiting: deque[Item] | None = None
        self.away = 0  # items on their way to the server

    def is_done(self) -> bool:
        return self.waiting is not None and not self.waiting and not self.away


class Spool:
    """`known` items are on disk, of which `adopted` were another process's when they were read."""

    def __init__(self, root: Path, limits: Limits) -> None:
        self.known = 0
        self.adopted = 0
        self.overflow = 0
        self.corrupt = 0
        self.size = 0
        self.sync_at = float("inf")
        self._root = root
        self._limits = limits
        self._home: Home | None = None
        self._homes: list[Home] = []
        self._sealed: list[Segment] = []
        self._open: Segment | None = None
        self._file = -1
        self._made = 0

    def backlog(self) -> bool:
        """Is there anything to take?"""
        left = any(segment.waiting is None or segment.waiting for segment in self._sealed)
        return left or self._open is not None

    def adopt(self) -> None:
        """Take over what dead processes left. Raises OSError."""
        for folder in homes.others(self._root, self._home.folder if self._home else None):
            home = homes.claim(folder)
            if home is None:
                continue
            self._homes.append(home)
            for path in folder.iterdir():
                if _NAME.fullmatch(path.name) and path.is_file():
                    self._sealed.append(Segment(home, path.name, path.stat().st_size, None))
                    self.size += self._sealed[-1].size
            self._leave(home)
        self._sealed.sort(key=lambda segment: segment.path.name)

    def append(self, items: Sequence[Item]) -> None:
        """All of them or, with an OSError, none. The oldest may go for it, a batch over the bound itself."""
        data = b"".join([segments.record(item.payload()) for item in items])
        while self.size + len(data) > self._limits.spool_bytes:
            if not self._drop_oldest():
                self.overflow += len(items)
                return
        segment = self._open or self._start()
        try:
            self._write(data)
        except OSError:
            os.ftruncate(self._file, segment.size)
            raise
        segment.size += len(data)
        segment.known = (segment.known or 0) + len(items)
        self.size += len(data)
        self.known += len(items)
        self.sync_at = min(self.sync_at, time.monotonic() + self._limits.sync_seconds)
        if segment.size >= self._limits.segment_bytes:
            self.seal()

    def take(self, most: int, most_bytes: int) -> tuple[Segment, list[Item]] | None:
        """The oldest items of one segment, to be settled or given back."""
        segment = self._next()
        if segment is None or not segment.waiting:
            return None
        taken: list[Item] = []
        while segment.waiting and len(taken) < most and (not taken or segment.waiting[0].size <= most_bytes):
            taken.append(segment.waiting.popleft())
            most_bytes -= taken[-1].size
        segment.away += len(taken)
        return segment, taken

    def settle(self, segment: Segment, count: int) -> None:
        """So many taken items need no place on disk any more."""
        segment.away -= count
        self.known -= count
        segment.known = (segment.known or 0) - count
        if segment.is_done():
            self._remove(segment)

    def give_back(self, segment: Segment, items: Sequence[Item]) -> None:
        segment.away -= len(items)
        if segment.waiting is not None:
            segment.waiting.extendleft(reversed(items))

    def sync(self) -> None:
        """Make what was appended outlive the machine's crash. Raises OSError."""
        self.sync_at = float("inf")
        if self._file >= 0:
            os.fsync(self._file)

    def seal(self) -> None:
        """Finish the open segment: it may be read now. Raises OSError."""
        if self._open is None:
            return
        self.sync_at = float("inf")
        file, self._file = self._file, -1
        self._sealed.append(self._open)
        self._open = None
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def close(self) -> None:
        """Leave what is there to the next start. Raises OSError."""
        try:
            self.seal()
        finally:
            for home in [*self._homes, *([self._home] if self._home else [])]:
                home.release()
            self._homes, self._home, self._sealed = [], None, []

    def forget(self) -> None:
        """In a forked child: close what the parent opened; it stays the parent's."""
        for home in [*self._homes, *([self._home] if self._home else [])]:
            home.forget()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _start(self) -> Segment:
        if self._home is None or not self._home.folder.is_dir():  # a cleaner of /tmp may have removed it
            self._home = homes.make(self._root)
        self._made += 1
        segment = Segment(self._home, f"{time.time_ns():020d}-{self._made}.seg", 0, 0)
        self._file = os.open(
            segment.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        self._open = segment
        _sync_folder(self._home.folder)
        return segment

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            written = os.write(self._file, rest)
            if not written:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            rest = rest[written:]

    def _next(self) -> Segment | None:
        """The oldest segment with something to take, read."""
        for segment in list(self._sealed):
            if segment.waiting is None:
                self._read(segment)
            if segment.waiting:
                return segment
        if self._open is None:
            return None
        self.seal()
        return self._next()

    def _read(self, segment: Segment) -> None:
        """Fill `waiting`, and correct our numbers by what the file really holds."""
        try:
            data = segment.path.read_bytes()
        except OSError:  # gone, or a damaged disk
            data = b""
        intact, broken = segments.payloads(data)
        if segment.known is None:
            self.adopted += len(intact) + broken
            self.corrupt += broken
            self.known += len(intact)
        else:
            self.corrupt += segment.known - len(intact)
            self.known -= segment.known - len(intact)
        segment.known = len(intact)
        segment.waiting = deque(Item(payload) for payload in intact)
        if segment.is_done():
            self._remove(segment)

    def _drop_oldest(self) -> bool:
        """Make room; not at the cost of items that are on their way."""
        if not self._sealed:
            self.seal()
        oldest = next((segment for segment in self._sealed if not segment.away), None)
        if oldest is None:
            return False
        if oldest.known is None:
            self._read(oldest)
        if oldest in self._sealed:
            self.overflow += oldest.known or 0
            self.known -= oldest.known or 0
            self._remove(oldest)
        return True

    def _remove(self, segment: Segment) -> None:
        self._sealed.remove(segment)
        self.size -= segment.size
        try:
            segment.path.unlink(missing_ok=True)
        except OSError:  # it would be sent again by the next start, and known there by its request ids
            return
        self._leave(segment.home)

    def _leave(self, home: Home) -> None:
        """Let go of an adopted folder that has nothing left."""
        if home in self._homes and not any(segment.home is home for segment in self._sealed):
            self._homes.remove(home)
            home.release()


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
