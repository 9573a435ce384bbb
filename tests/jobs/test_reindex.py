"""All inputs of an app are indexed anew when its base workflow changes: resumably, and after new ones."""

import pytest
from base import DOWN, add_embedder, add_workflow, counts, nearest, use, with_base, work
from clarifai_grpc.grpc.api.resources_pb2 import App
from clarifai_grpc.grpc.api.service_pb2 import PatchAppsRequest
from clarifai_grpc.grpc.api.status.status_code_pb2 import StatusCode as Code
from sqlalchemy import update
from world import World
from zoo import get, post, text

from bowerbird.errors import Busy
from bowerbird.jobs import index, reindex, rows, run_due
from bowerbird.proto.bowerbird_v1_pb2 import DeleteReindexRequest
from bowerbird.store.tables import jobs

pytestmark = pytest.mark.anyio


async def with_another(world: World) -> None:
    """Three inputs, indexed by the base workflow; and a workflow that turns all embeddings around."""
    await with_base(world)
    await post(world, text("a", "1,0"), text("b", "0,1"), text("c", "3,4"))
    await work(world)
    await add_embedder(world, "turned", turn=True)
    await add_workflow(world, "other", "turned")


async def leased(world: World) -> rows.Job:
    """The only job that is due, taken by a worker."""
    async with world.app.services.db.write() as conn:
        (job,) = await rows.lease(conn, limit=1, now=world.clock.now, until=world.clock.now + 60)
    return job


async def test_a_changed_base_workflow_leaves_what_is_indexed_until_it_is_asked(world: World) -> None:
    await with_another(world)
    await use(world, "other")
    await work(world)
    assert await counts(world) == {"processed": 3}
    assert (await nearest(world, 1, 0, k=1))[0][0] == "a"


async def test_a_reindex_does_all_inputs_anew(world: World) -> None:
    await with_another(world)
    await use(world, "other", reindex=True)
    assert await counts(world) == {"to_reindex": 3}
    await work(world)
    assert await counts(world) == {"reindexed": 3}
    assert await nearest(world, 1, 0) == [("b", 1.0), ("c", 0.8), ("a", 0.0)]


async def test_a_reindex_without_a_base_workflow_empties_the_index(world: World) -> None:
    await with_another(world)
    await use(world, "Empty", reindex=True)
    await work(world)
    assert await counts(world) == {"reindexed": 3}
    assert await nearest(world, 1, 0) == []


async def test_a_reindex_mends_what_had_failed_and_says_what_fails_now(world: World) -> None:
    await use(world, "base")
    await post(world, text("a", "1,0"), text("bad", "fail"))
    await work(world)
    assert await counts(world) == {"errors": 2}
    await with_base(world)
    await use(world, "base", reindex=True)
    await work(world)
    assert await counts(world) == {"reindexed": 1, "reindex_errors": 1}
    bad = await get(world, "bad")
    assert (bad.status.code, "told to fail" in bad.status.details) == (Code.INPUT_REINDEX_FAILED, True)


async def test_a_reindex_by_a_workflow_that_is_not_there_is_refused(world: World) -> None:
    await with_another(world)
    request = PatchAppsRequest(
        apps=[App(id="zoo", default_workflow_id="missing")], action="overwrite", reindex=True
    )
    code = Code.WORKFLOW_DOES_NOT_EXIST
    assert "'missing'" in await world.fails(code, "alice", "PatchApps", request, user_id="alice")
    await work(world)
    assert await counts(world) == {"processed": 3}


async def test_a_reindex_goes_on_where_a_killed_worker_left_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "BATCH", 2)
    await with_another(world)
    await use(world, "other", reindex=True)
    lost = await leased(world)

    class Killed(BaseException):
        pass

    def strike(stage: str) -> None:
        if stage == "reindexing":
            raise Killed

    world.app.services.reached = strike
    with pytest.raises(Killed):
        await reindex.run(world.app.services, lost)
    world.app.services.reached = lambda stage: None
    assert await counts(world) == {"to_reindex": 1, "reindexing": 2}
    world.clock.advance(61)
    await work(world)
    assert await counts(world) == {"reindexed": 3}


async def test_a_second_reindex_takes_the_place_of_the_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "BATCH", 1)
    await with_another(world)
    await use(world, "other", reindex=True)
    await run_due(world.app.services)
    assert await counts(world) == {"to_reindex": 2, "reindexed": 1}
    await use(world, "base", reindex=True)
    await work(world)
    assert await counts(world) == {"reindexed": 3}
    assert (await nearest(world, 1, 0, k=1))[0][0] == "a"


