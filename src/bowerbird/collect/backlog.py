"""What waits in the capture queue, and what lies dead: looked at now and then, for Prometheus."""

import asyncio

import structlog
from prometheus_client import CollectorRegistry, Gauge

from bowerbird.errors import ApiError
from bowerbird.queue import Queue
from bowerbird.services import Clock

log = structlog.get_logger()
EVERY_S = 10.0
PATIENCE_S = 30.0
UNKNOWN = float("nan")


class Backlog:
    """Gauges of the queue, the same from every process. To count what waits may take a moment, so they are
    not asked for by whoever reads them."""

    def __init__(self, queue: Queue, clock: Clock, registry: CollectorRegistry) -> None:
        self._queue = queue
        self._clock = clock
        self._is_known = Gauge(
            "bowerbird_backlog_known", "1: the queue answered when it was last asked.", registry=registry
        )
        self._waiting = Gauge(
            "bowerbird_captures_waiting", "Captures that are not posted yet.", registry=registry
        )
        self._oldest = Gauge(
            "bowerbird_captures_oldest_age_seconds", "Age of the oldest of them.", registry=registry
        )
        self._dead = Gauge("bowerbird_dead_letters", "Captures that were given up.", registry=registry)
        self._forget()

    async def keep_fresh(self) -> None:
        """Look every moment, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Look now. A queue that does not answer is unknown."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                waiting, dead = await self._queue.waiting(), await self._queue.count_dead()
        except (ApiError, OSError) as error:
            log.warning("backlog unknown", error=type(error).__name__)
            self._forget()
            return
        self._is_known.set(1)
        self._waiting.set(waiting.count)
        self._oldest.set(0 if waiting.oldest is None else max(self._clock() - waiting.oldest, 0))
        self._dead.set(dead)

    def _forget(self) -> None:
        self._is_known.set(0)
        for gauge in (self._waiting, self._oldest, self._dead):
            gauge.set(UNKNOWN)
