"""The background loop: from memory to the server, to disk while that is away, later from there."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bowerbird_tap.breaker import Breaker
from bowerbird_tap.items import Item
from bowerbird_tap.limits import Limits
from bowerbird_tap.poster import Outcome
from bowerbird_tap.raw import Raw
from bowerbird_tap.ring import Ring
from bowerbird_tap.spool import Segment, Spool
from bowerbird_tap.stats import Counts
from bowerbird_tap.suspects import Suspects

log = logging.getLogger("bowerbird_tap")

TICK = 0.1
AWAKE = 1.0  # seconds for which the pump looks again by itself before it must be woken
SPOOL_PAUSE = 5.0
NEVER = float("inf")


@dataclass(frozen=True, eq=False)
class Job:
    """A batch on its way: out of memory, or out of a segment of the spool."""

    items: list[Item]
    segment: Segment | None
    begun: float


class Pump:
    """Decides; others do the sending. `step` is called by one thread only, `report` by any."""

    def __init__(
        self,
        ring: Ring,
        spool: Spool | None,
        counts: Counts,
        limits: Limits,
        *,
        write: Callable[[Raw], Item],
        submit: Callable[[Job], None],
    ) -> None:
        self.ring = ring
        self.spool = spool
        self.breaker = Breaker(limits)
        self.hurry = False  # no lingering, no pacing: somebody waits for it
        self.deadline = NEVER  # of leaving; set once
        self._counts = counts
        self._limits = limits
        self._write = write
        self._submit = submit
        self._jobs: set[Job] = set()
        self._reports: deque[tuple[Job, Outcome]] = deque()
        self._batch = limits.batch_items
        self._turn = False
        self._has_adopted = False
        self._drain_at = 0.0
        self._active_at = 0.0
        self._spool_at = 0.0
        self._suspects = Suspects()

    def report(self, job: Job, outcome: Outcome) -> None:
        self._reports.append((job, outcome))
        is_urgent = bool(outcome.later or job.segment or len(self._jobs) >= self._limits.in_flight)
        if is_urgent or self._hurries():  # else the next step is soon enough, and one wake less
            self.ring.ring()

    def step(self) -> float | None:
        """Do what can be done now. Seconds until the next step if nobody rings; None: nothing is due."""
        if self.spool and not self._has_adopted:
            self._on_disk(self.spool.adopt)
        self._has_adopted = True
        while self._reports:
            self._settle(*self._reports.popleft())
        if self.spool and time.monotonic() >= self.spool.sync_at:
            self._on_disk(self.spool.sync)
        while self._dispatch():
            pass
        return self._pause()

    def is_idle(self) -> bool:
        """Has the server everything, or have we given it up?"""
        on_disk = self.spool is not None and (self.spool.known > 0 or self.spool.backlog())
        settled = not self._counts.spooled  # the numbers follow the disk
        return self._has_adopted and settled and not self.ring.held and not on_disk

    def has_left(self) -> bool:
        """May the thread end? With a deadline only: when memory is empty, or is not going to be."""
        if self.deadline == NEVER or self._reports:
            return False
        in_memory = self.ring.waiting() or any(job.segment is None for job in self._jobs)
        return not in_memory or self.breaker.is_open() or time.monotonic() >= self.deadline

    def leave(self) -> None:
        """To disk with all that memory holds; what is on its way may then arrive twice, under one id."""
        for job in self._jobs:
            if job.segment is None:
                self._keep_or_drop(job.items)
        while items := self._fresh(self._limits.batch_items):
            self._keep_or_drop(items)
        if self.spool:
            self._on_disk(self.spool.close)

    def _dispatch(self) -> bool:
        """One batch, if there is one to move."""
        if len(self._jobs) >= self._limits.in_flight:
            return self._relieve()
        if self.breaker.is_open():
            if not self._jobs and time.monotonic() >= self.breaker.retry_at:
                return self._send_stored() or self._send_fresh()
            return self._is_ripe() and self._store()
        self._turn = not self._turn
        if self._turn:
            return self._send_stored() or self._send_fresh()
        return self._send_fresh() or self._send_stored()

    def _is_ripe(self) -> bool:
        ring = self.ring
        if not ring.waiting():
            return False
        return self._hurries() or ring.is_full_batch() or ring.age() >= self._limits.linger

    def _hurries(self) -> bool:
        return self.hurry or self.deadline < NEVER

    def _send_fresh(self) -> bool:
        items = self._fresh(self._batch) if self._is_ripe() else []
        return bool(items) and self._send(Job(items, None, time.monotonic()))

    def _send_stored(self) -> bool:
        if not self._backlog() or self.deadline < NEVER:
            return False
        if time.monotonic() < self._drain_at and not self.hurry:
            return False
        begun = time.thread_time()
        assert self.spool is not None
        taken = None
        try:
            taken = self.spool.take(self._batch, self._limits.batch_bytes)
        except OSError as error:
            self._complain(error)
        self._pace(time.thread_time() - begun)
        self._book()
        return taken is not None and self._send(Job(taken[1], taken[0], time.monotonic()))

    def _send(self, job: Job) -> bool:
        self._jobs.add(job)
        self._submit(job)
        return True

    def _relieve(self) -> bool:
        """The server is slow: what has waited too long for it goes to disk."""
        late = self.ring.age() >= self._limits.linger + self._limits.patience
        return (late or self.ring.is_half_full()) and self._is_ripe() and self._store()

    def _store(self) -> bool:
        """A batch from memory to disk."""
        if not self._can_store():
            return False
        items = self._fresh(self._limits.batch_items)
        if items and not self._keep(items):
            self.ring.give_back(items)
            return False
        return bool(items)

    def _fresh(self, most: int) -> list[Item]:
        """A batch out of memory, written as JSON: with more tries while nothing of what was taken can be."""
        self._active_at = time.monotonic()
        items: list[Item] = []
        while not items and (taken := self.ring.take(most, self._limits.batch_bytes)):
            items = [item for item in map(self._written, taken) if item]
            with self.ring.changed:
                self.ring.replace(taken, items)
                self._counts.drop("invalid", len(taken) - len(items))
        return items

    def _written(self, given: Raw | Item) -> Item | None:
        if isinstance(given, Item):
            return given
        try:
            return self._write(given)
        except Exception as error:  # anything may be in a host's objects
            self._counts.last_error = f"cannot be written as JSON: {error!r}"
            return None

    def _keep(self, items: Sequence[Item]) -> bool:
        """On disk instead of in memory."""
        spool = self.spool
        if not spool or not self._can_store() or not self._on_disk(lambda: spool.append(items)):
            return False
        with self.ring.changed:
            self.ring.release(list(items))
            self._book()
        return True

    def _keep_or_drop(self, items: list[Item]) -> None:
        self._spool_at = 0.0  # the last chance
        if not self._keep(items):
            with self.ring.changed:
                self.ring.release(items)
                self._counts.drop("closed", len(items))

    def _can_store(self) -> bool:
        return self.spool is not None and time.monotonic() >= self._spool_at

    def _on_disk(self, act: Callable[[], None]) -> bool:
        try:
            act()
        except OSError as error:
            self._complain(error)
            return False
        return True

    def _complain(self, error: OSError) -> None:
        self._spool_at = time.monotonic() + SPOOL_PAUSE
        self._counts.last_error = f"spool: {error}"
        log.warning("the spool cannot be used for now: %s", error)

    def _settle(self, job: Job, outcome: Outcome) -> None:
        self._jobs.discard(job)
        later = list(outcome.later)
        sent = len(job.items) - len(later) - outcome.rejected
        self._judge(job, outcome, sent)
        rejected = outcome.rejected
        if later and self._is_convicted(job, outcome):
            later, rejected = [], 1
        if job.segment and self.spool:
            self.spool.settle(
                job.segment, len(job.items) - len(later)
            )  # touches the disk: not with the ring held
        kept = set(map(id, later))
        with self.ring.changed:
            self._counts.sent += sent
            self._counts.rejected += rejected
            if job.segment is None:
                self.ring.release([item for item in job.items if id(item) not in kept])
            self._book()
        if later:
            self._return(job, later)

    def _judge(self, job: Job, outcome: Outcome, sent: int) -> None:
        """What the outcome says about the server."""
        counts = self._counts
        counts.last_error = outcome.error or counts.last_error
        if outcome.rejected and not counts.rejected:
            log.warning("the server refused a prediction, the first of this process: %s", outcome.error)
        if job.segment:
            self._pace(outcome.cpu)
        if not outcome.later:
            self._batch = min(self._limits.batch_items, self._batch * 2)
            if counts.away:
                log.warning("the server takes predictions again")
            counts.away = False
            self.breaker.succeed()
            return
        if outcome.is_slow:
            self._batch = max(1, min(self._batch, len(job.items)) // 2)
        if sent:
            self.breaker.succeeded_at = time.monotonic()
        if not counts.away:
            log.warning("the server does not take predictions: %s", outcome.error)
        counts.away = True
        self.breaker.fail(job.begun, outcome.wait)

    def _is_convicted(self, job: Job, outcome: Outcome) -> bool:
        """Is it the one item of the job that makes the server fail each time?"""
        if outcome.http != 500 or len(job.items) != 1:
            return False
        return self._suspects.is_convicted(job.items[0].request_id(), self.breaker.succeeded_at)

    def _return(self, job: Job, later: list[Item]) -> None:
        """To disk; one that failed alone goes behind all others, so as not to stand in their way."""
        alone = len(job.items) == 1
        if job.segment is None:
            if not self._keep(later):
                self.ring.give_back(later, last=alone)
            return
        spool, segment = self.spool, job.segment
        assert spool is not None
        if alone and self._can_store() and self._on_disk(lambda: spool.append(later)):
            spool.settle(segment, 1)
        else:
            spool.give_back(segment, later)
        self._book()

    def _pace(self, cpu: float) -> None:
        self._drain_at = max(self._drain_at, time.monotonic()) + cpu / self._limits.drain_share

    def _backlog(self) -> bool:
        return self.spool is not None and self.spool.backlog()

    def _book(self) -> None:
        """Copy the spool's numbers; with the ring held wherever others change in the same breath."""
        spool, counts = self.spool, self._counts
        if spool is None:
            return
        with self.ring.changed:
            counts.adopted, counts.spooled, counts.spooled_bytes = spool.adopted, spool.known, spool.size
            counts.dropped.update({"spool_full": spool.overflow} if spool.overflow else {})
            counts.dropped.update({"corrupt": spool.corrupt} if spool.corrupt else {})

    def _pause(self) -> float | None:
        now = time.monotonic()
        due = [self.deadline, self.spool.sync_at if self.spool else NEVER]
        ready = len(self._jobs) < self._limits.in_flight
        if self._jobs or now < self._active_at + AWAKE:
            due.append(now + self._limits.linger)
        if self.ring.waiting():
            due.append(now + max(min(TICK, self._limits.linger), self._limits.linger - self.ring.age()))
        if self.breaker.is_open():
            if not self._jobs and (self.ring.waiting() or self._backlog()):
                due.append(self.breaker.retry_at)
        elif ready and self._backlog():
            due.append(self._drain_at)
        soonest = min(due)
        return None if soonest == NEVER else max(0.001, soonest - now)
