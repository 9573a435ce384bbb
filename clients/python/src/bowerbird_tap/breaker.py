"""When the server is away, and when to ask it again."""

from __future__ import annotations

import random
import time

from bowerbird_tap.limits import Limits


class Breaker:
    """Closed while requests get through; after a failure open: one request at a time, ever further apart."""

    def __init__(self, limits: Limits) -> None:
        self.retry_at = 0.0
        self.succeeded_at = 0.0
        self._failures = 0
        self._limits = limits

    def is_open(self) -> bool:
        return self._failures > 0

    def succeed(self) -> None:
        self._failures = 0
        self.succeeded_at = time.monotonic()

    def fail(self, begun: float, wait: float) -> None:
        """`begun`: when the request was sent. Those on their way together count as one failure."""
        if self._failures and begun < self.retry_at:
            return
        limits = self._limits
        delay = min(limits.retry_most, limits.retry_first * 2.0 ** min(self._failures, 30))
        self._failures += 1
        self.retry_at = time.monotonic() + max(wait, delay * random.uniform(0.5, 1.0))
