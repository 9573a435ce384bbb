"""What failed again and again is left alone for a while, then tried once, and taken up if that went well."""

from dataclasses import dataclass
from typing import Literal

from bowerbird.services import Clock

State = Literal["closed", "open", "half-open"]


@dataclass(slots=True)
class _Breaker:
    failures: int = 0  # in a row
    reason: str = ""
    pause_s: float = 0.0
    until: float = 0.0


class Breakers:
    """A breaker for each key. It opens after so many failures in a row; pauses double, up to the longest."""

    def __init__(self, clock: Clock, *, after: int, first_s: float, longest_s: float) -> None:
        self._clock = clock
        self._after = after
        self._first_s = first_s
        self._longest_s = longest_s
        self._breakers: dict[str, _Breaker] = {}  # of keys that failed last
        self.opened = 0  # how often any of them did

    @property
    def any_failed(self) -> bool:
        """Whether any key did, the last time it was tried."""
        return bool(self._breakers)

    def state(self, key: str) -> State:
        """Closed: go on. Open: leave it alone. Half-open: try it with one."""
        breaker = self._breakers.get(key)
        if breaker is None or breaker.failures < self._after:
            return "closed"
        left = breaker.until - self._clock()
        return "open" if 0.0 < left <= self._longest_s else "half-open"  # more: the clock was set back

    def reason(self, key: str) -> str:
        """Why it is not closed; empty: it is."""
        return "" if self.state(key) == "closed" else self._breakers[key].reason

    def failed(self, key: str, reason: str) -> None:
        state = self.state(key)
        breaker = self._breakers.setdefault(key, _Breaker())
        breaker.failures += 1
        breaker.reason = reason
        if state == "open" or breaker.failures < self._after:
            return
        self.opened += 1
        breaker.pause_s = min(2 * breaker.pause_s or self._first_s, self._longest_s)
        breaker.until = self._clock() + breaker.pause_s

    def succeeded(self, key: str) -> None:
        self._breakers.pop(key, None)

    def reasons(self) -> dict[str, str]:
        """All that are not closed, with why."""
        return {key: reason for key in self._breakers if (reason := self.reason(key))}
