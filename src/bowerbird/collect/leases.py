"""Holding on to leases for as long as the work on them takes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from bowerbird.errors import ApiError
from bowerbird.queue import Leased
from bowerbird.services import Services


@asynccontextmanager
async def held(services: Services, leased: Sequence[Leased]) -> AsyncIterator[None]:
    """Renews the leases while the block runs. Those that it gave back or lost to another are left alone."""
    renewing = asyncio.create_task(_renew(services, leased))
    try:
        yield
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing


async def _renew(services: Services, leased: Sequence[Leased]) -> None:
    lease_s = services.settings.lease_s
    while True:
        await asyncio.sleep(lease_s / 3)
        with suppress(ApiError):  # the next round may reach the queue again
            await services.queue.extend(leased, until=services.clock() + lease_s)