async def test_new_inputs_go_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "BATCH", 1)
    await with_another(world)
    await use(world, "other", reindex=True)
    batch = await leased(world)
    await post(world, text("new", "1,0"))
    await reindex.run(world.app.services, batch)
    await work(world)
    assert await counts(world) == {"processed": 1, "to_reindex": 2, "reindexed": 1}
    world.clock.advance(2)
    await work(world)
    assert await counts(world) == {"processed": 1, "reindexed": 3}


async def test_models_that_are_down_are_waited_for(world: World) -> None:
    await with_another(world)
    await use(world, "other", reindex=True)
    DOWN.add("turned")
    try:
        await work(world)
        assert await counts(world) == {"reindexing": 3}
    finally:
        DOWN.clear()
    world.clock.advance(60)
    await work(world)
    assert await counts(world) == {"reindexed": 3}


async def test_a_batch_that_is_given_up_does_not_end_the_reindex(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "BATCH", 1)
    await with_another(world)
    await use(world, "other", reindex=True)
    async with world.app.services.db.write() as conn:
        await conn.execute(update(jobs).values(attempt=reindex.TRIES))
        (batch,) = await rows.lease(conn, limit=1, now=world.clock.now, until=world.clock.now + 60)
    await reindex.give_up(world.app.services, batch, Busy("no"))
    await work(world)
    assert await counts(world) == {"reindexed": 2, "reindex_errors": 1}


async def test_an_app_with_many_inputs_is_marked_bit_by_bit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindex, "MARKED_AT_ONCE", 2)
    await with_another(world)
    await use(world, "other", reindex=True)
    assert await counts(world) == {"processed": 1, "to_reindex": 2}
    await run_due(world.app.services)
    assert await counts(world) == {"to_reindex": 3}
    await work(world)
    assert await counts(world) == {"reindexed": 3}


async def stop(world: World) -> int:
    answer = await world.ok("alice", "DeleteReindex", DeleteReindexRequest(), app_id="zoo")
    stopped: int = answer.stopped
    return stopped


async def statuses(world: World) -> dict[str, int]:
    return {id: (await get(world, id)).status.code for id in ("a", "b", "c", "bad")}


async def test_what_waits_is_as_it_was_when_a_reindex_is_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what was indexed by then stays indexed."""
    monkeypatch.setattr(index, "BATCH", 2)
    await with_another(world)
    await post(world, text("bad", "fail"))
    await work(world)
    before = await statuses(world)
    assert before["bad"] == Code.INPUT_FAILED
    await use(world, "other", reindex=True)
    await run_due(world.app.services)  # two of four
    assert await counts(world) == {"reindexed": 2, "to_reindex": 2}
    assert await stop(world) == 2
    await work(world)
    after = await statuses(world)
    assert after == before | {"a": Code.INPUT_REINDEX_SUCCESS, "b": Code.INPUT_REINDEX_SUCCESS}
    assert (await get(world, "c")).status.internal_details == ""
    assert await stop(world) == 0
    await work(world)
    assert await statuses(world) == after


async def test_a_worker_that_marks_meanwhile_marks_nothing_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindex, "MARKED_AT_ONCE", 1)
    await with_another(world)
    await use(world, "other", reindex=True)
    job = await leased(world)
    assert await stop(world) == 1
    await reindex.run(world.app.services, job)
    assert await counts(world) == {"processed": 2, "to_reindex": 1}
    await work(world)
    assert await counts(world) == {"processed": 3}


async def test_putting_back_is_never_given_up_and_fails_no_input(world: World) -> None:
    await with_another(world)
    await use(world, "other", reindex=True)
    await stop(world)
    await reindex.give_up(world.app.services, await leased(world), OSError("the database was away"))
    assert await counts(world) == {"to_reindex": 3}
    await work(world)
    assert await counts(world) == {"processed": 3}


async def test_a_reindex_that_was_stopped_can_begin_anew(world: World) -> None:
    await with_another(world)
    await use(world, "other", reindex=True)
    await stop(world)
    await use(world, "other", reindex=True)
    await work(world)
    assert await counts(world) == {"reindexed": 3}
    assert await nearest(world, 1, 0) == [("b", 1.0), ("c", 0.8), ("a", 0.0)]


async def test_only_the_owner_stops_it(world: World) -> None:
    await with_another(world)
    await world.fails(
        Code.CONN_DOES_NOT_EXIST, "mallory", "DeleteReindex", DeleteReindexRequest(), app_id="zoo"
    )
