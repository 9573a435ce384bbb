"""Those who wait until a capture is durable, each in an event loop of its own."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiter:
    """Somebody who waits until a capture is durable, or the timer gives up."""

    future: "asyncio.Future[bool]"
    timer: asyncio.TimerHandle


def waiter(at_most_s: float) -> Waiter:
    """In the running event loop; its future turns False after so long."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[bool] = loop.create_future()
    return Waiter(future, loop.call_later(at_most_s, _settle, future, False))


def tell(waiters: Iterable[Waiter], is_kept: bool) -> None:
    """Answer waiters in their own event loops: each loop is woken once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Waiter]] = defaultdict(list)
    for one in waiters:
        by_loop[one.future.get_loop()].append(one)
    for loop, its_own in by_loop.items():
        with suppress(RuntimeError):  # that loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle_all, its_own, is_kept)


def _settle_all(waiters: Iterable[Waiter], is_kept: bool) -> None:
    for one in waiters:
        one.timer.cancel()
        _settle(one.future, is_kept)


def _settle(future: "asyncio.Future[bool]", is_kept: bool) -> None:
    if not future.done():
        future.set_result(is_kept)
