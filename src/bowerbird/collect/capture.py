"""Durable capture: one thread commits what the tap took, everything that waits in one go."""

import asyncio
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Protocol

import structlog
import uvloop

from bowerbird.collect import uncounted
from bowerbird.collect.disk import MIB, DiskFree, disk_trouble
from bowerbird.collect.ring import Item, Ring, Tally, groups
from bowerbird.collect.waiters import tell, waiter
from bowerbird.errors import ApiError
from bowerbird.queue import Capture, Queue, Reason, hour_of
from bowerbird.queue.rows import Tally as Outcomes
from bowerbird.queue.rows import tally_of_put

log = structlog.get_logger()

INLINE_BYTES = 64 * 1024  # larger payloads go to the blob store
SALT_BYTES = 16  # in front of such a payload, so that no other blob is the same
IDLE_S = 1.0  # counts are flushed, and the disk is looked at, this often
FRESH_S = 600.0  # a payload that lies in the blob store for longer, and in no row yet, is put there anew
RETRY_S = (0.05, 5.0)  # first and longest pause while the store is down
BLOBS_S = 30.0  # how long the blob store may take for those of one group

NEVER = float("inf")


class BlobStore(Protocol):
    async def put_async(self, data: bytes) -> str:
        """Keep `data` durably; answer its key."""
        ...


class _Done(NamedTuple):
    new: set[str]  # ids that were not there before
    seconds: float  # of the commit


