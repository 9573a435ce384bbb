"""Writes files into a folder so that they survive a power cut as soon as the write returns."""

import os
import secrets
from pathlib import Path

PARTIAL = "partial"  # files being written; whatever lies here after a crash may be deleted


class DurableFolder:
    """Writes whole files below `root`; a name is only ever seen with all of its content.

    obstore's LocalStore does not call fsync. Syncing after it has made the name would leave a window in which
    a power cut keeps an empty file under a good name; so the content is synced first and named second.
    """

    def __init__(self, root: Path) -> None:
        is_new = not root.exists()
        (root / PARTIAL).mkdir(parents=True, exist_ok=True)
        if is_new:
            _sync_folder(root.parent)
        self.root = root
        self._known: set[Path] = {root}  # folders whose own names are on the disk

    def write(self, path: str, data: bytes) -> None:
        """Put `data` at `path` (relative to the root) and on the disk. A file of that size there is kept."""
        target = self.root / path
        self._make_folder(target.parent)
        if not _has_size(target, len(data)):
            self._write_new(target, data)
        _sync_folder(target.parent)  # for a kept file too: whoever wrote it may not have come so far yet

    def _write_new(self, target: Path, data: bytes) -> None:
        partial = self.root / PARTIAL / secrets.token_hex(8)
        try:
            _write_synced(partial, data)
            partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

    def _make_folder(self, folder: Path) -> None:
        if folder in self._known:
            return
        self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)
        self._known.add(folder)


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("xb", buffering=0) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
