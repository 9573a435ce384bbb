"""What is collected, and what is not: from a prediction to the input in the app."""

from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Collector, Input, OutputInfo
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteCollectorsRequest,
    GetCollectorRequest,
    PatchCollectorsRequest,
)
from clarifai_grpc.grpc.api.status.status_code_pb2 import COLLECTOR_ACTIVE, COLLECTOR_INACTIVE
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from google.protobuf.json_format import MessageToDict
from pond import KEPT, Pond

from bowerbird.proto.bowerbird_v1_pb2 import CollectorOptions, PatchCollectorOptionsRequest
from bowerbird.queue import Waiting
from bowerbird.workflows.draws import digest

pytestmark = pytest.mark.anyio


async def test_a_taken_prediction_becomes_an_input_that_says_where_it_came_from(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    answer = await pond.predict("cat=0.9", request_id="r1", metadata={"country": "DE"})
    assert answer.outputs[0].data.concepts[0].id == "cat"
    [kept] = await pond.kept()
    assert kept.data.text.raw == "cat=0.9" or kept.data.text.url
    metadata = MessageToDict(kept.data.metadata)
    assert metadata["country"] == "DE"
    assert metadata["collector_id"] == "c"
    capture = metadata["capture"]
    assert capture["model_id"] == "said"
    assert capture["model_version_id"] == answer.outputs[0].model.model_version.id
    assert capture["caller_user_id"] == "alice"
    assert capture["request_id"] == "r1"
    assert capture["inclusion_probability"] == 1.0
    assert capture["collector_revision"] == 1
    assert capture["reason"] == ""
    assert "predicted_at" not in capture
    assert not kept.data.concepts


async def test_the_coin_tells_which_smaller_samples_would_have_taken_it(pond: Pond) -> None:
    await pond.collect("all", pre_queue_random_sample=1.0)
    await pond.predict(*(f"a{n}=1" for n in range(60)), request_id="r")
    coins = [capture_of(kept)["coin"] for kept in await pond.kept()]
    assert all(0 <= coin < 1 for coin in coins)
    assert len(set(coins)) == 60
    plan = pond.world.collecting.plans.by_model["alice", "zoo", "said"][0].plan
    assert plan is not None
    assert sorted(coins) == sorted(plan.own.u(digest(f"r:{n}")) for n in range(60))


async def test_a_funnel_that_is_read_while_the_worker_posts_is_that_of_one_moment(
    pond: Pond, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    await pond.predict("cat=0.9", "cat=0.8")
    await pond.world.collecting.flush()
    queue = pond.world.app.services.queue
    counted = queue.waiting

    async def once_posted(collector: str | None = None) -> Waiting:
        await pond.world.drain()
        return await counted(collector)

    monkeypatch.setattr(queue, "waiting", once_posted)
    funnel = await pond.funnel()
    assert (funnel.figures["posted"], funnel.figures["waiting"]) == (2, 0)


async def test_in_shadow_it_decides_and_counts_but_keeps_nothing(pond: Pond) -> None:
    await pond.add_doubt()
    await pond.collect(pre_queue_workflow_id="doubt")
    await pond.predict("cat=0.5")
    await _set_shadow(pond, True)
    await pond.predict("cat=0.9", "cat=0.5", "cat=0.6")
    assert len(await pond.kept()) == 1
    funnel = await pond.funnel()
    assert funnel.skipped == {"filtered": 1, "shadow": 2}
    assert funnel.figures["offered"] == 4
    await _set_shadow(pond, False)
    await pond.predict("cat=0.6")
    assert len(await pond.kept()) == 2


async def test_in_shadow_it_remembers_as_if_it_were_live(pond: Pond) -> None:
    await pond.add_operator("new", "dedup", OutputInfo())
    await pond.add_workflow("once", ("n", "new", ()))
    await pond.collect(pre_queue_workflow_id="once")
    await _set_shadow(pond, True)
    await pond.predict("a=1", "a=1", "b=1")
    assert (await pond.funnel()).skipped == {"shadow": 2, "duplicate": 1}


async def test_only_what_the_workflow_passes_is_kept(pond: Pond) -> None:
    await pond.add_doubt()
    await pond.collect(pre_queue_workflow_id="doubt")
    await pond.predict("cat=0.9", "cat=0.5", "cat=0.6", "cat=0.7")
    assert len(await pond.kept()) == 2
    funnel = await pond.funnel()
    assert funnel.figures["offered"] == 4
    assert funnel.figures["posted"] == 2
    assert funnel.skipped["filtered"] == 2


async def test_a_paused_collector_takes_nothing_and_keeps_what_it_holds_waiting(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    await pond.predict("a=1")
    await _set_status(pond, COLLECTOR_INACTIVE)
    await pond.predict("b=1")
    assert await pond.kept() == []
    assert (await pond.funnel()).skipped["inactive"] == 1
    await _set_status(pond, COLLECTOR_ACTIVE)
    assert len(await pond.kept()) == 1


async def test_the_same_request_sent_again_is_kept_once(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    for _ in range(3):
        await pond.predict("a=1", "b=1", request_id="same")
    assert len(await pond.kept()) == 2
    await pond.predict("a=1", "b=1", request_id="same")
    assert len(await pond.kept()) == 2
    await pond.funnel()


async def test_only_the_callers_that_were_asked_for_are_collected(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0, caller_user_id="bob")
    await pond.predict("a=1", who="alice")
    assert await pond.kept() == []
    assert (await pond.funnel()).skipped["caller"] == 1


async def test_a_failed_output_is_never_collected(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    answer = await pond.predict("fail", "a=1")
    assert [o.status.code for o in answer.outputs][1] == 10000
    assert len(await pond.kept()) == 1
    assert (await pond.funnel()).figures["offered"] == 1


async def test_a_version_that_is_named_is_the_only_one_watched(pond: Pond) -> None:
    answer = await pond.predict("a=1")
    old = answer.outputs[0].model.model_version.id
    await pond.collect("old", pre_queue_random_sample=1.0, model_version_id=old)
    await pond.predict("a=1")
    assert (await pond.funnel("old")).figures["offered"] == 1


async def test_the_post_queue_workflow_sees_the_original_and_decides(pond: Pond) -> None:
    await pond.add_model("said-too", KEPT)
    await pond.add_doubt()
    await pond.add_workflow("look-again", ("model", "said-too", ()), ("filter", "doubtful", ("model",)))
    await pond.collect(pre_queue_random_sample=1.0, post_queue_workflow_id="look-again")
    await pond.predict("cat=0.9", "cat=0.5")
    assert len(await pond.kept()) == 1
    funnel = await pond.funnel()
    assert funnel.skipped["filtered"] == 1
    assert funnel.figures["taken"] == 1


async def test_outputs_are_posted_as_annotations_when_asked(pond: Pond) -> None:
    from clarifai_grpc.grpc.api.service_pb2 import ListAnnotationsRequest

    await pond.collect(pre_queue_random_sample=1.0, collect_outputs=True)
    await pond.predict("cat=0.9 dog=0.1")
    [kept] = await pond.kept()
    request = ListAnnotationsRequest(user_app_id=KEPT, input_ids=[kept.id], list_all_annotations=True)
    found = (await pond.world.ok("alice", "ListAnnotations", request)).annotations
    predicted = [a for a in found if a.model_version_id]
    assert [c.id for a in predicted for c in a.data.concepts] == ["cat", "dog"]


async def test_a_collector_whose_key_is_gone_waits_and_goes_on_with_a_new_one(pond: Pond) -> None:
    from clarifai_grpc.grpc.api.service_pb2 import DeleteKeyRequest

    await pond.collect(pre_queue_random_sample=1.0)
    await pond.world.ok("alice", "DeleteKey", DeleteKeyRequest(key_id=pond.key), user_id="alice")
    await pond.predict("a=1")
    assert await pond.kept() == []
    shown = await pond.world.ok(
        "alice", "GetCollector", GetCollectorRequest(user_app_id=KEPT, collector_id="c")
    )
    assert shown.collector.status.code == 52003
    assert "key" in shown.collector.status.details
    pond.key = await pond.world.add_key("alice", "kept")
    patch = PatchCollectorsRequest(user_app_id=KEPT, collectors=[pond.collector()])
    await pond.world.ok("alice", "PatchCollectors", patch)
    pond.world.clock.advance(10)
    assert len(await pond.kept()) == 1
    shown = await pond.world.ok(
        "alice", "GetCollector", GetCollectorRequest(user_app_id=KEPT, collector_id="c")
    )
    assert shown.collector.status.code == COLLECTOR_ACTIVE


async def test_a_deleted_collector_posts_nothing_any_more(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    await pond.predict("a=1")
    await pond.world.collecting.flush()
    request = DeleteCollectorsRequest(user_app_id=KEPT, ids=["c"])
    await pond.world.ok("alice", "DeleteCollectors", request)
    await pond.settle()
    await pond.predict("b=1")
    assert await pond.kept() == []
    assert (await pond.world.app.services.queue.waiting()).count == 0


async def _set_shadow(pond: Pond, shadow: bool) -> None:
    request = PatchCollectorOptionsRequest(
        user_app_id=KEPT, collector_id="c", options=CollectorOptions(shadow=shadow)
    )
    await pond.world.ok("alice", "PatchCollectorOptions", request)
    await pond.settle()


def capture_of(kept: Input) -> dict[str, Any]:
    found: dict[str, Any] = MessageToDict(kept.data.metadata)["capture"]
    return found


async def _set_status(pond: Pond, code: int) -> None:
    changed = Collector(id="c", status=Status(code=code))
    request = PatchCollectorsRequest(user_app_id=KEPT, collectors=[changed], action="overwrite")
    await pond.world.ok("alice", "PatchCollectors", request)
    await pond.settle()


async def _status(pond: Pond) -> Status:
    request = GetCollectorRequest(user_app_id=KEPT, collector_id="c")
    return (await pond.world.ok("alice", "GetCollector", request)).collector.status
