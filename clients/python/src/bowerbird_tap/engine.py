"""The tap's threads: one that decides, some that send; made with the first prediction, ended by `close`."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bowerbird_tap import leaving
from bowerbird_tap.items import Item
from bowerbird_tap.limits import Limits
from bowerbird_tap.poster import Poster
from bowerbird_tap.pump import Job, Pump, log
from bowerbird_tap.raw import Raw
from bowerbird_tap.ring import Ring
from bowerbird_tap.spool import Spool
from bowerbird_tap.stats import Counts, Stats

RESTART_PAUSE = 1.0
GRACE = 2.0  # for the last writes to disk


class Engine:
    """All of a tap that does not survive a fork."""

    def __init__(
        self, poster: Callable[[], Poster], write: Callable[[Raw], Item], root: Path | None, limits: Limits
    ) -> None:
        self._counts = Counts()
        self._ring = Ring(limits, self._counts)
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        spool = Spool(root, limits) if root else None
        self._pump = Pump(self._ring, spool, self._counts, limits, write=write, submit=self._jobs.put)
        self._poster = poster
        self._limits = limits
        self._thread: threading.Thread | None = None
        self._start_at = 0.0
        self._senders = 0

    def offer(self, item: Raw) -> None:
        self._ring.offer(item)
        if self._thread is None:
            self.start()

    def refuse(self, reason: str) -> None:
        """Count a prediction that is not taken."""
        with self._ring.changed:
            self._counts.offered += 1
            self._counts.drop(reason)

    def start(self) -> None:
        """Start the threads, once. Raises RuntimeError if the system gives none; what waits, waits on."""
        with self._ring.changed:
            if self._thread or self._ring.is_closed or time.monotonic() < self._start_at:
                return
            self._start_at = time.monotonic() + RESTART_PAUSE
            while self._senders < self._limits.in_flight:
                threading.Thread(target=self._send, name="bowerbird-tap-send", daemon=True).start()
                self._senders += 1
            thread = threading.Thread(target=self._run, name="bowerbird-tap", daemon=True)
            thread.start()
            self._thread = thread
        leaving.expect()

    def flush(self, timeout: float) -> bool:
        """Wait until the server has everything, what is on disk included. False if time ran out."""
        end = time.monotonic() + timeout
        pump = self._pump
        with self._ring.changed:
            self.start()
            pump.hurry = True
            self._ring.ring()
            try:
                return self._ring.changed.wait_for(pump.is_idle, max(0.0, end - time.monotonic()))
            finally:
                pump.hurry = False

    def begin_close(self, timeout: float) -> None:
        """From now on nothing is taken; what memory holds has so many seconds to reach the server."""
        with self._ring.changed:
            if not self._ring.is_closed:
                self._ring.is_closed = True
                self._pump.deadline = time.monotonic() + timeout
                self._ring.ring()

    def end_close(self) -> None:
        """Wait for the threads; what did not reach the server in time is on disk then."""
        if self._thread:
            self._thread.join(max(0.0, self._pump.deadline - time.monotonic()) + GRACE)
        else:
            self._pump.leave()

    def stats(self) -> Stats:
        counts = self._counts
        with self._ring.changed:
            return Stats(
                offered=counts.offered,
                adopted=counts.adopted,
                sent=counts.sent,
                rejected=counts.rejected,
                dropped=dict(counts.dropped),
                waiting=self._ring.held,
                waiting_bytes=self._ring.held_bytes,
                spooled=counts.spooled,
                spooled_bytes=counts.spooled_bytes,
                away=counts.away,
                last_error=counts.last_error,
            )

    def forget(self) -> None:
        """In a forked child: let go of what belongs to the parent."""
        if self._pump.spool:
            self._pump.spool.forget()

    def _run(self) -> None:
        pause = self._step()
        while not self._pump.has_left():
            self._ring.listen(pause)
            pause = self._step()
        try:
            self._pump.leave()
        except Exception:
            log.exception("the tap could not leave in order")
        for _ in range(self._senders):
            self._jobs.put(None)

    def _step(self) -> float | None:
        """A mistake of ours must not end the thread: memory would fill up, then predictions be lost."""
        try:
            pause = self._pump.step()
            with self._ring.changed:
                self._ring.changed.notify_all()  # whoever waits in `flush` looks again
            return pause
        except Exception:
            log.exception("the tap stumbled")
            return RESTART_PAUSE

    def _send(self) -> None:
        poster = self._poster()
        while True:
            job = self._jobs.get()
            if job is None:
                break
            self._pump.report(job, poster.post(job.items))
        poster.close()
