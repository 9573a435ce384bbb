"""Folders of spool files, each owned by the one process that holds its lock."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

LOCK = "lock"


class Home:
    """A folder, ours as long as its lock is held. The system lets the lock go when the process dies."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self._lock = lock

    def release(self) -> None:
        """Leave it to others; an empty folder goes."""
        with suppress(OSError):  # somebody removed it, or is looking into it just now
            if not any(path.name != LOCK for path in self.folder.iterdir()):
                (self.folder / LOCK).unlink(missing_ok=True)
                self.folder.rmdir()
        self.forget()

    def forget(self) -> None:
        """Close the lock. In a forked child, whose parent keeps its own copy, that gives nothing away."""
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)


def make(root: Path) -> Home:
    """A new folder of our own. Raises OSError."""
    private(root)
    while True:
        folder = root / f"{os.getpid()}-{secrets.token_hex(4)}"
        folder.mkdir(mode=0o700)
        home = claim(folder)  # another process may have found it first, and taken it for a dead one's
        if home:
            return home


def claim(folder: Path) -> Home | None:
    """The folder, unless a living process holds it. Raises OSError."""
    if sys.platform == "win32":
        raise OSError("no file locks on this system")
    try:
        lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    except OSError:
        os.close(lock)
        raise
    if os.fstat(lock).st_nlink == 0:  # its owner removed the folder between our two steps
        os.close(lock)
        return None
    return Home(folder, lock)


def others(root: Path, mine: Path | None) -> Iterator[Path]:
    """The folders of other processes, dead or alive."""
    if root.is_dir():
        private(root)
        yield from (path for path in sorted(root.iterdir()) if path != mine and path.is_dir())


def private(root: Path) -> None:
    """Make the folder, or see that it is only ours: in /tmp it may be a stranger's. Raises OSError."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = root.stat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(f"{root} is not only ours to write to")