class Writer:
    """Takes captures from event loops and commits them from a thread of its own.

    `open_queue` is called in that thread, so that the queue's calls may block. At most `ring_items` captures
    of `ring_bytes` wait; a future of `offer` takes at most `wait_s`. While the store is down the thread
    tries again and again, and the ring keeps what it holds. A thread that dies all the same starts
    again. `committed` is told what became of each group, and how many seconds its commit took; counts
    that no store would take until the end are left in the folder `leftovers`, for the next writer.
    """

    def __init__(
        self,
        open_queue: Callable[[], Awaitable[Queue]],
        blobs: BlobStore,
        *,
        disk_free: DiskFree,
        ring_items: int = 10_000,
        ring_bytes: int = 256 * MIB,
        wait_s: float = 1.0,
        idle_s: float = IDLE_S,
        retry_s: tuple[float, float] = RETRY_S,
        leftovers: Path | None = None,
        committed: Callable[[Outcomes, float], None] = lambda outcomes, seconds: None,
        reached: Callable[[str], None] = lambda stage: None,
    ) -> None:
        self._open_queue = open_queue
        self._blobs = blobs
        self._disk_free = disk_free
        self.ring = Ring(ring_items, ring_bytes, idle_s)
        self._wait_s = wait_s
        self._idle_s = idle_s
        self._retry_s = retry_s
        self._leftovers = leftovers
        self._committed = committed
        self._reached = reached
        self._queue: Queue | None = None
        self._held: list[Item] = []  # taken from the ring, not dealt with yet
        self._owed: Tally = Tally()  # likewise
        self._store_trouble = ""
        self._busy_since = NEVER  # with one group; a store that hangs raises nothing
        self._disk_trouble = ""
        self._disk_seen_at = -NEVER
        self._stopping = threading.Event()
        self._give_up_at = NEVER
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        if self._leftovers is not None:
            for key, n in uncounted.claim(self._leftovers).items():
                self.ring.count(key, n)
        self._look_at_disk()
        self._thread.start()

    async def stop(self, patience_s: float = 5.0) -> None:
        """Commit what is left, for at most about `patience_s`; afterwards every offer is refused."""
        self._give_up_at = time.monotonic() + patience_s
        self._stopping.set()
        self.ring.shut()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join, patience_s + 1)
        self._leave_rest()

    def offer(self, capture: Capture, *, wait: bool) -> "bool | asyncio.Future[bool]":
        """Hand over a capture, from a running event loop. Never blocks and never raises.

        False: there was no room, and it was counted as an overflow. True: it was taken in and will be
        committed within about 25 ms. With `wait` a future instead of True: it turns True once the
        capture is committed, False if that did not happen in time (it still may happen later). Once the
        store has been down, or silent, for longer than that, nobody waits for it any more.
        """
        if not wait:
            return self.ring.put(capture, None)
        if self._is_stuck:
            future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            future.set_result(False)
            return future if self.ring.put(capture, None) else False
        one = waiter(self._wait_s)
        if self.ring.put(capture, one):
            return one.future
        one.timer.cancel()
        return False

    async def flush(self) -> bool:
        """Wait until all that was handed over so far is dealt with; False when that takes too long."""
        one = waiter(self._wait_s)
        self.ring.flush(one)
        return await one.future

    def skip(self, collector: str, hour: int, reason: Reason, n: int = 1) -> None:
        """Count predictions that were not taken; it is written with the next commit, or within a second."""
        self.ring.count((collector, hour, reason), n)

    @property
    def fill(self) -> float:
        """How full the ring is, 0 to 1: what shedding goes by."""
        return self.ring.fill

    @property
    def trouble(self) -> str:
        """Why captures are refused or kept waiting just now; empty: all is well."""
        return self._disk_trouble or self._store_trouble or ("the store is silent" if self._is_stuck else "")

    @property
    def _is_stuck(self) -> bool:
        return time.monotonic() - self._busy_since > self._wait_s

    def _run(self) -> None:
        while not self._is_over():
            try:
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    runner.run(self._main())
            except BaseException:  # whatever it was: without this thread nothing is captured any more
                log.exception("capture writer died, starting again")
                self._lose_held()
                self._stopping.wait(self._retry_s[0])

    @property
    def _gave_up(self) -> bool:
        return time.monotonic() > self._give_up_at

    def _is_over(self) -> bool:
        return self.ring.is_done or self._gave_up

    async def _main(self) -> None:
        while not self._is_over():
            self._busy_since = NEVER
            self.ring.rest()
            self._busy_since = time.monotonic()
            self._look_at_disk()
            await self._commit_all()
        if self._queue is not None:
            await self._queue.close()

    async def _commit_all(self) -> None:
        items, tally, flushers = self.ring.take()
        self._held, self._owed = list(items), Tally(tally)
        for group in groups(items):
            await self._commit(group, tally)
            tally = Tally()
            if self._gave_up:
                return
        if tally:
            await self._commit((), tally)
        tell(flushers, is_kept=True)

    def _lose_held(self) -> None:
        """What the thread held when it died may be what killed it."""
        self._queue, self._store_trouble = None, ""
        for key, n in self._owed.items():
            self.ring.count(key, n)
        self._owed = Tally()
        self._lose(self._held.copy())

    def _leave_rest(self) -> None:
        """Nothing is written any more: count what is left as lost, where the next writer finds it."""
        items, tally, flushers = self.ring.take()
        left = [*self._held, *items]
        for capture, _ in left:
            tally[capture.collector, hour_of(capture.taken_at), "overflow"] += 1
        tally += self._owed
        self._held, self._owed = [], Tally()
        tell([*flushers, *(one for _, one in left if one is not None)], is_kept=False)
        if self._leftovers is not None:
            uncounted.leave(self._leftovers, tally)

    async def _commit(self, group: Sequence[Item], tally: Tally) -> None:
        captures = [capture for capture, _ in group]
        try:
            done = await self._persist(captures, tally)
        except Exception as error:  # what can never be stored must not hold up the rest
            await self._commit_singly(group, tally, error)
        else:
            if done is not None:
                self._answer(group, is_kept=True)
                self._committed(tally_of_put(captures, done.new, tally), done.seconds)

    async def _commit_singly(self, group: Sequence[Item], tally: Tally, error: Exception) -> None:
        if len(group) + len(tally) > 1:
            for key, n in tally.items():
                await self._commit((), Tally({key: n}))
            for item in group:
                await self._commit((item,), Tally())
            return
        log.error("capture cannot be stored", error=repr(error))
        self._owed -= tally
        self._lose(group)

    def _lose(self, group: Sequence[Item]) -> None:
        for capture, _ in group:
            self.ring.count((capture.collector, hour_of(capture.taken_at), "error"))
        self._answer(group, is_kept=False)

    async def _persist(self, captures: list[Capture], tally: Tally) -> _Done | None:
        """Try until it is committed; None when the writer must stop before. Raises what no retry mends."""
        smaller, fresh_until = captures, float("-inf")
        for pause in self._pauses():
            started = time.perf_counter()
            try:
                # Whoever sweeps up payloads that no row names must know that they never will have one.
                if time.monotonic() > fresh_until:
                    smaller, fresh_until = await self._without_large(captures), time.monotonic() + FRESH_S
                if self._queue is None:
                    self._queue = await self._open_queue()
                new = await self._queue.put_many(smaller, tally)
            except (ApiError, OSError) as error:
                if isinstance(error, ApiError) and error.permanent:
                    raise
                self._note_store(str(error) or type(error).__name__)
            else:
                self._owed -= tally
                self._busy_since = time.monotonic()
                self._note_store("")
                return _Done(new, time.perf_counter() - started)
            if not self._may_go_on(pause):
                log.error("captures lost: the store did not come back in time", captures=len(captures))
                break
        return None

    async def _without_large(self, captures: list[Capture]) -> list[Capture]:
        """The same captures, their large payloads put into the blob store first.

        Each gets a blob of its own, even if another is the same: whoever is done with one deletes its blob.
        """
        large = [n for n, capture in enumerate(captures) if capture.size > INLINE_BYTES]
        if not large:
            return captures
        contents = [secrets.token_bytes(SALT_BYTES) + captures[n].payload for n in large]
        async with asyncio.timeout(BLOBS_S):
            keys = await asyncio.gather(*map(self._blobs.put_async, contents))
        self._reached("blobs")
        smaller = list(captures)
        for n, key in zip(large, keys, strict=True):
            smaller[n] = replace(captures[n], payload=b"", payload_key=key)
        return smaller

    def _pauses(self) -> Iterator[float]:
        pause, longest = self._retry_s
        while True:
            yield pause
            pause = min(2 * pause, longest)

    def _may_go_on(self, pause: float) -> bool:
        if self._stopping.wait(pause):
            time.sleep(self._retry_s[0])
        self._look_at_disk()
        return time.monotonic() < self._give_up_at

    def _answer(self, group: Sequence[Item], is_kept: bool) -> None:
        del self._held[: len(group)]
        self.ring.release(group)
        tell([one for _, one in group if one is not None], is_kept)

    def _look_at_disk(self) -> None:
        now = time.monotonic()
        if now - self._disk_seen_at < self._idle_s:
            return
        self._disk_seen_at = now
        trouble = disk_trouble(self._disk_free)
        if trouble and not self._disk_trouble:
            log.error("nothing is captured", reason=trouble)
        if self._disk_trouble and not trouble:
            log.info("the disk has room again, capturing goes on")
        self._disk_trouble = trouble
        self.ring.pause(bool(trouble))

    def _note_store(self, trouble: str) -> None:
        if trouble and not self._store_trouble:
            log.error("captures cannot be committed, trying again", error=trouble)
        if self._store_trouble and not trouble:
            log.info("captures are committed again")
        self._store_trouble = trouble


async def payload_of(capture: Capture, get: Callable[[str], Awaitable[bytes]]) -> bytes:
    """The payload; `get` fetches it from the blob store when it was too large for a row."""
    if not capture.payload_key:
        return capture.payload
    return (await get(capture.payload_key))[SALT_BYTES:]
