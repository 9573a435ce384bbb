"""When to try again, and when no more."""

import random

from bowerbird.queue import LONGEST_PAUSE_S, Leased

FIRST_S = 1.0
LONGEST_S = LONGEST_PAUSE_S
MOST_ATTEMPTS = 12
LONGEST_LIFE_S = 72 * 3600.0


def delay(attempt: int, draw: random.Random) -> float:
    """Seconds to wait after this many attempts: uniform up to a limit that doubles ("full jitter")."""
    return draw.uniform(0.0, min(LONGEST_S, FIRST_S * 2.0 ** min(attempt, 20)))


def is_spent(leased: Leased, now: float) -> bool:
    """Whether it was tried often or long enough."""
    return leased.attempt >= MOST_ATTEMPTS or now - leased.alive_since >= LONGEST_LIFE_S
