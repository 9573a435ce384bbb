"""How long and how often another server is asked: deadlines, retries with jitter, and a circuit breaker."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bowerbird.errors import DeadlineExceeded, Unreachable
from bowerbird.runtimes.breaker import Breaker

BACKOFF_S, MAX_BACKOFF_S = 0.05, 2.0
T = TypeVar("T")


class TransientError(Exception):
    """An attempt failed in a way that may pass; `after_s` is when the server wants to be asked again."""

    def __init__(self, reason: str, after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.after_s = after_s


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often a server is asked."""

    timeout_s: float  # for one call with all its retries
    retries: int
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random  # 0 to 1

    def keep_asking(self, breaker: Breaker, attempt: Callable[[float], T]) -> T:
        """What an attempt answers, which is given the deadline. It tells the breaker how it went.

        Raises Unreachable or DeadlineExceeded when there are to be no more attempts.
        """
        deadline = self.clock() + self.timeout_s
        tried = 0
        while True:
            breaker.check()
            try:
                return attempt(deadline)
            except TransientError as error:
                self._rest(tried, error, deadline)
            tried += 1

    def _rest(self, tried: int, error: TransientError, deadline: float) -> None:
        pause = self.jitter() * min(MAX_BACKOFF_S, BACKOFF_S * 2**tried)
        pause = max(pause, error.after_s)
        if self.clock() >= deadline:
            raise DeadlineExceeded(str(error)) from error
        if tried >= self.retries or self.clock() + pause >= deadline:
            raise Unreachable(str(error)) from error
        self.sleep(pause)
