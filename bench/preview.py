"""Previews over many recorded predictions: how long they take, and how late the loop wakes meanwhile."""

import asyncio
import time
from array import array
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import random
from statistics import median

from sqlalchemy import select

from bench.messages import MODEL, NAMES, output, text_input
from bench.places import KEPT, Place, place
from bench.rows import Row, at_most
from bowerbird.collect.recorded import Entry, Recorded
from bowerbird.proto.bowerbird_v1_pb2 import PostCollectorPreviewsRequest
from bowerbird.queue import hour_of
from bowerbird.store.tables import models
from bowerbird.workflows.draws import digest

ROUNDS = 5
SIZES = {10_000: 300.0, 100_000: 800.0}  # milliseconds
GROUP = 5_000


async def rows(scratch: Path) -> list[Row]:
    found: list[Row] = []
    for size, limit in SIZES.items():
        async with place(scratch / f"preview-{size}", record_per_hour=size) as at:
            await at.add_thresholders(1)
            await record(at.app.services.recorded, await _number(at), size)
            found += await _measured(at, size, limit)
    return found


async def record(recorded: Recorded, model: int, size: int) -> None:
    """Predictions of the model with that row number, at even distances within the last hour."""
    now = time.time()
    entries = list(_entries(model, size, now))
    for start in range(0, size, GROUP):
        group = entries[start : start + GROUP]
        counts = {(model, hour): sum(e.hour == hour for e in group) for hour in _hours(now)}
        await recorded.add(group, counts)


async def _number(at: Place) -> int:
    """Of Alice's model among all that there are."""
    async with at.app.services.db.read() as conn:
        found: int = (await conn.execute(select(models.c.seq).where(models.c.id == MODEL))).scalar_one()
        return found


def _hours(now: float) -> set[int]:
    return {hour_of(now - 3600), hour_of(now)}


def _entries(model: int, size: int, now: float) -> Iterator[Entry]:
    answer, given = output(), text_input().SerializeToString()
    for n in range(size):
        at = now - 3600 + 3600 * n / size
        for concept in answer.concepts:
            concept.value = 0.95 * random()
        yield Entry(
            model=model,
            hour=hour_of(at),
            hash=digest(str(n)) >> 1,
            at=at,
            sampled=True,
            taken="",
            input_index=0,
            request_id=f"request-{n}",
            caller="alice",
            version="v",
            concepts="\n".join(id for id, _ in NAMES),
            values=array("f", [concept.value for concept in answer.concepts]).tobytes(),
            output=answer.SerializeToString(),
            input=given,
            has_media=True,
            content=b"",
        )


async def _measured(at: Place, size: int, limit: float) -> list[Row]:
    """Tried anew, and tried again: of the second, what is recorded was read already."""
    anew: list[float] = []
    again: list[float] = []
    late: list[float] = []
    for _ in range(ROUNDS):
        await _answer_one_more(at)
        anew.append(await _preview(at, size, late))
        again.append(await _preview(at, size, late))
    return [
        at_most(f"preview of {size:,} recorded", median(anew), limit, "ms"),
        at_most("  and again, with nothing new", median(again), limit, "ms"),
        at_most("  the event loop wakes late by, median", median(late), 1.0, "ms"),
        at_most("  and one time in a hundred", sorted(late)[int(0.99 * len(late))], 10.0, "ms"),
    ]


async def _answer_one_more(at: Place) -> None:
    """In each hour, unrecorded: so all hours have to be read."""
    recorded, model = at.app.services.recorded, await _number(at)
    await recorded.add([], {(model, hour): 1 for hour in await recorded.answered(model, 0)})


async def _preview(at: Place, size: int, late: list[float]) -> float:
    """Milliseconds."""
    draft = at.collector("draft", pre_queue_workflow_id="high-0-1")
    request = PostCollectorPreviewsRequest(user_app_id=KEPT, collector=draft, hours=2)
    lateness = asyncio.create_task(_lateness(late))
    started = time.perf_counter()
    answer = await at.ask("PostCollectorPreviews", request)
    took = (time.perf_counter() - started) * 1e3
    lateness.cancel()
    with suppress(asyncio.CancelledError):
        await lateness
    assert answer.recorded == size, answer.recorded
    return took


async def _lateness(into: list[float]) -> None:
    while True:
        started = time.perf_counter()
        await asyncio.sleep(0.001)
        into.append((time.perf_counter() - started - 0.001) * 1e3)
