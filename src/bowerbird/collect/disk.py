"""Whether the disk that things are kept on has room for captures."""

import shutil
from collections.abc import Callable
from pathlib import Path

MIB = 1024 * 1024

DiskFree = Callable[[], tuple[int, int]]  # bytes free, bytes in all


def disk_free(folder: Path) -> DiskFree:
    """Looks at the disk that `folder` lies on."""

    def look() -> tuple[int, int]:
        usage = shutil.disk_usage(folder)
        return usage.free, usage.total

    return look


def is_nearly_full(free: int, total: int) -> bool:
    return free < min(total // 10, 1024 * MIB)


def disk_trouble(look: DiskFree) -> str:
    """Why nothing can be captured; empty: there is room."""
    try:
        return "the disk is nearly full" if is_nearly_full(*look()) else ""
    except OSError as error:
        return f"the disk cannot be looked at: {error}"
