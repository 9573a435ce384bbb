"""What a worker meets: destinations that are down, clocks that jump, what is taken away and given back.

However it goes, predictions succeed, and what was taken is posted, once.
"""

from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Collector, Key
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteWorkflowsRequest,
    GetCollectorRequest,
    PatchKeysRequest,
)
from faults import Destination
from pond import KEPT, Pond

from bowerbird.app import poster
from bowerbird.collect.post import Poster
from bowerbird.errors import Code
from bowerbird.queue import Pick

pytestmark = pytest.mark.anyio
HOUR = 3600.0


@pytest.fixture
async def worker(pond: Pond) -> Poster:
    return poster(pond.world.app, "drilled")


async def predict(pond: Pond, *texts: str) -> None:
    """Predictions that succeed, whatever is broken; each can be told by its metadata."""
    for text in texts:
        answer = await pond.predict(text, metadata={"text": text})
        assert {output.status.code for output in answer.outputs} == {Code.SUCCESS}
    await pond.world.collecting.flush()


async def pass_time(pond: Pond, worker: Poster, seconds: float, step: float) -> None:
    """Let the worker live through that time, a step at a time."""
    for _ in range(int(seconds / step)):
        pond.world.clock.advance(step)
        await worker.drain()


async def shown(pond: Pond, id: str = "c") -> Collector:
    request = GetCollectorRequest(user_app_id=KEPT, collector_id=id)
    return (await pond.world.ok("alice", "GetCollector", request)).collector


async def all_posted_once(pond: Pond, *texts: str, id: str = "c") -> None:
    assert list(await pond.kept_texts()) == sorted(texts)
    figures = (await pond.funnel(id)).figures
    assert (figures["posted"], figures["waiting"], figures["dead"]) == (len(texts), 0, 0)


async def test_a_destination_is_down_for_an_hour(pond: Pond, worker: Poster) -> None:
    destination = Destination.of(pond.world)
    await pond.world.add_app("alice", "other")
    await pond.collect(pre_queue_random_sample=1.0)
    destination.down.add("kept")
    texts = [f"a{n}=1" for n in range(12)]
    await predict(pond, *texts[:10])
    await pass_time(pond, worker, HOUR / 2, 60)
    await predict(pond, *texts[10:])
    await pass_time(pond, worker, HOUR / 2, 60)
    assert destination.called["kept"] < 100  # one a minute, once it is known
    assert worker.gates.down.opened
    status = (await shown(pond)).status
    assert status.code == Code.COLLECTOR_POST_INPUT_FAILED
    assert "app alice/kept" in status.details
    queue = pond.world.app.services.queue
    assert await queue.dead(Pick()) == []
    destination.down.clear()
    await pass_time(pond, worker, 420, 30)
    assert sorted(id for ids in destination.sent for id in ids) == sorted({i.id for i in await pond.kept()})
    await all_posted_once(pond, *texts)
    assert (await shown(pond)).status.code == Code.COLLECTOR_ACTIVE


async def test_while_a_workflow_is_down_other_collectors_go_on(pond: Pond, worker: Poster) -> None:
    await pond.add_model("said-too", KEPT)
    await pond.add_workflow("look", ("model", "said-too", ()))
    await pond.collect("c", pre_queue_random_sample=1.0)
    await pond.collect("slow", pre_queue_random_sample=1.0, post_queue_workflow_id="look")
    destination = Destination.of(pond.world)
    destination.down.add("look")
    texts = [f"a{n}=1" for n in range(9)]
    for text in texts:
        await predict(pond, text)
        await pass_time(pond, worker, 40, 20)
    assert (await pond.funnel("c")).figures["posted"] == len(texts)
    assert (await pond.funnel("slow")).figures["waiting"] == len(texts)
    assert "workflow alice/kept/look" in (await shown(pond, "slow")).status.details
    assert (await shown(pond, "c")).status.code == Code.COLLECTOR_ACTIVE
    destination.down.clear()
    await pass_time(pond, worker, 420, 30)
    assert (await pond.funnel("slow")).figures["posted"] == len(texts)


async def test_after_twelve_attempts_it_is_a_dead_letter_with_each_error(pond: Pond, worker: Poster) -> None:
    destination = Destination.of(pond.world)
    await pond.collect(pre_queue_random_sample=1.0)
    await pond.collect("lucky", pre_queue_random_sample=1.0, caller_user_id="bob")
    await predict(pond, "a=1")
    for _ in range(12):  # what another collector posts meanwhile keeps the breaker closed
        destination.down.add("kept")
        await pass_time(pond, worker, 300, 300)
        destination.down.clear()
        worker.gates.down.succeeded("app alice/kept")
    [letter] = await pond.world.app.services.queue.dead(Pick())
    assert (letter.attempt, {f.stage for f in letter.history}) == (12, {"post"})
    assert len({f.at for f in letter.history}) == len(letter.history) == 12
    assert "taken down" in letter.history[0].text
    await pond.world.app.services.queue.redrive(Pick())
    await all_posted_once(pond, "a=1")


