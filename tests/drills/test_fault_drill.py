"""API and workers are killed at every stage of collecting: what was acknowledged is posted, once."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from lives import Child, Death, Nursery, Part, dealt, deaths, opened_nursery, stopped
from place import Place, build
from reckoning import check
from traffic import flowing

from bowerbird.app import opened

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

# Each stage, and how often it may be reached before it is struck.
API_STAGES = {"offered": 12, "blobs": 3, "committed": 12}
WORKER_STAGES = {"leased": 3, "judged": 6, "inputs": 4, "posted": 6, "acked": 6, "settled": 6}
KILLS = 10  # of the API, and as many of workers
WORKERS = 2
CLIENTS = 6

Fates = Sequence[tuple[Part, Sequence[Death]]]


async def test_what_was_acknowledged_is_posted_once_whoever_is_killed(
    database_url: str, tmp_path: Path, sqlite_template: Path
) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")  # noqa: T201 - shown when the drill fails
    place = await build(tmp_path, sqlite_template, database_url=database_url, models_in_process=True)
    async with opened_nursery() as nursery, AsyncExitStack() as calm:
        async with flowing(place.grpc, place.token, clients=CLIENTS, seed=seed) as ledger:
            api, *workers = await survived(fates(random.Random(seed), nursery, place), calm)
        assert await stopped(api) == 0
        async with opened(place.settings) as app:
            await check(place.inside(app), ledger)
        assert [await stopped(worker) for worker in workers] == [0] * WORKERS


def fates(rng: random.Random, nursery: Nursery, place: Place) -> Fates:
    """How they die: some at each stage, the others out of the blue."""
    of_api = deaths(rng, API_STAGES, struck=2, outside=4)
    of_workers = deaths(rng, WORKER_STAGES, struck=1, outside=4)
    assert len(of_api) == len(of_workers) == KILLS

    def part(name: str, number: int) -> Part:
        return Part(name, number, nursery, place.env, place.folder)

    workers = [(part("worker", n), its) for n, its in enumerate(dealt(of_workers, WORKERS), 1)]
    return [(part("api", 1), of_api), *workers]


async def survived(fates: Fates, calm: AsyncExitStack) -> list[Child]:
    """The processes after all those deaths, ready; these live as long as the calm lasts."""

    async def live(part: Part, its_deaths: Sequence[Death]) -> Child:
        for death in its_deaths:
            await part.live_and_die(death)
        child = await calm.enter_async_context(part.alive())
        await part.ready()
        return child

    async with asyncio.TaskGroup() as lives:
        last = [lives.create_task(live(*fate)) for fate in fates]
    return [one.result() for one in last]
