"""What became of every prediction that the tap was given."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Counts:
    """The running numbers; changed only while the ring's condition is held."""

    offered: int = 0
    adopted: int = 0
    sent: int = 0
    rejected: int = 0
    spooled: int = 0
    spooled_bytes: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    away: bool = False
    last_error: str = ""

    def drop(self, reason: str, count: int = 1) -> None:
        if count:
            self.dropped[reason] = self.dropped.get(reason, 0) + count


@dataclass(frozen=True)
class Stats:
    """Balances at every moment: offered + adopted = sent + rejected + all dropped + waiting + spooled.

    `adopted` counts items that an earlier process left on disk, once they are read. `dropped` is by reason:
    `full` (the memory), `spool_full` (the disk's bound), `too_large`, `invalid` (not to be written as JSON),
    `corrupt` (damaged on disk), `closed`. `rejected` is what the server said no to.
    """

    offered: int
    adopted: int
    sent: int
    rejected: int
    dropped: dict[str, int]
    waiting: int
    waiting_bytes: int
    spooled: int
    spooled_bytes: int
    away: bool
    last_error: str
