"""The capture queue: durable, leased, each item once."""

from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

from bowerbird.queue.arrivals import Shelf
from bowerbird.queue.types import (
    LONGEST_PAUSE_S,
    Capture,
    CountKey,
    Counts,
    DeadLetter,
    Failure,
    FunnelRow,
    Leased,
    Pick,
    Queue,
    Reason,
    Standing,
    Waiting,
    hour_of,
    uncontrolled_share,
)

__all__ = [
    "LONGEST_PAUSE_S",
    "Capture",
    "CountKey",
    "Counts",
    "DeadLetter",
    "Failure",
    "FunnelRow",
    "Leased",
    "Pick",
    "Queue",
    "Reason",
    "Standing",
    "Waiting",
    "hour_of",
    "open_queue",
    "open_queue_of_thread",
    "uncontrolled_share",
]


async def open_queue(database_url: str, file: Path, queue_url: str = "") -> Queue:
    """The queue for an event loop that does other things too: in `file`, or in the database if it has a URL.

    With `queue_url` captures go through NATS JetStream first. It does not connect yet, so that a store that
    is down is met by the calls, which raise Busy. Raises ValueError for an address that is none.
    """
    return _through(queue_url, await _shelf(database_url, file, ThreadPoolExecutor(1, "queue")))


async def open_queue_of_thread(database_url: str, file: Path, queue_url: str = "") -> Queue:
    """The same for a thread with a loop of its own, which calls of the SQLite queue may block."""
    return _through(queue_url, await _shelf(database_url, file, None))


async def _shelf(database_url: str, file: Path, executor: Executor | None) -> Shelf:
    if database_url:
        from bowerbird.queue.postgres import PostgresQueue  # its driver is an extra

        return await PostgresQueue.open(database_url)
    from bowerbird.queue.sqlite import SqliteQueue

    return SqliteQueue(file, executor)


def _through(queue_url: str, shelf: Shelf) -> Queue:
    if not queue_url:
        return shelf
    from bowerbird.queue.nats import NatsQueue  # its driver is an extra

    return NatsQueue(queue_url, shelf)
