"""Runs jobs: leases what is due, renews the lease while it works, tries again, gives up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from bowerbird.errors import ApiError
from bowerbird.jobs import rows
from bowerbird.jobs.rows import Job
from bowerbird.jobs.topics import Interrupted, Topic, pause, topics
from bowerbird.services import Services

log = structlog.get_logger()
AT_ONCE = 8  # jobs that one worker runs at the same time


async def run_due(services: Services, *, limit: int = AT_ONCE) -> int:
    """Run up to so many of the jobs that are due; how many it were."""
    leased = await _lease(services, limit)
    await asyncio.gather(*(_run(services, job) for job in leased))
    return len(leased)


async def drain(services: Services) -> int:
    """Run jobs until none is due; how many it were. Those put off until later are left."""
    total = 0
    while done := await run_due(services):
        total += done
    return total


async def work(services: Services, stop: asyncio.Event) -> None:
    """Run jobs as they come until told to stop; what is under way then is finished."""
    running: set[asyncio.Task[None]] = set()
    while not stop.is_set():
        leased = await _lease_calmly(services, AT_ONCE - len(running))
        running |= {asyncio.create_task(_run(services, job)) for job in leased}
        patience = services.settings.poll_s if len(running) < AT_ONCE else None
        running = await _wait(running, stop, patience)
    await asyncio.gather(*running)


async def _wait(
    running: set[asyncio.Task[None]], stop: asyncio.Event, at_most: float | None
) -> set[asyncio.Task[None]]:
    """Until a job ends, or the time is over; those that go on."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({*running, stopping}, timeout=at_most, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    return {task for task in running if not task.done()}


async def _lease_calmly(services: Services, limit: int) -> list[Job]:
    try:
        return await _lease(services, limit)
    except Exception as error:  # the store is away; the next round asks again
        log.warning("jobs unread", error=type(error).__name__)
        return []


async def _lease(services: Services, limit: int) -> list[Job]:
    now = services.clock()
    if not limit or not await _any_due(services, now):
        return []
    async with services.db.write() as conn:
        return await rows.lease(conn, limit=limit, now=now, until=now + services.settings.lease_s)


async def _any_due(services: Services, now: float) -> bool:
    # SQLite has one writer: looking must not take its place again and again.
    async with services.db.read() as conn:
        return await rows.any_due(conn, now)


async def _run(services: Services, job: Job) -> None:
    topic = topics().get(job.kind)
    try:
        if topic is None:
            raise ApiError(f"this version knows no jobs of kind {job.kind!r}")
        async with _renewed(services, job):
            await _attempt(services, topic, job)
    except Exception as error:
        await _put_off(services, job, error)


async def _attempt(services: Services, topic: Topic, job: Job) -> None:
    """Run it, or give it up for good; either way it is done when this returns."""
    if job.attempt > topic.tries:  # whoever ran it last was killed by it, or before saying how it went
        await topic.give_up(services, job, Interrupted())
    else:
        try:
            await topic.run(services, job)
        except Exception as error:
            if job.attempt < topic.tries:
                raise
            log.error("job given up", kind=job.kind, key=job.key, error=str(error))
            await topic.give_up(services, job, error)
    async with services.db.write() as conn:
        await rows.drop(conn, job)


async def _put_off(services: Services, job: Job, error: Exception) -> None:
    known = isinstance(error, ApiError)
    log.warning(
        "job put off", kind=job.kind, key=job.key, attempt=job.attempt, exc_info=None if known else error
    )
    with suppress(Exception):  # then the lease ends by itself
        async with services.db.write() as conn:
            await rows.postpone(conn, job, services.clock() + pause(job.attempt), str(error)[:500])


@asynccontextmanager
async def _renewed(services: Services, job: Job) -> AsyncIterator[None]:
    """Keeps the lease while the work goes on."""
    renewing = asyncio.create_task(_renew(services, job))
    try:
        yield
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing


async def _renew(services: Services, job: Job) -> None:
    lease_s = services.settings.lease_s
    while True:
        await asyncio.sleep(lease_s / 3)
        with suppress(Exception):  # the next round may reach the store again
            async with services.db.write() as conn:
                await rows.postpone(conn, job, services.clock() + lease_s)
