"""The rows of jobs: put with the state change, leased by a worker, dropped when they are done.

A lease is a job that is due again later: whoever is killed with it loses it, and another takes it then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.store.bulk import insert_missing
from bowerbird.store.tables import jobs


@dataclass(frozen=True, slots=True)
class Job:
    """Work to do. `key` says what it is about; `attempt` counts the leases, this one included."""

    kind: str
    key: str
    payload: bytes
    seq: int = 0
    attempt: int = 0


async def put(conn: AsyncConnection, work: Iterable[Job], run_at: float) -> None:
    """Add jobs to the caller's transaction. One whose key waits already changes nothing."""
    rows = [{"kind": j.kind, "key": j.key, "payload": j.payload, "run_at": run_at} for j in work]
    await insert_missing(conn, jobs, rows)


async def any_due(conn: AsyncConnection, now: float) -> bool:
    query = select(jobs.c.seq).where(jobs.c.run_at <= now).limit(1)
    return (await conn.execute(query)).first() is not None


async def lease(conn: AsyncConnection, *, limit: int, now: float, until: float) -> list[Job]:
    """Take the jobs that are due, the oldest first; they are the caller's until that time."""
    due = select(jobs.c.seq).where(jobs.c.run_at <= now).order_by(jobs.c.run_at, jobs.c.seq).limit(limit)
    take = (
        update(jobs)
        .where(jobs.c.seq.in_(due.with_for_update(skip_locked=True).scalar_subquery()))
        .values(run_at=until, attempt=jobs.c.attempt + 1)
        .returning(jobs.c.kind, jobs.c.key, jobs.c.payload, jobs.c.seq, jobs.c.attempt)
    )
    taken = [Job(*row) for row in await conn.execute(take)]
    return sorted(taken, key=lambda job: job.seq)


async def postpone(conn: AsyncConnection, job: Job, run_at: float, error: str = "") -> bool:
    """Make it due at that time. False when the lease was lost: the attempt says whose it is."""
    later = update(jobs).where(*_held(job)).values(run_at=run_at, error=error)
    return (await conn.execute(later)).rowcount > 0


async def again(conn: AsyncConnection, job: Job, payload: bytes, run_at: float) -> None:
    """Go on with it later, from another place, as if it had just been put; unless the lease was lost."""
    later = update(jobs).where(*_held(job), jobs.c.payload == job.payload)
    await conn.execute(later.values(payload=payload, run_at=run_at, attempt=0, error=""))


async def replace(conn: AsyncConnection, job: Job, run_at: float) -> None:
    """Put a job in the place of the one with the same key, if there is one; that one's lease is lost."""
    await put(conn, [job], run_at)
    fresh = update(jobs).where(jobs.c.key == job.key)
    await conn.execute(fresh.values(payload=job.payload, run_at=run_at, attempt=0, error=""))


async def is_held(conn: AsyncConnection, job: Job) -> bool:
    """Whether the job is still as it was leased; nobody replaces it before this transaction ends."""
    held = select(jobs.c.seq).where(*_held(job), jobs.c.payload == job.payload).with_for_update()
    return (await conn.execute(held)).first() is not None


async def any_due_of(conn: AsyncConnection, kinds: Sequence[str], now: float) -> bool:
    query = select(jobs.c.seq).where(jobs.c.run_at <= now, jobs.c.kind.in_(kinds)).limit(1)
    return (await conn.execute(query)).first() is not None


async def drop(conn: AsyncConnection, job: Job) -> None:
    """Forget a job that is done, unless the lease was lost."""
    await conn.execute(delete(jobs).where(*_held(job)))


def _held(job: Job) -> tuple[Any, ...]:  # conditions
    return jobs.c.seq == job.seq, jobs.c.attempt == job.attempt
