"""What comes to the capture queue over a stream, and how SQL takes it in exactly once."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from bowerbird.queue.types import Capture, CountKey, Counts, Queue, hour_of

ABSORBED = ""  # the kind of a row of `counters` that is no counter, but the number of a message


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message of a stream: a capture, or counts of skipped ones.

    A message is known by its number and the time of its publication (nanoseconds since 1970) together: a
    stream that was made anew, or lost its end with its machine, gives the same numbers out again.
    """

    stream: str
    seq: int
    published: int
    capture: Capture | None
    counts: Counts

    @property
    def where(self) -> tuple[str, int]:
        """Collector and hour that it counts for; nothing when it is counts itself."""
        return (self.capture.collector, hour_of(self.capture.taken_at)) if self.capture else ("", 0)


@dataclass(frozen=True, slots=True)
class Span:
    """The messages `first` to `last` of a stream."""

    stream: str
    first: int
    last: int


class Shelf(Queue, Protocol):
    """A queue in SQL that also takes in what came over a stream."""

    async def absorb(self, arrived: Sequence[Arrival]) -> None:
        """Put the captures and add the counts of those messages that are new, in one transaction.

        All are of one stream.
        """
        ...

    async def absorbed(self, span: Span) -> list[tuple[str, int, int]]:
        """Collector, hour and number of the messages of the span that were absorbed."""
        ...

    async def counters(
        self, collectors: Collection[str] | None, since: float, span: Span
    ) -> list[tuple[str, int, str, int]]:
        """Collector, hour, kind and number of each counter, and at the same moment the absorbed messages.

        The latter are rows of kind ABSORBED with the message's number, of all collectors and hours.
        """
        ...

    async def forget(self, stream: str, *, before: int, published_before: int) -> None:
        """Forget the absorbed messages below the number `before` that are older than that."""
        ...


def rows_of(arrived: Sequence[Arrival]) -> list[tuple[str, int, int, str, int]]:
    """stream, seq, published, collector, hour; in order, so that two transactions never wait crosswise."""
    ordered = sorted(arrived, key=lambda one: one.seq)
    return [(one.stream, one.seq, one.published, *one.where) for one in ordered]


def contents(arrived: Sequence[Arrival], seqs: set[int]) -> tuple[list[Capture], Counts]:
    """Captures and summed counts of the arrivals with these numbers."""
    these = [one for one in arrived if one.seq in seqs]
    counts: Counter[CountKey] = Counter()
    for one in these:
        counts.update(one.counts)
    return [one.capture for one in these if one.capture], counts
