"""Drops logged requests and responses whose other half did not come in time."""

import math

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.collect import pairing
from bowerbird.jobs import rows
from bowerbird.jobs.rows import Job
from bowerbird.jobs.topics import Topic
from bowerbird.services import Services

log = structlog.get_logger()
KIND = "payload-halves"
EVERY_S = 60.0


async def put(conn: AsyncConnection, now: float, window_s: float) -> None:
    """Have what comes now dropped once its time is over: one job for all that comes within a minute."""
    minute = math.ceil((now + window_s) / EVERY_S)
    await rows.put(conn, [Job(KIND, f"{KIND}:{minute}", b"")], minute * EVERY_S)


async def run(services: Services, job: Job) -> None:
    before = services.clock() - services.settings.payload_window_s
    async with services.db.read() as conn:
        models = await pairing.models_that_wait(conn)
    for model in models:
        async with services.db.write() as conn:
            expired = await pairing.expire(conn, model, before)
        if expired:
            log.warning("logged payloads stayed without their other half", model=model, count=expired)


async def give_up(services: Services, job: Job, error: Exception) -> None:
    """The next minute's job drops what is left."""


TOPIC = Topic(KIND, run, give_up)
