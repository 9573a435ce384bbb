"""What goes into the capture queue, what comes out, and what every queue can do."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

HOUR_S = 3600
LONGEST_PAUSE_S = 300.0  # for which captures may be put off

Reason = Literal[
    "inactive",
    "caller",
    "sampled_out",
    "filtered",
    "budget",
    "duplicate",
    "shed",
    "overflow",
    "error",
    "shadow",
]
CountKey = tuple[str, int, Reason]  # collector, hour, why it was skipped
Counts = Mapping[CountKey, int]


def hour_of(at: float) -> int:
    """The hour that `at` lies in, as the Unix time of its beginning."""
    return int(at // HOUR_S) * HOUR_S


@dataclass(frozen=True, slots=True)
class Capture:
    """One prediction that was taken.

    `capture_id` is 32 hexadecimal digits, `collector` is "user/app/id", `taken_at` are seconds since 1970.
    A payload that was too large for a row is empty here, and `payload_key` is its key in the blob store.
    `blob_keys` name further content, which must lie in the blob store before the capture is put.
    """

    capture_id: str
    collector: str
    taken_at: float
    payload: bytes
    blob_keys: tuple[str, ...] = ()
    payload_key: str = ""

    @property
    def size(self) -> int:
        """Bytes of the payload that travel with the row."""
        return len(self.payload)


@dataclass(frozen=True, slots=True)
class Failure:
    """One error of one attempt: the stage that failed, what it said, and when (seconds since 1970)."""

    stage: str
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Leased:
    """A capture that one worker holds for a while; `seq` and `token` say by which lease.

    `attempt` counts from 1. `lost` is how many earlier leases ran out with no word from their worker, as
    they do when it dies. `alive_since` is when it was taken, or first leased after it was redriven.
    """

    capture: Capture
    attempt: int
    lost: int
    alive_since: float
    history: tuple[Failure, ...]
    seq: int
    token: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A capture that was given up, with every error it met. `cursor` is where the next page starts."""

    capture: Capture
    attempt: int
    history: tuple[Failure, ...]
    died_at: float
    seq: int

    @property
    def cursor(self) -> tuple[float, int]:
        return self.died_at, self.seq


@dataclass(frozen=True, slots=True)
class Pick:
    """Which dead letters are meant: all, or those that every given condition fits."""

    ids: tuple[str, ...] | None = None
    collector: str | None = None
    died_before: float | None = None


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """What became of one collector's predictions of one hour."""

    collector: str
    hour: int
    taken: int
    posted: int
    dead: int
    purged: int
    skipped: Mapping[str, int]

    @property
    def waiting(self) -> int:
        return self.taken - self.posted - self.dead - self.purged

    @property
    def offered(self) -> int:
        return self.taken + sum(self.skipped.values())

    @property
    def uncontrolled(self) -> int:
        """Lost with a probability that nobody knows: for want of room, or to an error."""
        return self.skipped.get("overflow", 0) + self.skipped.get("error", 0)


def uncontrolled_share(rows: Iterable[FunnelRow]) -> float:
    """The part of what was offered in these hours that was lost uncontrolled, 0 to 1.

    What was shed is not among it: that is in the recorded probabilities.
    """
    rows = list(rows)
    offered = sum(row.offered for row in rows)
    return sum(row.uncontrolled for row in rows) / offered if offered else 0.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many captures wait, leased ones included, and when the oldest was taken."""

    count: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What waits of a collector, when the oldest of that was taken, and how much lies dead."""

    waiting: int = 0
    oldest: float | None = None
    dead: int = 0


class Queue(Protocol):
    """A durable queue of captures whose funnel balances at every moment.

    taken = posted + waiting + dead + purged, per collector and hour of `taken_at`, because a row and its
    counter change in one transaction. Every method raises Busy when the store cannot be reached or written
    just now. A lease that was taken over no longer counts: its holder's calls change nothing.
    """

    async def put_many(self, captures: Sequence[Capture], counts: Counts) -> set[str]:
        """Add the captures and the counts of skipped ones; answer the ids that are new.

        The others are waiting or dead already, and are counted as skipped duplicates. On NATS that may be
        found out only when they are leased; and there, what was put in the last minutes is a duplicate, too.
        """
        ...

    async def add_counts(self, counts: Counts) -> None: ...

    async def lease(
        self, limit: int, *, now: float, ttl: float, worker: str, exclude: Collection[str] = ()
    ) -> list[Leased]:
        """Up to `limit` captures that are due, held until `now + ttl`, of collectors not in `exclude`.

        Those of the collector whose oldest due capture is the oldest come first, so that a batch can
        mostly be posted in one call. What is due later than anybody puts off is due now: it tells that
        the clock was set back.
        """
        ...

    async def extend(self, leased: Sequence[Leased], *, until: float) -> int:
        """Hold them longer; answer how many are still held."""
        ...

    async def ack(self, leased: Sequence[Leased]) -> int:
        """They were posted: remove them. Answers how many were still held."""
        ...

    async def discard(self, leased: Sequence[Leased]) -> int:
        """They are not wanted after all: remove them; they count as skipped, filtered, and no more as taken.

        Answers how many were still held.
        """
        ...

    async def retry(
        self, leased: Sequence[Leased], *, not_before: float, error: Failure | None, burn: bool = True
    ) -> int:
        """Give them back until `not_before`, with the error in their history; answer how many were held.

        Without `burn` the attempt does not count, and an error that says the same as the last one takes
        its place: for captures that wait for somebody to mend their collector. Without an error the
        history stays as it is: they were not tried.
        """
        ...

    async def bury(self, leased: Sequence[Leased], *, error: Failure) -> int:
        """Give them up: they become dead letters, with the error in their history."""
        ...

    async def holds(self, ids: Collection[str]) -> set[str]:
        """Which of these captures are waiting or dead. On NATS, what was put a moment ago may be missing."""
        ...

    async def dead(
        self, pick: Pick, *, after: tuple[float, int] | None = None, limit: int = 50
    ) -> list[DeadLetter]:
        """Dead letters, the latest first; `after` is the cursor of the last one of the page before."""
        ...

    async def redrive(self, pick: Pick) -> int:
        """Dead letters become captures that wait, under the same ids, with all their attempts again."""
        ...

    async def purge(self, pick: Pick) -> int:
        """Remove dead letters for good; they count as purged."""
        ...

    async def drop_collector(self, collector: str) -> int:
        """Remove all that waits or lies dead for a deleted collector; it counts as purged."""
        ...

    async def funnel(self, collector: str | None = None, *, since: float = 0) -> list[FunnelRow]:
        """The hours of one collector or of all, the earliest first, from the hour of `since` on."""
        ...

    async def funnels(self, collectors: Collection[str], *, since: float = 0) -> list[FunnelRow]:
        """The same of some collectors, without a look at the others."""
        ...

    async def waiting(self, collector: str | None = None) -> Waiting: ...

    async def standings(self, collectors: Collection[str]) -> dict[str, Standing]:
        """Of those of the collectors of which something waits or lies dead, at once. On NATS, the oldest of
        what is in the stream only is told by its hour."""
        ...

    async def count_dead(self) -> int:
        """How many dead letters there are."""
        ...

    async def named(self, payload_keys: Collection[str]) -> set[str]:
        """Those of the keys that a capture names, waiting or dead; not of captures that are under way."""
        ...

    async def under_way(self) -> tuple[int, int]:
        """Numbers of the first capture that was put and cannot be leased yet, and of the last one put.

        Once the first is above what the last was at some moment, all that was put before can be leased.
        """
        ...

    async def close(self) -> None: ...
