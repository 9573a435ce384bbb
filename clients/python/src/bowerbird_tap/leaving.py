"""The end of the program, and forks: what every living tap must hear of."""

from __future__ import annotations

import atexit
import os
import sys
from typing import Protocol


class Leaver(Protocol):
    def begin_close(self) -> None: ...
    def end_close(self) -> None: ...
    def after_fork(self) -> None: ...


_taps: set[Leaver] = set()
_hooks: set[int] = set()  # the processes whose multiprocessing was told of us


def enter(tap: Leaver) -> None:
    """Hold on to the tap until it is closed: the program's end flushes also those nobody else holds."""
    _taps.add(tap)


def leave(tap: Leaver) -> None:
    _taps.discard(tap)


def close_all() -> None:
    """All at the same time: their deadlines run together."""
    taps = list(_taps)
    for tap in taps:
        tap.begin_close()
    for tap in taps:
        tap.end_close()


def expect() -> None:
    """A child of multiprocessing leaves by os._exit, past atexit; but it runs its finalizers."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None and os.getpid() not in _hooks:
        _hooks.add(os.getpid())
        util.Finalize(None, close_all, exitpriority=0)


def _after_fork() -> None:
    for tap in list(_taps):
        tap.after_fork()


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
