"""The capture queue as a worker uses it, with a count of what became of the items."""

from collections.abc import Sequence
from typing import cast

from prometheus_client import CollectorRegistry, Counter

from bowerbird.queue import Failure, Leased, Queue


def metered(queue: Queue, registry: CollectorRegistry) -> Queue:
    """The same queue; `bowerbird_worker_items_total` says how many items ended how."""
    return cast(Queue, _Metered(queue, registry))  # it hands on what it does not count


class _Metered:
    def __init__(self, queue: Queue, registry: CollectorRegistry) -> None:
        self._queue = queue
        items = Counter(
            "bowerbird_worker_items", "Items that the worker dealt with.", ["outcome"], registry=registry
        )
        names = ("posted", "unwanted", "retried", "postponed", "dead")
        self._items = {name: items.labels(name) for name in names}

    def __getattr__(self, name: str) -> object:
        return getattr(self._queue, name)

    async def ack(self, leased: Sequence[Leased]) -> int:
        return self._counted("posted", await self._queue.ack(leased))

    async def discard(self, leased: Sequence[Leased]) -> int:
        return self._counted("unwanted", await self._queue.discard(leased))

    async def bury(self, leased: Sequence[Leased], *, error: Failure) -> int:
        return self._counted("dead", await self._queue.bury(leased, error=error))

    async def retry(
        self, leased: Sequence[Leased], *, not_before: float, error: Failure | None, burn: bool = True
    ) -> int:
        changed = await self._queue.retry(leased, not_before=not_before, error=error, burn=burn)
        return self._counted("retried" if burn else "postponed", changed)

    def _counted(self, outcome: str, n: int) -> int:
        self._items[outcome].inc(n)
        return n
