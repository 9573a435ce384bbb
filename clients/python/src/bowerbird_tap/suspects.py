"""Items that may be what makes the server fail, so that they do not come again for ever."""

from __future__ import annotations

import time

STRIKES = 3
MOST = 100


class Suspects:
    """By request id: when each first failed on its own, and how often since."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, int]] = {}

    def is_convicted(self, request_id: str, succeeded_at: float) -> bool:
        """It failed alone, again. Is it the item's fault, as others got through at `succeeded_at`?"""
        first, strikes = self._seen.pop(request_id, (time.monotonic(), 0))
        if strikes + 1 >= STRIKES and succeeded_at > first:
            return True
        if len(self._seen) >= MOST:
            self._seen.pop(next(iter(self._seen)))
        self._seen[request_id] = (first, strikes + 1)
        return False
