"""Collectors through the door: made, read, changed, deleted; and what is refused, with which words."""

from collections.abc import Callable
from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Collector, Model, OutputInfo, Visibility
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteCollectorsRequest,
    DeleteWorkflowRequest,
    GetCollectorRequest,
    ListCollectorsRequest,
    PatchCollectorsRequest,
    PatchModelsRequest,
    PostCollectorsRequest,
)
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from pond import KEPT, SOURCE, Pond, struct

from bowerbird.auth.keys import HANDLE_LENGTH
from bowerbird.errors import Code

pytestmark = pytest.mark.anyio


async def post(pond: Pond, *collectors: Collector, who: str = "alice") -> Any:
    request = PostCollectorsRequest(user_app_id=KEPT, collectors=collectors)
    return await pond.world.call(who, "PostCollectors", request)


async def patch(pond: Pond, changed: Collector, action: str = "overwrite") -> Any:
    request = PatchCollectorsRequest(user_app_id=KEPT, collectors=[changed], action=action)
    return await pond.world.call("alice", "PatchCollectors", request)


async def ids(pond: Pond) -> list[str]:
    answer = await pond.world.ok("alice", "ListCollectors", ListCollectorsRequest(user_app_id=KEPT))
    return [c.id for c in answer.collectors]


async def get(pond: Pond, id: str = "c") -> Any:
    request = GetCollectorRequest(user_app_id=KEPT, collector_id=id)
    return (await pond.world.call("alice", "GetCollector", request)).collector


async def test_what_was_made_is_read_back_with_the_key_by_its_handle(pond: Pond) -> None:
    given = pond.collector(description="odd ones", pre_queue_random_sample=0.25, collect_outputs=True)
    made = (await post(pond, given)).collectors[0]
    assert made == await get(pond)
    source = made.collector_source.api_post_model_outputs_collector_source
    assert source.post_inputs_key_id == pond.key[:HANDLE_LENGTH]
    assert (made.description, made.pre_queue_random_sample, made.collect_outputs) == ("odd ones", 0.25, True)
    assert made.status.code == Code.COLLECTOR_ACTIVE
    assert made.created_at.seconds == int(pond.world.clock.now)


async def test_an_id_is_made_when_none_is_given(pond: Pond) -> None:
    made = (await post(pond, pond.collector("", pre_queue_random_sample=1))).collectors[0]
    assert len(made.id) == 32
    assert await ids(pond) == [made.id]


async def test_an_id_that_is_taken_is_refused_and_nothing_is_written(pond: Pond) -> None:
    await post(pond, pond.collector("a", pre_queue_random_sample=1))
    twins = [pond.collector(id, pre_queue_random_sample=1) for id in ("b", "a")]
    answer = await post(pond, *twins)
    assert answer.status.code == Code.DATABASE_DUPLICATE_KEY
    assert "'a'" in answer.status.details
    assert await ids(pond) == ["a"]


