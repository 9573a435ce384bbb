"""Between rows and values, for both databases."""

import json
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from bowerbird.queue.types import (
    LONGEST_PAUSE_S,
    Capture,
    Counts,
    DeadLetter,
    Failure,
    FunnelRow,
    Leased,
    Standing,
    hour_of,
)

# A row's columns, in the order in which `leased` and `letter` read them.
COLUMNS = (
    "seq, capture_id, collector, taken_at, died_at, attempt, lost, alive_since, token,"
    " history, blob_keys, payload_key, payload"
)
Row = Sequence[Any]  # the drivers give their rows no types
PutRow = tuple[str, int, str, float, str, str, bytes]
Tally = Counter[tuple[str, int, str]]  # collector, hour, kind

# A lease changes only columns that keep their size, so that SQLite writes them in place: otherwise it would
# write the whole payload anew. So every token takes 8 bytes, and every worker's name 32.
NO_LEASE = 2**62  # tokens are larger
WORKER_CHARS = 32
NOBODY = " " * WORKER_CHARS

LONGEST_SKEW_S = 300.0  # how far the clocks of machines may be apart

MOST_FAILURES = 32  # in a history: the first and the latest
MOST_CHARS = 1000  # of what one of them said

# Removing or changing a million rows at once would hold the lock that captures wait for.
CHUNK = 1000


def put_row(capture: Capture) -> PutRow:
    """capture_id, fingerprint, collector, taken_at, blob_keys, payload_key, payload."""
    return (
        capture.capture_id,
        fingerprint(capture.capture_id),
        capture.collector,
        capture.taken_at,
        " ".join(capture.blob_keys),
        capture.payload_key,
        capture.payload,
    )


def fingerprint(capture_id: str) -> int:
    """The first 63 bits of the id."""
    return int(capture_id[:16], 16) >> 1


def tally_of_put(captures: Collection[Capture], new: set[str], counts: Counts) -> Tally:
    """The counters of one put: the first of each new id was taken, the others are duplicates."""
    if len(new) == len(captures):
        tally: Tally = Counter((one.collector, hour_of(one.taken_at), "taken") for one in captures)
    else:
        tally = _with_duplicates(captures, set(new))
    for key, n in counts.items():
        tally[key] += n
    return tally


def _with_duplicates(captures: Iterable[Capture], left: set[str]) -> Tally:
    tally: Tally = Counter()
    for capture in captures:
        kind = "taken" if capture.capture_id in left else "duplicate"
        left.discard(capture.capture_id)
        tally[capture.collector, hour_of(capture.taken_at), kind] += 1
    return tally


def new_token() -> int:
    """A number that no other lease has; the number of any row can be added to it."""
    return NO_LEASE + 1 + secrets.randbelow(2**61)


def fixed_width(worker: str) -> str:
    """The worker's name, cut or filled to the width of its column."""
    return f"{worker:{WORKER_CHARS}.{WORKER_CHARS}}"


def latest_due(now: float, ttl: float) -> float:
    """What is due after this was put off, or taken, by a clock that has been set back since."""
    return now + max(ttl, LONGEST_PAUSE_S) + LONGEST_SKEW_S


def history_with(leased: Leased, error: Failure) -> str:
    """The history as its column holds it, with an error more."""
    first, rest = leased.history[:1], leased.history[1:]
    return _text((*first, *rest[-(MOST_FAILURES - 2) :], error))


def history_noting(leased: Leased, error: Failure) -> str:
    """The same; an error that only says again what the last one did takes its place."""
    last = leased.history[-1:]
    if last and (last[0].stage, last[0].text) == (error.stage, error.text[:MOST_CHARS]):
        return _text((*leased.history[:-1], error))
    return history_with(leased, error)


def _text(history: Iterable[Failure]) -> str:
    return json.dumps([(failure.stage, failure.text[:MOST_CHARS], failure.at) for failure in history])


def leased(row: Row) -> Leased:
    _, _, _, _, _, attempt, lost, alive_since, token, history, *_ = row
    return Leased(_capture(row), attempt, lost, alive_since, _history(history), row[0], token)


def letter(row: Row) -> DeadLetter:
    seq, _, _, _, died_at, attempt, _, _, _, history, *_ = row
    return DeadLetter(_capture(row), attempt, _history(history), died_at, seq)


def _capture(row: Row) -> Capture:
    _, capture_id, collector, taken_at, *_, keys, payload_key, payload = row
    return Capture(capture_id, collector, taken_at, payload, tuple(keys.split()), payload_key)


def _history(text: str) -> tuple[Failure, ...]:
    return tuple(Failure(*entry) for entry in json.loads(text)) if text != "[]" else ()


def funnel_rows(counters: Iterable[tuple[str, int, str, int]]) -> list[FunnelRow]:
    """Counters (collector, hour, kind, n), sorted, as one row for each collector and hour."""
    hours: dict[tuple[str, int], dict[str, int]] = {}
    for collector, hour, kind, n in counters:
        hours.setdefault((collector, hour), {})[kind] = n
    return [_funnel_row(collector, hour, kinds) for (collector, hour), kinds in hours.items()]


def _funnel_row(collector: str, hour: int, kinds: dict[str, int]) -> FunnelRow:
    taken, posted, dead, purged = (kinds.pop(kind, 0) for kind in ("taken", "posted", "dead", "purged"))
    skipped = {reason: n for reason, n in kinds.items() if n}
    return FunnelRow(collector, hour, taken, posted, dead, purged, skipped)


def standings(found: Iterable[Row]) -> dict[str, Standing]:
    """Of rows of a collector, how many of it wait, since when, and how many are dead; in several parts."""
    known: dict[str, Standing] = {}
    for collector, waiting, oldest, dead in found:
        before = known.get(collector, Standing())
        since = min((at for at in (before.oldest, oldest) if at is not None), default=None)
        known[collector] = Standing(before.waiting + waiting, since, before.dead + dead)
    return known