async def test_a_destination_that_is_down_for_days_is_given_up(pond: Pond, worker: Poster) -> None:
    Destination.of(pond.world).down.add("kept")
    await pond.collect(pre_queue_random_sample=1.0)
    await predict(pond, "a=1")
    await pass_time(pond, worker, 70 * HOUR, 2 * HOUR)
    assert await pond.world.app.services.queue.dead(Pick()) == []
    await pass_time(pond, worker, 2 * HOUR, 2 * HOUR)
    [letter] = await pond.world.app.services.queue.dead(Pick())
    assert letter.attempt < 12


@pytest.mark.parametrize("jump", [-HOUR, 24 * HOUR])
async def test_the_clock_jumps(pond: Pond, worker: Poster, jump: float) -> None:
    destination = Destination.of(pond.world)
    await pond.collect(pre_queue_random_sample=1.0)
    queue, clock = pond.world.app.services.queue, pond.world.clock
    await predict(pond, "held=1")
    held = await queue.lease(1, now=clock(), ttl=60, worker="other")
    destination.down.add("kept")
    await predict(pond, "retried=1", "retried-too=1")
    await worker.drain()
    destination.down.clear()
    await predict(pond, "waits=1")
    clock.advance(jump)
    await predict(pond, "new=1")
    await pass_time(pond, worker, 90, 10)
    assert await queue.ack(held) == 0  # its lease ended, and another has done its work
    texts = ["held=1", "new=1", "retried=1", "retried-too=1", "waits=1"]
    await all_posted_once(pond, *texts)
    assert sorted(id for ids in destination.sent for id in ids) == sorted(i.id for i in await pond.kept())


async def test_a_key_loses_its_scopes_and_gets_them_back(pond: Pond, worker: Poster) -> None:
    destination = Destination.of(pond.world)
    await pond.collect("c", pre_queue_random_sample=1.0)
    texts = [f"a{n}=1" for n in range(5)]
    await set_scopes(pond, "Inputs:Get")
    await predict(pond, *texts)
    await pass_time(pond, worker, 30, 0.5)
    assert destination.called["kept"] <= 12  # looked at every three seconds, with one of them
    status = (await shown(pond)).status
    assert status.code == Code.COLLECTOR_POST_INPUT_FAILED
    assert "permission" in status.details
    await set_scopes(pond, "All")
    await pass_time(pond, worker, 5, 0.5)
    queue = pond.world.app.services.queue
    assert (await queue.waiting()).count == 0
    await all_posted_once(pond, *texts)
    assert (await shown(pond)).status.code == Code.COLLECTOR_ACTIVE


async def test_a_blocked_collector_keeps_nobody_waiting(pond: Pond, worker: Poster) -> None:
    await pond.collect("c", pre_queue_random_sample=1.0)
    await set_scopes(pond, "Inputs:Get")
    for _ in range(2):
        await pond.predict(*(f"a{n}=1" for n in range(128)))
    pond.key = await pond.world.add_key("alice", "kept")
    await pond.collect("free", pre_queue_random_sample=1.0)
    await predict(pond, "late=1")
    for _ in range(5):
        await worker.run_once()
    assert (await pond.funnel("free")).figures["posted"] == 1
    await pass_time(pond, worker, 9, 0.5)
    waiting = await leased(pond)
    assert (len(waiting), {one.attempt for one in waiting}) == (257, {1})
    assert sum(bool(one.history) for one in waiting) <= 128 + 4  # the first batch, then one in three seconds


async def leased(pond: Pond) -> list[Any]:
    """All that waits, looked at as another worker would."""
    later = pond.world.clock() + HOUR / 20
    queue = pond.world.app.services.queue
    found = await queue.lease(1000, now=later, ttl=1, worker="looks")
    await queue.retry(found, not_before=later, error=None, burn=False)
    return found


async def test_a_workflow_is_deleted_and_made_anew(pond: Pond, worker: Poster) -> None:
    await pond.add_doubt()
    await pond.add_model("said-too", KEPT)
    look = ("look", ("model", "said-too", ()), ("filter", "doubtful", ("model",)))
    await pond.add_workflow(*look)
    await pond.collect(pre_queue_random_sample=1.0, post_queue_workflow_id="look")
    request = DeleteWorkflowsRequest(user_app_id=KEPT, ids=["look"])
    await pond.world.ok("alice", "DeleteWorkflows", request)
    await predict(pond, "cat=0.5", "cat=0.9")
    await pass_time(pond, worker, 10, 0.5)
    status = (await shown(pond)).status
    assert (status.code, "look" in status.details) == (Code.COLLECTOR_POST_INPUT_FAILED, True)
    await pond.add_workflow(*look)
    await pass_time(pond, worker, 5, 0.5)
    await all_posted_once(pond, "cat=0.5")
    assert (await pond.funnel()).skipped["filtered"] == 1


async def set_scopes(pond: Pond, *scopes: str) -> None:
    request = PatchKeysRequest(keys=[Key(id=pond.key[:16], scopes=scopes)], action="overwrite")
    await pond.world.ok("alice", "PatchKeys", request, user_id="alice")
