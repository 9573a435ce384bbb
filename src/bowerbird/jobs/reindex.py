"""Indexes all inputs of an app anew: first each is marked, then they are done in batches, new inputs first.

How far it has come is in the inputs' own statuses, so that a killed worker costs one batch at most.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any

import structlog
from clarifai_grpc.grpc.api.resources_pb2 import Input
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from google.protobuf.json_format import MessageToJson, Parse
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.errors import ApiError, Busy, Code
from bowerbird.jobs import index, ingest, rows, states
from bowerbird.jobs.rows import Job
from bowerbird.jobs.topics import Topic
from bowerbird.services import Indexed, Services
from bowerbird.store.bulk import save_all
from bowerbird.store.kinds import INPUTS
from bowerbird.store.resources import Stored
from bowerbird.store.tables import inputs

log = structlog.get_logger()
KIND = "reindex"
TRIES = 12
MARKED_AT_ONCE = 500
PAUSE_S = 1.0  # between batches while there are new inputs
FIRST = (ingest.KIND, index.KIND)  # jobs of new inputs
ENDED = (
    Code.INPUT_SUCCESS,
    Code.INPUT_FAILED,
    Code.INPUT_REINDEX_SUCCESS,
    Code.INPUT_REINDEX_FAILED,
    Code.INPUT_REINDEX_IN_PROGRESS,  # of a re-index before: what it was about to say no longer holds
)
OPEN = (Code.INPUT_REINDEX_PENDING, Code.INPUT_REINDEX_IN_PROGRESS)
STOPPED = "stopped"
PENDING = Status(code=Code.INPUT_REINDEX_PENDING, description="The input waits to be indexed anew.")
IN_PROGRESS = Status(code=Code.INPUT_REINDEX_IN_PROGRESS, description="The input is being indexed anew.")
DONE = Status(code=Code.INPUT_REINDEX_SUCCESS, description="Ok")


async def put(conn: AsyncConnection, app: int, now: float) -> None:
    """Have all inputs that the app holds now indexed anew; what was under way begins afresh."""
    last = (await conn.execute(select(func.max(inputs.c.seq)).where(inputs.c.app == app))).scalar()
    if last is not None:
        state = {"app": app, "marked": 0, "last": last, "run": uuid.uuid4().hex}
        # Some are marked at once, so that whoever counts sees that there is something to do.
        state = await _mark(conn, state)
        await rows.replace(conn, Job(KIND, f"{KIND}:{app}", json.dumps(state).encode()), now)


async def stop(conn: AsyncConnection, app: int, now: float) -> int:
    """Have the inputs that wait put back to what they were before; how many there are."""
    await rows.replace(
        conn, Job(KIND, f"{KIND}:{app}", json.dumps({"app": app, STOPPED: True}).encode()), now
    )
    waiting = select(func.count()).where(inputs.c.app == app, inputs.c.status.in_(OPEN))
    found: int = (await conn.execute(waiting)).scalar_one()
    return found


async def run(services: Services, job: Job) -> None:
    """Raises Busy when some of the batch may do better later."""
    state = json.loads(job.payload)
    if STOPPED in state:
        async with services.db.write() as conn:
            if await _put_back(conn, state["app"]):
                await rows.again(conn, job, job.payload, services.clock())
    elif state["marked"] < state["last"]:
        async with services.db.write() as conn:
            if await rows.is_held(conn, job):  # or it was stopped meanwhile
                state = await _mark(conn, state)
                await rows.again(conn, job, json.dumps(state).encode(), services.clock())
    else:
        await _batch(services, job)


async def give_up(services: Services, job: Job, error: Exception) -> None:
    """The batch fails; the next one may do better. What is only put back has nothing to fail at."""
    state = json.loads(job.payload)
    reason = error if isinstance(error, ApiError) else ApiError()
    async with services.db.write() as conn:
        if STOPPED not in state:
            batch = [s.seq for s in await _next(conn, state["app"], index.BATCH)]
            await index.write(conn, dict.fromkeys(batch, Indexed(error=reason)), OPEN, _ended)
        await rows.again(conn, job, job.payload, services.clock())


async def _mark(conn: AsyncConnection, state: Mapping[str, Any]) -> dict[str, Any]:
    """Mark the inputs that come next; how far it is then."""
    app, marked, last = state["app"], state["marked"], state["last"]
    query = select(inputs).where(inputs.c.app == app, inputs.c.seq > marked, inputs.c.seq <= last)
    query = query.order_by(inputs.c.seq).limit(MARKED_AT_ONCE).with_for_update()
    found = [INPUTS.stored(row) for row in await conn.execute(query)]
    await save_all(conn, INPUTS, [_under_way(s, PENDING) for s in found if _is_due(s)])
    return {**state, "marked": found[-1].seq if len(found) == MARKED_AT_ONCE else last}


async def _put_back(conn: AsyncConnection, app: int) -> int:
    """Give some of the inputs that wait the status that they had before; how many these were."""
    found = await _next(conn, app, MARKED_AT_ONCE)
    await save_all(conn, INPUTS, [states.with_status(s, _before(s.message.status)) for s in found])
    return len(found)


def _under_way(stored: Stored[Input], status: Status) -> tuple[int, Input]:
    """With that status, which remembers what there was before all this."""
    seq, message = states.with_status(stored, status)
    message.status.internal_details = MessageToJson(_before(stored.message.status), indent=None)
    return seq, message


def _before(status: Status) -> Status:
    """The status before the input was marked, if it is."""
    if status.code not in OPEN:
        return status
    # Of a database that was written by an older version the status before is not known.
    return Parse(status.internal_details, Status()) if status.internal_details else states.DONE


def _is_due(stored: Stored[Input]) -> bool:
    """Whether there is something to index. What could not be downloaded is not there."""
    return stored.message.status.code in ENDED and states.is_kept(stored.message.data)


async def _batch(services: Services, job: Job) -> None:
    app = json.loads(job.payload)["app"]
    async with services.db.write() as conn:
        found = await _next(conn, app, index.BATCH)
        await save_all(conn, INPUTS, [_under_way(s, IN_PROGRESS) for s in found])
    if not found:
        log.info("indexed anew", app=app)
        return
    services.reached("reindexing")
    indexed = await index.ask(services, found)
    waiting = index.later(indexed, is_last=job.attempt >= TRIES)
    ready = {seq: one for seq, one in indexed.items() if seq not in waiting}
    now = services.clock()
    async with services.db.write() as conn:
        # Only what is still in progress: what was marked again meanwhile is to be asked again.
        await index.write(conn, ready, (Code.INPUT_REINDEX_IN_PROGRESS,), _ended)
        if not waiting:
            is_busy = await rows.any_due_of(conn, FIRST, now)
            await rows.again(conn, job, job.payload, now + (PAUSE_S if is_busy else 0))
    if waiting:
        raise Busy(f"{len(waiting)} of {len(found)} inputs, one because {next(iter(waiting.values()))}")


async def _next(conn: AsyncConnection, app: int, most: int) -> list[Stored[Input]]:
    """The inputs that come next, those that a killed worker left among them."""
    where = (inputs.c.app == app, inputs.c.status.in_(OPEN))
    query = select(inputs).where(*where).order_by(inputs.c.status.desc(), inputs.c.seq).limit(most)
    return [INPUTS.stored(row) for row in await conn.execute(query.with_for_update())]


def _ended(error: ApiError | None) -> Status:
    if error is None:
        return DONE
    return Status(
        code=Code.INPUT_REINDEX_FAILED,
        description="The input is kept, but the base workflow failed on it.",
        details=index.said(error),
    )


TOPIC = Topic(KIND, run, give_up, TRIES)
