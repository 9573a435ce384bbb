"""A circuit breaker: after several failures in a row, a server is left alone for a while."""

import threading
import time
from collections.abc import Callable

from bowerbird.errors import Unreachable


class Breaker:
    """Counts failures in a row; opens at `threshold`, and after `rest_s` lets one call through to probe."""

    def __init__(self, *, threshold: int, rest_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._threshold = threshold
        self._rest_s = rest_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0  # while open: when the next probe may go

    def check(self) -> None:
        """Raises Unreachable while open. Whoever passes must report `succeeded` or `failed`."""
        with self._lock:
            if self._failures < self._threshold:
                return
            if self._clock() < self._open_until:
                raise Unreachable(f"it failed {self._failures} times in a row and is left alone for a while")
            self._open_until = self._clock() + self._rest_s  # the probe's turn; others wait for its outcome

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._open_until = self._clock() + self._rest_s
