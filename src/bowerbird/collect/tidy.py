"""What a worker clears away now and then: old dead letters, and payloads that no capture names any more."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bowerbird.collect.settle import forget_payloads
from bowerbird.queue import Pick
from bowerbird.services import Services

log = structlog.get_logger()
DAY_S = 86_400.0
PAGE = 200  # dead letters at a time: each comes with its payload
ROUND_S = 900.0  # between two rounds; longer than a payload may wait for its row
ORPHANED_S = 3600.0  # for which nobody may have named a payload before it is deleted


@dataclass(frozen=True, slots=True)
class Sighting:
    """A payload that no capture named."""

    since: float
    last: int | None = None  # number of the last capture that had been put a round later


class Tidier:
    """Clears away in rounds. Any number of workers may do so at once, and any may be killed at any moment.

    A payload is put before its capture, and one that is put belongs to its capture alone. So it may go once
    no capture named it for long enough, in the queue or under way to it. How long is told by a clock that
    nobody sets, and remembered only: a worker that starts anew waits again.
    """

    def __init__(self, services: Services, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._elapsed = elapsed
        self._next_round = 0.0
        self._seen: dict[str, Sighting] = {}

    async def run_once(self) -> int:
        """A round, when it is time for one; how much was cleared away."""
        if self._elapsed() < self._next_round:
            return 0
        cleared = await self.purge() + await self.sweep()
        self._next_round = self._elapsed() + ROUND_S
        return cleared

    async def purge(self) -> int:
        """Delete the dead letters that were kept long enough; how many."""
        services = self._services
        old = Pick(died_before=services.clock() - services.settings.dead_letter_days * DAY_S)
        total = 0
        while purged := await purge_page(services, old):
            total += purged
        if total:
            log.info("old dead letters deleted", count=total)
        return total

    async def sweep(self) -> int:
        """Look at each payload in the blob store, and delete the orphans; how many."""
        first, last = await self._services.queue.under_way()
        seen: dict[str, Sighting] = {}
        swept = 0
        async for keys in self._services.payloads.pages_of_keys():
            for key in set(keys) - await self._services.queue.named(keys):
                sighting = self._sighted(key, last)
                if self._is_orphan(sighting, first):
                    swept += 1
                    await self._services.payloads.delete_async(key)
                else:
                    seen[key] = sighting
        self._seen = seen
        if swept:
            log.info("orphaned payloads deleted", count=swept)
        return swept

    def _sighted(self, key: str, last: int) -> Sighting:
        known = self._seen.get(key)
        if known is None:
            return Sighting(self._elapsed())
        if known.last is None and self._elapsed() - known.since >= ROUND_S:
            return Sighting(known.since, last)
        return known

    def _is_orphan(self, sighting: Sighting, first: int) -> bool:
        """Whether its capture would have been put, would have arrived since, and long ago."""
        has_arrived = sighting.last is not None and first > sighting.last
        return has_arrived and self._elapsed() - sighting.since >= ORPHANED_S


async def purge_page(services: Services, pick: Pick) -> int:
    """Delete some of the dead letters that are picked, and their payloads; how many."""
    found = await services.queue.dead(pick, limit=PAGE)
    purged = await services.queue.purge(Pick(ids=tuple(one.capture.capture_id for one in found)))
    keys = [one.capture.payload_key for one in found if one.capture.payload_key]
    # One that was redriven at the same moment is none any more, and needs its payload.
    await forget_payloads(services, set(keys) - await services.queue.named(keys))
    return purged
