"""Stretches of the calendar, and how often something happens in the recent past."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

LEAST_S = 0.01  # a rate is not told from less


class Period(StrEnum):
    """A stretch of the calendar, in UTC."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Window:
    """One such stretch, in seconds since 1970; the end is not in it."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


_LENGTHS = {Period.MINUTE: 60, Period.HOUR: 3600, Period.DAY: 86_400}


def window_at(period: Period, at: float) -> Window:
    """The window that `at` lies in."""
    if length := _LENGTHS.get(period):
        start = int(at // length) * length
        return Window(start, start + length)
    first = datetime.fromtimestamp(at, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=32)).replace(day=1)
    return Window(int(first.timestamp()), int(following.timestamp()))


class Rate:
    """Events a second: counted over the past, which fades exponentially."""

    __slots__ = ("_at", "_count", "_horizon", "_seconds")

    def __init__(self, horizon: float, now: float) -> None:
        self._horizon = horizon
        self._at = now
        self._count = 0.0
        self._seconds = 0.0  # how much of the past there is, fading like the count

    def add(self, count: int, now: float) -> None:
        self._fade(now)
        self._count += count

    def at(self, now: float) -> float:
        self._fade(now)
        return self._count / max(self._seconds, LEAST_S)

    def _fade(self, now: float) -> None:
        passed = now - self._at
        if passed == 0:
            return
        self._at = now
        if passed > 0:  # else the clock was set back
            left = math.exp(-passed / self._horizon)
            self._count *= left
            self._seconds = self._seconds * left + self._horizon * (1 - left)