WRONG: dict[str, tuple[Callable[[Pond], Collector], int, str]] = {
    "no rule": (lambda p: p.collector(), Code.CONN_INVALID_REQUEST, "at least one of"),
    "more than everything": (
        lambda p: p.collector(pre_queue_random_sample=1.5),
        Code.CONN_INVALID_REQUEST,
        "pre_queue_random_sample",
    ),
    "less than nothing": (
        lambda p: p.collector(pre_queue_random_sample=-0.1),
        Code.CONN_INVALID_REQUEST,
        "pre_queue_random_sample",
    ),
    "no number": (
        lambda p: p.collector(pre_queue_random_sample=float("nan")),
        Code.CONN_INVALID_REQUEST,
        "pre_queue_random_sample",
    ),
    "a bad id": (
        lambda p: p.collector("a b", pre_queue_random_sample=1),
        Code.CONN_INVALID_REQUEST,
        "collectors[0].id",
    ),
    "a long id": (
        lambda p: p.collector("a" * 49, pre_queue_random_sample=1),
        Code.CONN_INVALID_REQUEST,
        "collectors[0].id",
    ),
    "a long description": (
        lambda p: p.collector(description="x" * 5000, pre_queue_random_sample=1),
        Code.CONN_INVALID_REQUEST,
        "description",
    ),
    "a missing pre-queue workflow": (
        lambda p: p.collector(pre_queue_workflow_id="gone"),
        Code.CONN_INVALID_REQUEST,
        "pre_queue_workflow_id: there is no workflow 'gone'",
    ),
    "a missing post-queue workflow": (
        lambda p: p.collector(post_queue_workflow_id="gone"),
        Code.CONN_INVALID_REQUEST,
        "post_queue_workflow_id: there is no workflow 'gone'",
    ),
    "no source": (
        lambda p: Collector(id="c", pre_queue_random_sample=1),
        Code.CONN_INVALID_REQUEST,
        "model_user_id",
    ),
    "a model that does not exist": (
        lambda p: p.collector(model_id="nope", pre_queue_random_sample=1),
        Code.CONN_INVALID_REQUEST,
        "model_id: there is no model 'nope'",
    ),
    "an app that does not exist": (
        lambda p: p.collector(model_app_id="nope", pre_queue_random_sample=1),
        Code.CONN_INVALID_REQUEST,
        "model_id: there is no model",
    ),
    "a version that does not exist": (
        lambda p: p.collector(model_version_id="nope", pre_queue_random_sample=1),
        Code.CONN_INVALID_REQUEST,
        "model_version_id",
    ),
    "a key that does not exist": (
        lambda p: p.collector(post_inputs_key_id="nope", pre_queue_random_sample=1),
        Code.CONN_KEY_NOT_FOUND,
        "post_inputs_key_id",
    ),
    "a status of the engine": (
        lambda p: p.collector(pre_queue_random_sample=1, status=Status(code=52003)),
        Code.CONN_INVALID_REQUEST,
        "status.code",
    ),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_collector_that_is_wrong_is_refused_by_the_fields_name(pond: Pond, case: str) -> None:
    build, code, words = WRONG[case]
    answer = await post(pond, pond.collector("fine", pre_queue_random_sample=1), build(pond))
    assert answer.status.code == code, answer
    assert words.replace("collectors[0]", "collectors[1]") in answer.status.details
    assert await ids(pond) == []


async def test_a_key_that_may_not_post_is_refused_and_told_what_it_lacks(pond: Pond) -> None:
    weak = await pond.world.add_key("alice", "kept", scopes=["Inputs:Add", "Inputs:Get"])
    answer = await post(pond, pond.collector(pre_queue_random_sample=1, post_inputs_key_id=weak))
    assert answer.status.code == Code.CONN_INSUFFICIENT_SCOPES
    assert "Annotations:Add" in answer.status.details


async def test_a_key_of_another_app_is_refused(pond: Pond) -> None:
    other = await pond.world.add_key("alice", "zoo")
    answer = await post(pond, pond.collector(pre_queue_random_sample=1, post_inputs_key_id=other))
    assert answer.status.code == Code.CONN_DOES_NOT_EXIST
    assert "post_inputs_key_id" in answer.status.details


async def test_naming_the_handle_of_somebody_elses_key_does_not_lend_it(pond: Pond) -> None:
    handle = pond.world.tokens["root"][:HANDLE_LENGTH]
    answer = await post(pond, pond.collector(pre_queue_random_sample=1, post_inputs_key_id=handle))
    assert answer.status.code == Code.CONN_KEY_NOT_FOUND


async def test_a_token_and_a_handle_of_ones_own_will_do(pond: Pond) -> None:
    for id, key in (("pat", pond.world.tokens["alice"]), ("handle", pond.key[:HANDLE_LENGTH])):
        answer = await post(pond, pond.collector(id, pre_queue_random_sample=1, post_inputs_key_id=key))
        assert answer.status.code == Code.SUCCESS, answer


async def test_a_slow_node_before_the_queue_is_refused_by_name(pond: Pond) -> None:
    await pond.add_model("said-too", KEPT)
    await pond.add_workflow("slow", ("look", "said-too", ()))
    answer = await post(pond, pond.collector(pre_queue_workflow_id="slow"))
    assert answer.status.code == Code.WORKFLOW_INVALID_ARGUMENT
    assert "look" in answer.status.details


async def test_of_somebody_elses_model_only_ones_own_calls_are_collected(pond: Pond) -> None:
    world = pond.world
    await world.add_app("bob", "mine")
    key = await world.add_key("bob", "mine")
    public = Model(id="said", visibility=Visibility(gettable=Visibility.PUBLIC))
    bobs = pond.collector(pre_queue_random_sample=1, post_inputs_key_id=key)

    def request(collector: Collector) -> PostCollectorsRequest:
        asked = PostCollectorsRequest(collectors=[collector])
        asked.user_app_id.user_id, asked.user_app_id.app_id = "bob", "mine"
        return asked

    hidden = await world.fails(Code.CONN_INVALID_REQUEST, "bob", "PostCollectors", request(bobs))
    assert "that you may read" in hidden
    await world.publish("alice", "zoo")
    patched = PatchModelsRequest(user_app_id=SOURCE, models=[public], action="overwrite")
    await world.ok("alice", "PatchModels", patched)
    everybodys = pond.collector(pre_queue_random_sample=1, post_inputs_key_id=key, caller_user_id="alice")
    refused = await world.fails(Code.CONN_INSUFFICIENT_SCOPES, "bob", "PostCollectors", request(everybodys))
    assert "caller_user_id" in refused
    made = (await world.ok("bob", "PostCollectors", request(bobs))).collectors[0]
    assert made.collector_source.api_post_model_outputs_collector_source.caller_user_id == "bob"


async def test_a_patch_changes_what_is_given_and_leaves_the_rest(pond: Pond) -> None:
    await post(pond, pond.collector(description="old", pre_queue_random_sample=0.5, collect_outputs=True))
    answer = await patch(pond, Collector(id="c", description="new"))
    changed = answer.collectors[0]
    assert (changed.description, changed.pre_queue_random_sample, changed.collect_outputs) == (
        "new",
        0.5,
        True,
    )
    assert changed == await get(pond)
    answer = await patch(pond, Collector(id="c", collect_outputs=True, description="x"), "remove")
    assert (answer.collectors[0].description, answer.collectors[0].collect_outputs) == ("", False)


async def test_a_patch_that_leaves_no_rule_is_refused_and_changes_nothing(pond: Pond) -> None:
    await post(pond, pond.collector(pre_queue_random_sample=0.5))
    answer = await patch(pond, Collector(id="c", pre_queue_random_sample=0.5), "remove")
    assert answer.status.code == Code.CONN_INVALID_REQUEST
    assert (await get(pond)).pre_queue_random_sample == 0.5
    assert (await patch(pond, Collector(id="c"), "invert")).status.code == Code.CONN_INVALID_REQUEST
    assert (await patch(pond, Collector(id="gone"))).status.code == Code.COLLECTOR_MISSING


async def test_a_collector_whose_workflow_is_gone_can_still_be_paused(pond: Pond) -> None:
    await pond.add_doubt()
    await post(pond, pond.collector(pre_queue_workflow_id="doubt"))
    gone = DeleteWorkflowRequest(user_app_id=KEPT, workflow_id="doubt")
    await pond.world.ok("alice", "DeleteWorkflow", gone)
    answer = await patch(pond, Collector(id="c", status=Status(code=Code.COLLECTOR_INACTIVE)))
    assert answer.status.code == Code.SUCCESS, answer


async def test_collectors_are_deleted_by_id_or_all_together(pond: Pond) -> None:
    await post(pond, *(pond.collector(id, pre_queue_random_sample=1) for id in "abc"))

    async def delete(**fields: Any) -> int:
        request = DeleteCollectorsRequest(user_app_id=KEPT, **fields)
        return int((await pond.world.call("alice", "DeleteCollectors", request)).status.code)

    assert await delete(ids=["a", "nope"]) == Code.COLLECTOR_MISSING
    assert await ids(pond) == ["a", "b", "c"]
    assert await delete() == Code.CONN_INVALID_REQUEST
    assert await delete(ids=["a"]) == Code.SUCCESS
    assert await ids(pond) == ["b", "c"]
    assert await delete(delete_all=True) == Code.SUCCESS
    assert await ids(pond) == []


async def test_a_changed_operator_changes_what_is_kept(pond: Pond) -> None:
    await pond.add_doubt()
    await pond.collect(pre_queue_workflow_id="doubt")
    await pond.predict("cat=0.7")
    changed = Model(id="doubtful")
    score = OutputInfo(params=struct(score="max_prob", lo=0.0, hi=0.8))
    changed.model_version.output_info.CopyFrom(score)
    request = PatchModelsRequest(user_app_id=KEPT, models=[changed], action="overwrite")
    await pond.world.ok("alice", "PatchModels", request)
    await pond.settle()
    await pond.predict("cat=0.7")
    assert len(await pond.kept()) == 1
