"""Brings posted inputs to their end: what is behind a URL is downloaded, examined and kept."""

import asyncio
import json
import uuid
from collections.abc import Collection, Mapping, Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Data, Input
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.addresses import Policy
from bowerbird.errors import ApiError, Code, InputDownloadFailed
from bowerbird.fetch import fetch
from bowerbird.hosting import Taken, take
from bowerbird.jobs import index, rows, states
from bowerbird.jobs.rows import Job
from bowerbird.jobs.states import apps_with_base
from bowerbird.jobs.topics import Topic
from bowerbird.media import Kind, Media, with_hosted
from bowerbird.services import Services
from bowerbird.settings import Settings
from bowerbird.store import media as media_rows
from bowerbird.store.bulk import save_all
from bowerbird.store.kinds import INPUTS, media_kind
from bowerbird.store.resources import Stored

KIND = "ingest"
TRIES = 4
URLS_PER_JOB = 8  # they are downloaded at once, and written down together
PENDING = Status(code=Code.INPUT_PENDING, description="The input waits to be processed.")

Outcome = Taken | ApiError | None  # None: it was taken when it was posted


async def put(conn: AsyncConnection, kept: Sequence[int], remote: Sequence[int], now: float) -> None:
    """Have the inputs of these row numbers ingested: those whose media are kept, and those with a URL."""
    groups = [remote[at : at + URLS_PER_JOB] for at in range(0, len(remote), URLS_PER_JOB)]
    work = [_job(group) for group in [kept, *groups] if group]
    await rows.put(conn, work, now)


def _job(seqs: Sequence[int]) -> Job:
    return Job(KIND, f"{KIND}:{uuid.uuid4().hex}", json.dumps(list(seqs)).encode())


async def run(services: Services, job: Job) -> None:
    """Raises InputDownloadFailed when some of the inputs may do better later."""
    found = await _begin(services, job)
    outcomes = await _outcomes(services, found)
    last = job.attempt >= TRIES
    waiting = [o for o in outcomes.values() if isinstance(o, ApiError) and not (o.permanent or last)]
    await _write(services, {s: o for s, o in outcomes.items() if o not in waiting})
    if waiting:
        raise InputDownloadFailed(f"{len(waiting)} of {len(found)} inputs, one because {waiting[0]}")


async def give_up(services: Services, job: Job, error: Exception) -> None:
    reason = error if isinstance(error, ApiError) else ApiError()
    async with services.db.read() as conn:
        found = await _open(conn, job)
    await _write(services, {s.seq: None if states.is_kept(s.message.data) else reason for s in found})


async def _begin(services: Services, job: Job) -> list[Stored[Input]]:
    """The inputs that are still to be done; those to be downloaded are said to be in progress."""
    async with services.db.read() as conn:
        found = await _open(conn, job)
    starting = [
        s.seq for s in found if not states.is_kept(s.message.data) and s.row["status"] == Code.INPUT_PENDING
    ]
    if starting:
        async with services.db.write() as conn:
            locked = await states.locked(conn, starting, states.OPEN)
            await save_all(conn, INPUTS, [states.with_status(s, states.IN_PROGRESS) for s in locked])
    return found


async def _open(conn: AsyncConnection, job: Job) -> list[Stored[Input]]:
    return await states.found(conn, json.loads(job.payload), states.OPEN)


async def _outcomes(services: Services, found: Sequence[Stored[Input]]) -> dict[int, Outcome]:
    policy = Policy.of_this_machine(services.settings.fetch_allow)
    results = await asyncio.gather(*(_outcome(services, s.message.data, policy) for s in found))
    return dict(zip((s.seq for s in found), results, strict=True))


async def _outcome(services: Services, data: Data, policy: Policy) -> Outcome:
    if states.is_kept(data):
        return None
    try:
        return await _download(services, data, policy)
    except ApiError as error:
        return error


async def _download(services: Services, data: Data, policy: Policy) -> Taken:
    settings, kind, url = services.settings, _kind(data), getattr(data, media_kind(data)).url
    fetched = await fetch(
        url, max_bytes=_most_bytes(kind, settings), timeout_s=settings.fetch_timeout_s, policy=policy
    )
    return await asyncio.to_thread(take, Media(kind, "", fetched.content), settings, services.blobs)


def _kind(data: Data) -> Kind:
    kind = media_kind(data)
    assert kind, "only inputs with media are ingested"
    return kind  # type: ignore[return-value]  # the same four words


def _most_bytes(kind: Kind, settings: Settings) -> int:
    return {"image": settings.max_image_bytes, "text": settings.max_text_bytes}.get(
        kind, settings.max_video_bytes
    )


async def _write(services: Services, outcomes: Mapping[int, Outcome]) -> None:
    if not outcomes:
        return
    async with services.db.write() as conn:
        # Read again: what others changed while this was downloading must stay.
        found = await states.locked(conn, list(outcomes), states.OPEN)
        based = await apps_with_base(conn, {s.row["app"] for s in found})
        good = [s for s in found if not isinstance(outcomes[s.seq], ApiError)]
        await save_all(conn, INPUTS, [_settled(s, outcomes[s.seq], based) for s in found])
        taken = [(s.seq, o) for s in good if isinstance(o := outcomes[s.seq], Taken)]
        await media_rows.add(conn, [(seq, file) for seq, o in taken for file in o.files])
        await index.put(conn, [s.seq for s in good if s.row["app"] in based], services.clock())


def _settled(stored: Stored[Input], outcome: Outcome, based: Collection[int]) -> tuple[int, Input]:
    if isinstance(outcome, ApiError):
        reason = outcome.details or outcome.text()
        failed = Status(
            code=Code.INPUT_DOWNLOAD_FAILED, description=InputDownloadFailed.text(), details=reason
        )
        return states.with_status(stored, failed)
    # The base workflow, if there is one, has its turn before the input is done.
    seq, message = states.with_status(
        stored, states.IN_PROGRESS if stored.row["app"] in based else states.DONE
    )
    if outcome is not None:
        message.data.CopyFrom(with_hosted(message.data, outcome.info, outcome.hosted, ""))
    return seq, message


TOPIC = Topic(KIND, run, give_up, TRIES)
