"""Collecting from the prediction to the app, with the one setting that puts NATS between the two."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pond import Pond
from world import world

from bowerbird.collect.tidy import ORPHANED_S, Tidier

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pond(
    database_url: str, queue_url: str, tmp_path: Path, sqlite_template: Path
) -> AsyncIterator[Pond]:
    if not database_url:
        shutil.copytree(sqlite_template, tmp_path / "data")
    async with world(tmp_path / "data", database_url=database_url, queue_url=queue_url) as made:
        yield await Pond.of(made)


async def test_what_was_taken_is_posted_once(pond: Pond) -> None:
    await pond.add_doubt()
    await pond.collect(pre_queue_workflow_id="doubt")
    await pond.predict("cat=0.9", "cat=0.5", "cat=0.6", request_id="r1")
    assert (await pond.funnel()).figures["waiting"] == 2
    assert len(await pond.kept()) == 2
    await pond.predict("cat=0.9", "cat=0.5", "cat=0.6", request_id="r1")
    assert len(await pond.kept()) == 2
    funnel = await pond.funnel()
    assert funnel.figures == {"offered": 6, "taken": 2, "posted": 2, "waiting": 0, "dead": 0, "purged": 0}
    assert funnel.skipped == {"filtered": 2, "duplicate": 2}


async def test_a_payload_that_only_a_message_names_is_no_orphan(pond: Pond) -> None:
    services = pond.world.app.services
    now = 0.0
    tidier = Tidier(services, lambda: now)
    orphan = services.payloads.put(b"of a process that was killed before it published")
    await pond.collect(pre_queue_random_sample=1.0)
    await pond.predict("cat=0.9 " + "x" * 100_000)
    await pond.world.collecting.flush()
    for _ in range(3):
        assert await tidier.sweep() == 0
        now += ORPHANED_S
    assert len(await pond.kept()) == 1
    assert await tidier.sweep() == 1
    assert not services.payloads.exists(orphan)
