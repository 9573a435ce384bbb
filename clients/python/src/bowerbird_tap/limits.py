"""How much the tap may take of the host's memory, disk and time."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds. The defaults suit up to a few thousand predictions a second."""

    queue_items: int = 10_000  # in memory, those on their way included; what comes on top is dropped, counted
    queue_bytes: int = 64 * MIB
    item_bytes: int = 16 * MIB  # a larger prediction is dropped, counted
    batch_items: int = 200
    batch_bytes: int = 1 * MIB  # one item may be larger
    linger: float = 0.25  # how long a batch that is not full waits for more
    patience: float = 1.0  # how long a ripe batch waits for a slow server before it goes to disk
    in_flight: int = 2  # requests at a time
    timeout: float = 10.0  # of connecting, and of each read
    retry_first: float = 0.1  # doubled for every failure in a row, and shortened by chance down to its half
    retry_most: float = 30.0
    gzip_bytes: int = 64 * KIB  # bodies of at least this size are compressed
    spool_bytes: int = 256 * MIB  # of this process, what it took over included; the oldest goes first
    segment_bytes: int = 1 * MIB
    sync_seconds: float = 1.0  # how long what was spooled may wait for its fsync
    drain_share: float = 0.01  # of one core's time, for sending what was spooled
    exit_seconds: float = 3.0  # how long the end of the program may wait for the server
