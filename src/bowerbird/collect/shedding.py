"""Shedding: as the ring fills, collectors take a smaller part, those of low priority first."""

from bowerbird.services import Clock

IDLE = 0.5  # nothing is shed below this fill
LOWEST, HIGHEST = -100, 100  # priorities
LAST = 0.85  # the fill at which the highest priority begins to be shed
STEP = 0.05  # each more of fill halves the part that is taken
MOST_HALVINGS = 6  # never to nothing: what has no chance at all is represented by no capture
GAP = 0.2  # how far the fill has to fall before the pressure does
RISE_PER_S, FALL_PER_S = 5.0, 0.1


class Shedding:
    """Turns the fill of a ring, 0 to 1, into the part that collectors of a priority take.

    The pressure follows the fill up, and down only once it has fallen by GAP, and neither way faster than its
    rates; parts are powers of 1/2. So it settles on one part or two neighbours, and the probabilities
    that are recorded are few.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._looked_at = clock()
        self.pressure = 0.0  # 0: nothing is shed; else the fill that is acted upon

    def look(self, fill: float) -> None:
        """Act upon the fill there is now. To be called often."""
        if fill < IDLE and not self.pressure:
            self._looked_at = self._clock()
            return
        now = self._clock()
        elapsed = max(now - self._looked_at, 0.0)  # clocks may be put back
        self._looked_at = now
        felt = max(self.pressure, IDLE)
        felt = max(felt, min(fill, felt + RISE_PER_S * elapsed))
        felt = min(felt, max(fill + GAP, felt - FALL_PER_S * elapsed))
        self.pressure = felt if felt > IDLE else 0.0

    def part(self, priority: int) -> float:
        """Of what collectors of that priority would take: which part they take now."""
        begins = begin(priority)
        if self.pressure < begins:
            return 1.0
        halvings = int((self.pressure - begins) / STEP) + 1
        return 0.5 ** min(halvings, MOST_HALVINGS)


def begin(priority: int) -> float:
    """The fill at which a priority begins to be shed."""
    return IDLE + (LAST - IDLE) * (priority - LOWEST) / (HIGHEST - LOWEST)
