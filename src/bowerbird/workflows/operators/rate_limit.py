"""The operator rate-limit."""

from typing import Annotated, NamedTuple

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import PARAMS, Number, invalid
from bowerbird.workflows.operators import Look, Skip, Step, operator
from bowerbird.workflows.state import Memory
from bowerbird.workflows.view import View

MOST = 1e6


@operator("rate-limit", title="Rate Limit", kind="blind-sampler", amounts=["rate"])
def rate_limit(
    *,
    memory: Memory,
    rate: Annotated[float, Number("How many a second are kept in the long run.", 0, MOST)],
    burst: Annotated[float, Number("How many are kept at once after a pause.", 1, MOST)] = 1.0,
) -> Step:
    """Keep the first that come, as many a second as the rate allows; each process of the API counts for
    itself. What is kept depends on when it came, so its inclusion probability is unknown: figures about
    production cannot be had from it. To have those, use budget-sample."""
    if not rate:
        raise invalid(f"{PARAMS}rate", f"expected a number above 0 and up to {MOST:g}; it is 0")
    return Limited(1 / rate, burst / rate, memory)


class Bucket:
    """When the bucket will be full again: all that a token bucket has to remember (GCRA)."""

    __slots__ = ("__weakref__", "full_at")

    def __init__(self) -> None:
        self.full_at = float("-inf")


class _Met(NamedTuple):
    now: float
    passed: bool


class Limited:
    """Takes a token for what is taken in the end, not for what a later node drops."""

    def __init__(self, interval: float, depth: float, memory: Memory) -> None:
        self._interval = interval  # seconds in which a token comes
        self._depth = depth  # seconds in which an empty bucket fills
        self._clock = memory.state.clock
        self._bucket = memory.cell(Bucket)

    def __call__(self, view: View, draw: Draw) -> View | None:
        now = self._clock()
        missing = self._bucket.full_at - now
        # A bucket that is more than empty was filled before the clock was set back.
        passed = missing <= self._depth - self._interval + 1e-9 or missing > self._depth + 1e-9
        view.memo[self] = _Met(now, passed)
        return view if passed else None

    def look(self, view: View) -> Look:
        tokens = (self._depth - max(self._bucket.full_at - self._clock(), 0.0)) / self._interval
        rate, burst = 1 / self._interval, self._depth / self._interval
        return Look(f"{max(tokens, 0):.3g} tokens are left", f"{rate:g} a second, {burst:g} at once")

    def why(self, view: View) -> Skip:
        return "budget"

    def learn(self, view: View, taken: bool) -> None:
        met = view.memo.get(self)
        if taken and isinstance(met, _Met) and met.passed:
            full_at = self._bucket.full_at
            missing = full_at - met.now if full_at <= met.now + self._depth + 1e-9 else 0.0
            self._bucket.full_at = met.now + max(missing, 0.0) + self._interval
