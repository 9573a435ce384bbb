"""Runs the base workflow on new inputs: what it says is in the index before the input is done."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Input, UserAppIDSet
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.errors import ApiError, Busy, Code
from bowerbird.index.predicted import renew_predicted
from bowerbird.index.vectors import Vector, renew_vectors
from bowerbird.jobs import rows, states
from bowerbird.jobs.rows import Job
from bowerbird.jobs.topics import Topic
from bowerbird.services import Indexed, Services
from bowerbird.store.bulk import save_all
from bowerbird.store.kinds import INPUTS
from bowerbird.store.resources import Stored
from bowerbird.store.tables import apps

KIND = "index"
BATCH = 32  # inputs of a job: they go through the models together
TRIES = 12  # more than an hour: models that are down are waited for

Ends = Callable[[ApiError | None], Status]  # the status of an input that was indexed, or could not be


async def put(conn: AsyncConnection, seqs: Sequence[int], now: float) -> None:
    """Have the inputs of these row numbers indexed, those that are in progress."""
    groups = [list(seqs[at : at + BATCH]) for at in range(0, len(seqs), BATCH)]
    await rows.put(conn, [_job(json.dumps(group).encode()) for group in groups], now)


def _job(payload: bytes) -> Job:
    return Job(KIND, f"{KIND}:{hashlib.sha256(payload).hexdigest()[:32]}", payload)


async def run(services: Services, job: Job) -> None:
    """Raises Busy when some of the inputs may do better later."""
    async with services.db.read() as conn:
        found = await states.found(conn, json.loads(job.payload), states.OPEN)
    indexed = await ask(services, found)
    waiting = later(indexed, is_last=job.attempt >= TRIES)
    ready = {seq: one for seq, one in indexed.items() if seq not in waiting}
    async with services.db.write() as conn:
        await write(conn, ready, states.OPEN, ended)
    if waiting:
        raise Busy(f"{len(waiting)} of {len(found)} inputs, one because {next(iter(waiting.values()))}")


async def give_up(services: Services, job: Job, error: Exception) -> None:
    reason = error if isinstance(error, ApiError) else ApiError()
    async with services.db.write() as conn:
        seqs: list[int] = json.loads(job.payload)
        await write(conn, dict.fromkeys(seqs, Indexed(error=reason)), states.OPEN, ended)


def ended(error: ApiError | None) -> Status:
    if error is None:
        return states.DONE
    return Status(
        code=Code.INPUT_FAILED,
        description="The input is kept, but the base workflow failed on it.",
        details=said(error),
    )


def said(error: ApiError) -> str:
    return (error.details or error.text())[:1000]


async def ask(services: Services, found: Sequence[Stored[Input]]) -> dict[int, Indexed]:
    """What the base workflows of their apps say of these inputs, by their row numbers."""
    outcomes: dict[int, Indexed] = {}
    async with services.db.read() as conn:
        wanted = {s.row["app"] for s in found}
        names = select(apps.c.seq, apps.c.user_id, apps.c.id).where(apps.c.seq.in_(wanted))
        places = [(seq, UserAppIDSet(user_id=u, app_id=a)) for seq, u, a in await conn.execute(names)]
    for app, place in places:
        theirs = [s for s in found if s.row["app"] == app]
        answers = await services.client.index(place, [s.message.id for s in theirs])
        outcomes |= dict(zip((s.seq for s in theirs), answers, strict=True))
    return outcomes


def later(indexed: Mapping[int, Indexed], *, is_last: bool) -> dict[int, ApiError]:
    """Those that may do better at another time, and why."""
    errors = ((seq, one.error) for seq, one in indexed.items())
    return {seq: error for seq, error in errors if error and not (error.permanent or is_last)}


async def write(
    conn: AsyncConnection, indexed: Mapping[int, Indexed], statuses: Sequence[int], ends: Ends
) -> None:
    """Put into the index what was said of the inputs that still have such a status, and end them."""
    found = await states.locked(conn, list(indexed), statuses)
    for app in {s.row["app"] for s in found}:
        theirs = [s.seq for s in found if s.row["app"] == app]
        # What an earlier base workflow said goes, also when this one failed: it would be found as if it held.
        await renew_predicted(conn, app, theirs, [(seq, indexed[seq].concepts) for seq in theirs])
        await renew_vectors(conn, app, theirs, list(_vectors(theirs, indexed)))
    await save_all(conn, INPUTS, [states.with_status(s, ends(indexed[s.seq].error)) for s in found])


def _vectors(seqs: Iterable[int], indexed: Mapping[int, Indexed]) -> Iterable[tuple[int, Vector]]:
    return ((seq, vector) for seq in seqs for vector in indexed[seq].vectors)


TOPIC = Topic(KIND, run, give_up, TRIES)
