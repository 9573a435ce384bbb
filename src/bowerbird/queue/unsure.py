"""Puts whose store did not answer: they may have happened, and must not happen again under another name."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from secrets import token_hex

from bowerbird.errors import Busy
from bowerbird.queue.types import Capture, CountKey, Counts

MOST_PUTS = 64

Put = tuple[tuple[str, ...], frozenset[tuple[CountKey, int]]]


class Unsure:
    """Gives each put a name, and the same one again when a put that failed is tried once more."""

    def __init__(self) -> None:
        self._names: dict[Put, str] = {}

    @contextmanager
    def put(self, captures: Sequence[Capture], counts: Counts) -> Iterator[tuple[str, bool]]:
        """Gives the put's name, and whether it was tried before; inside, Busy means: it may have happened."""
        put = (tuple(capture.capture_id for capture in captures), frozenset(counts.items()))
        earlier = self._names.pop(put, "")
        name = earlier or token_hex(12)
        try:
            yield name, bool(earlier)
        except Busy:
            if len(self._names) < MOST_PUTS:
                self._names[put] = name
            raise
