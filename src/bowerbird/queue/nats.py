"""The capture queue on NATS JetStream: what nobody has taken up yet lies in a stream, the rest in SQL.

To put is to publish, and touches no database. A worker moves captures, a batch at a time, from the stream
into the queue in SQL, whenever that has fewer due than it wants; there they are leased, tried again, buried
and counted. That a batch was moved is written in the transaction that moves it, so that a message which is
delivered again moves nothing. Leases are SQL's and not JetStream's, because JetStream takes the word of a
worker whose lease has run out.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from nats.aio.msg import Msg

from bowerbird.errors import Busy
from bowerbird.queue import nats_messages, nats_stream, rows
from bowerbird.queue.arrivals import ABSORBED, Arrival, Shelf
from bowerbird.queue.nats_line import Line, Question, Session
from bowerbird.queue.nats_stream import Address, Stream
from bowerbird.queue.types import (
    Capture,
    CountKey,
    Counts,
    DeadLetter,
    Failure,
    FunnelRow,
    Leased,
    Pick,
    Standing,
    Waiting,
    hour_of,
)
from bowerbird.queue.unsure import Unsure

BATCH = 512  # messages moved in one transaction
MOST_BATCHES = 32  # moved by one lease, which others wait for
COUNT_EVERY_S = 1.0
FORGET_EVERY_S = 30.0
# JetStream writes removals down late: what was removed just before its machine failed may be there again.
REMEMBERED_S = 600


class NatsQueue:
    """A Queue for one event loop: JetStream before a queue in SQL. It connects when a call needs to."""

    def __init__(self, url: str, shelf: Shelf) -> None:
        """Raises ValueError when `url` is no address."""
        address = Address.parse(url)
        self._shelf = shelf
        self._name = address.name
        self._captures = Stream(address.name, f"{address.name}.>", address)
        self._counts = Stream(f"{address.name}-counts", f"{address.name}-counts", address)
        self._line = Line(address.servers, self._prepare)
        self._unsure = Unsure()
        self._next_counting = self._next_forgetting = 0.0

    async def put_many(self, captures: Sequence[Capture], counts: Counts) -> set[str]:
        messages = [nats_messages.capture_message(self._name, capture) for capture in captures]
        session = await self._line.session()
        with self._unsure.put(captures, counts) as (name, is_repeat):
            # When this is the second try of a put, JetStream knows its captures from the first.
            is_known = await self._publish(session, messages, counts, name)
            new, repeated = _sorted_out(captures, [known and not is_repeat for known in is_known])
            await self._publish(session, [], repeated, f"{name}-repeated")
        return new

    async def add_counts(self, counts: Counts) -> None:
        await self.put_many([], counts)

    async def lease(
        self, limit: int, *, now: float, ttl: float, worker: str, exclude: Collection[str] = ()
    ) -> list[Leased]:
        leased = await self._shelf.lease(limit, now=now, ttl=ttl, worker=worker, exclude=exclude)
        try:
            await self._count_now_and_then()
            for _ in range(MOST_BATCHES):
                if len(leased) >= limit or not await self._move_captures():
                    break
                left = limit - len(leased)
                leased += await self._shelf.lease(left, now=now, ttl=ttl, worker=worker, exclude=exclude)
        except Busy:
            if not leased:
                raise
        return leased

    async def extend(self, leased: Sequence[Leased], *, until: float) -> int:
        return await self._shelf.extend(leased, until=until)

    async def ack(self, leased: Sequence[Leased]) -> int:
        return await self._shelf.ack(leased)

    async def discard(self, leased: Sequence[Leased]) -> int:
        return await self._shelf.discard(leased)

    async def retry(
        self, leased: Sequence[Leased], *, not_before: float, error: Failure | None, burn: bool = True
    ) -> int:
        return await self._shelf.retry(leased, not_before=not_before, error=error, burn=burn)

    async def bury(self, leased: Sequence[Leased], *, error: Failure) -> int:
        return await self._shelf.bury(leased, error=error)

    async def holds(self, ids: Collection[str]) -> set[str]:
        return await self._shelf.holds(ids)

    async def dead(
        self, pick: Pick, *, after: tuple[float, int] | None = None, limit: int = 50
    ) -> list[DeadLetter]:
        return await self._shelf.dead(pick, after=after, limit=limit)

    async def redrive(self, pick: Pick) -> int:
        return await self._shelf.redrive(pick)

    async def purge(self, pick: Pick) -> int:
        return await self._shelf.purge(pick)

    async def drop_collector(self, collector: str) -> int:
        """As everywhere; what lies before the collector's captures in the stream is moved into SQL, too."""
        while (await self._only_here(collector)).total() and await self._move_captures():
            pass
        return await self._shelf.drop_collector(collector)

    async def funnel(self, collector: str | None = None, *, since: float = 0) -> list[FunnelRow]:
        subjects = self._subjects(collector)
        return await self._funnel(None if collector is None else [collector], subjects, since)

    async def funnels(self, collectors: Collection[str], *, since: float = 0) -> list[FunnelRow]:
        return await self._funnel(collectors, self._captures.subjects, since)

    async def _funnel(
        self, collectors: Collection[str] | None, subjects: str, since: float
    ) -> list[FunnelRow]:
        """The counters of SQL; what waits in the stream, and there only, was taken as well."""
        await self._move_counts()
        backlog = await self._captures.backlog(await self._line.session(), subjects)
        found = await self._shelf.counters(collectors, since, backlog.span)
        counters = Counter({(hour, name, kind): n for name, hour, kind, n in found if kind != ABSORBED})
        absorbed = ((name, hour, n) for name, hour, kind, n in found if kind == ABSORBED)
        for (name, hour), n in backlog.without(absorbed).items():
            if hour >= hour_of(since) and (collectors is None or name in collectors):
                counters[hour, name, "taken"] += n
        ordered = sorted(counters.items())
        return rows.funnel_rows((name, hour, kind, n) for (hour, name, kind), n in ordered)

    async def waiting(self, collector: str | None = None) -> Waiting:
        here = (await self._only_here(collector)).total()
        shelf = await self._shelf.waiting(collector)
        oldest = [shelf.oldest] if shelf.oldest is not None else []
        if here:
            first = await self._captures.oldest(await self._line.session(), self._subjects(collector))
            oldest += [nats_messages.capture_in(first).taken_at] if first else []
        return Waiting(shelf.count + here, min(oldest, default=None))

    async def standings(self, collectors: Collection[str]) -> dict[str, Standing]:
        only_here = (await self._only_here(None)).items()
        here = [(name, n, float(hour), 0) for (name, hour), n in only_here if name in collectors]
        shelf = await self._shelf.standings(collectors)
        return rows.standings([*here, *((name, s.waiting, s.oldest, s.dead) for name, s in shelf.items())])

    async def count_dead(self) -> int:
        return await self._shelf.count_dead()

    async def named(self, payload_keys: Collection[str]) -> set[str]:
        return await self._shelf.named(payload_keys)

    async def under_way(self) -> tuple[int, int]:
        return await self._captures.numbers(await self._line.session())

    async def close(self) -> None:
        await self._line.close()
        await self._shelf.close()

    async def _prepare(self, session: Session) -> None:
        await self._captures.ensure(session)
        await self._counts.ensure(session)

    async def _publish(
        self, session: Session, messages: Sequence[Question], counts: Counts, name: str
    ) -> list[bool]:
        """Counts come first: whoever is killed between the two leaves no capture without its counts."""
        before = [nats_messages.counts_message(self._counts.name, counts, name)] if counts else []
        return (await nats_stream.publish(session, [*before, *messages]))[len(before) :]

    async def _only_here(self, collector: str | None) -> Counter[tuple[str, int]]:
        """By collector and hour: captures in the stream that were not moved."""
        backlog = await self._captures.backlog(await self._line.session(), self._subjects(collector))
        return backlog.without(await self._shelf.absorbed(backlog.span))

    def _subjects(self, collector: str | None) -> str:
        return nats_messages.subject_of(self._name, collector, "*") if collector else self._captures.subjects

    async def _move_captures(self) -> int:
        moved = await self._move(self._captures, nats_messages.capture_arrival)
        if time.monotonic() > self._next_forgetting:
            self._next_forgetting = time.monotonic() + FORGET_EVERY_S
            await self._forget()
        return moved

    async def _move_counts(self) -> None:
        while await self._move(self._counts, nats_messages.counts_arrival):
            pass

    async def _count_now_and_then(self) -> None:
        if time.monotonic() > self._next_counting:
            self._next_counting = time.monotonic() + COUNT_EVERY_S
            await self._move_counts()

    async def _move(self, stream: Stream, arrival: Callable[[Msg], Arrival]) -> int:
        """Move a batch into SQL; how many messages it had."""
        session = await self._line.session()
        messages = await stream.fetch(session, BATCH)
        if not messages:
            return 0
        try:
            await self._shelf.absorb([arrival(message) for message in messages])
        except BaseException:
            with suppress(Busy):
                await nats_stream.give_back(session, messages)
            raise
        with suppress(Busy):  # they come again, and are known
            await nats_stream.acknowledge(session, messages)
        return len(messages)

    async def _forget(self) -> None:
        session = await self._line.session()
        long_ago = time.time_ns() - REMEMBERED_S * 1_000_000_000
        for stream in (self._captures, self._counts):
            first, _ = await stream.numbers(session)
            await self._shelf.forget(stream.name, before=first, published_before=long_ago)


def _sorted_out(captures: Sequence[Capture], is_known: Sequence[bool]) -> tuple[set[str], Counts]:
    """The ids that are new, and the counts of the others."""
    new: set[str] = set()
    repeated: Counter[CountKey] = Counter()
    for capture, known in zip(captures, is_known, strict=True):
        if known or capture.capture_id in new:
            repeated[capture.collector, hour_of(capture.taken_at), "duplicate"] += 1
        else:
            new.add(capture.capture_id)
    return new, repeated
