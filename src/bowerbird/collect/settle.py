"""The end of captured items in the worker's hands: posted, unwanted, tried again later, or given up."""

import random
from collections.abc import Iterable, Sequence
from contextlib import suppress

from bowerbird.collect.backoff import delay, is_spent
from bowerbird.collect.failures import describe
from bowerbird.collect.gates import BLOCKED_S
from bowerbird.collect.items import Item
from bowerbird.errors import ApiError
from bowerbird.queue import Failure, Leased
from bowerbird.services import Services

LARGE_S = 60.0  # how long captures wait whose payload lies in a store that is down
MOST_LOST = 3  # leases: whoever was killed so often with the same item in hand, was killed by it
POISON = "its worker died with it in hand, again and again"


async def settle(services: Services, items: Sequence[Item], draw: random.Random, *, is_probe: bool) -> None:
    """Be done with each item. One that was only tried to see whether it may be has lost no attempt."""
    queue = services.queue
    posted = [i.leased for i in items if i.is_open]
    unwanted = [i.leased for i in items if i.is_unwanted]
    acked = await queue.ack(posted)
    services.reached("acked")
    discarded = await queue.discard(unwanted)
    if acked + discarded == len(posted) + len(unwanted):  # else another worker has taken some over
        await forget_payloads(services, (one.capture.payload_key for one in (*posted, *unwanted)))
    for item in items:
        if item.error is not None:
            await _put_back(services, item, item.error, draw, is_probe=is_probe)


async def _put_back(
    services: Services, item: Item, error: ApiError, draw: random.Random, *, is_probe: bool
) -> None:
    queue, now, leased = services.queue, services.clock(), item.leased
    noted = Failure(item.stage, describe(error), now)
    if item.failure == "configuration":
        await queue.retry([leased], not_before=now + BLOCKED_S, error=noted, burn=False)
    elif item.failure == "item" or is_spent(leased, now):
        await queue.bury([leased], error=noted)
    else:
        later = now + delay(leased.attempt, draw)
        await queue.retry([leased], not_before=later, error=noted, burn=not is_probe)


async def give_back(services: Services, leased: Sequence[Leased], *, after_s: float = 0.0) -> None:
    """They were not tried: they are where they were, and come first again."""
    if leased:
        now = services.clock()
        first = min(now, *(one.capture.taken_at for one in leased))
        not_before = now + after_s if after_s else first
        await services.queue.retry(leased, not_before=not_before, error=None, burn=False)


async def bury_poison(services: Services, leased: Sequence[Leased]) -> Sequence[Leased]:
    """Give up those with which worker after worker died; the others."""
    poison = [one for one in leased if one.lost >= MOST_LOST]
    if poison:
        await services.queue.bury(poison, error=Failure("worker", POISON, services.clock()))
    return [one for one in leased if one.lost < MOST_LOST]


async def forget_payloads(services: Services, keys: Iterable[str]) -> None:
    """Delete what was too large for the queue's rows; what cannot be deleted now is swept up later."""
    for key in keys:
        if key:
            with suppress(ApiError):
                await services.payloads.delete_async(key)
