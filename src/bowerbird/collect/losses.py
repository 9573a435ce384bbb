"""What was lost of a collector's traffic without a coin: of that, nothing that was kept can tell."""

from collections.abc import Iterable
from dataclasses import dataclass

from bowerbird.queue import FunnelRow

NOT_ASKED = ("inactive", "caller")  # such predictions are not of the traffic that is told of


@dataclass(frozen=True, slots=True)
class Loss:
    """The share of an hour (its beginning, as Unix time) that was lost, and how many for which reason."""

    share: float
    hour: int
    counts: dict[str, int]


def population(row: FunnelRow) -> int:
    """How many predictions of the hour the collector was to judge. One that only counted judged none."""
    if row.skipped.get("shadow") and not row.taken:
        return 0
    return row.offered - sum(row.skipped.get(reason, 0) for reason in NOT_ASKED)


def lost_of(row: FunnelRow) -> Loss:
    """What was lost in an hour.

    An error, or a budget with nothing left, loses a prediction before its coin. What is lost behind it, by
    an overflow or as a dead letter, was to speak for others too: for as large a part of the hour as it
    was of what was taken.
    """
    of = population(row)
    before = {reason: row.skipped.get(reason, 0) for reason in ("error", "budget")}
    behind = {
        "overflow": row.skipped.get("overflow", 0),
        "shadow": row.skipped.get("shadow", 0),
        "dead": row.dead,
        "purged": row.purged,
    }
    if not of:
        return Loss(0.0, row.hour, {})
    drawn = row.taken + behind["overflow"] + behind["shadow"]
    early = sum(before.values()) / of
    late = sum(behind.values()) / drawn if drawn else 0.0
    counts = {reason: n for reason, n in (before | behind).items() if n}
    return Loss(early + (1 - early) * late, row.hour, counts)


def worst(rows: Iterable[FunnelRow]) -> Loss:
    """The hour that lost the greatest share."""
    return max(map(lost_of, rows), key=lambda loss: loss.share, default=Loss(0.0, 0, {}))
