"""Replays: a collector judges what came before it, under the ids of live traffic."""

import random
from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import (
    Collector,
    Concept,
    Data,
    Input,
    OutputInfo,
    Text,
    UserAppIDSet,
)
from clarifai_grpc.grpc.api.service_pb2 import PatchCollectorsRequest, PostInputsRequest
from clarifai_grpc.grpc.api.status.status_code_pb2 import COLLECTOR_INACTIVE
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from pond import KEPT, SOURCE, Pond, struct

from bowerbird.errors import Code
from bowerbird.jobs import drain
from bowerbird.proto.bowerbird_v1_pb2 import (
    CollectorOptions,
    PatchCollectorOptionsRequest,
    PostCollectorReplaysRequest,
    PostPredictionsRequest,
    Prediction,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pond(pond: Pond) -> Pond:
    await pond.add_doubt()
    return pond


def prediction(text: str, request_id: str = "r", index: int = 0, **more: Any) -> Prediction:
    pairs = [word.split("=") for word in text.split()]
    concepts = [Concept(id=name, name=name, value=float(value)) for name, value in pairs]
    given = Input(data=Data(text=Text(raw=text)))
    return Prediction(
        request_id=request_id, input_index=index, input=given, output=Data(concepts=concepts), **more
    )


def request(*predictions: Prediction, id: str = "c", **more: Any) -> PostCollectorReplaysRequest:
    return PostCollectorReplaysRequest(user_app_id=KEPT, collector_id=id, predictions=predictions, **more)


async def replay(pond: Pond, *predictions: Prediction, **more: Any) -> Any:
    return await pond.world.ok("alice", "PostCollectorReplays", request(*predictions, **more))


async def hold(pond: Pond, *texts: str, place: UserAppIDSet = SOURCE) -> list[str]:
    """Let an app hold these texts; their ids."""
    inputs = [Input(id=f"t{n}", data=Data(text=Text(raw=text))) for n, text in enumerate(texts)]
    await pond.world.ok("alice", "PostInputs", PostInputsRequest(user_app_id=place, inputs=inputs))
    await drain(pond.world.app.services)
    return [given.id for given in inputs]


def capture_of(kept: Input) -> dict[str, Any]:
    found: dict[str, Any] = MessageToDict(kept.data.metadata)["capture"]
    return found


async def test_predictions_of_before_are_judged_by_the_same_rules(pond: Pond) -> None:
    await pond.collect(pre_queue_workflow_id="doubt")
    at = Timestamp(seconds=1_700_000_000)
    answer = await replay(
        pond, prediction("a=0.5", "r1", at=at, caller_user_id="bob"), prediction("a=0.9", "r2")
    )
    assert (answer.judged, answer.taken, answer.skipped) == (2, 1, {"filtered": 1})
    [kept] = await pond.kept()
    capture = capture_of(kept)
    assert (capture["reason"], capture["caller_user_id"], capture["request_id"]) == ("replay", "bob", "r1")
    assert capture["predicted_at"].startswith("2023-11-14T22:13:20")
    assert capture["inclusion_probability"] == 1.0
    funnel = await pond.funnel()
    assert (funnel.figures["offered"], funnel.figures["posted"]) == (2, 1)


async def test_its_coins_fall_as_they_did(pond: Pond) -> None:
    await pond.collect("live", pre_queue_random_sample=0.3)
    texts = [f"a{n}=1" for n in range(60)]
    await pond.predict(*texts, request_id="r")
    taken = {capture_of(kept)["input_index"] for kept in await pond.kept()}
    past = [prediction(text, "r", n, caller_user_id="alice") for n, text in enumerate(texts)]
    answer = await replay(pond, *past, id="live")
    assert (answer.taken, answer.skipped["duplicate"]) == (0, len(taken))
    missed = [one for n, one in enumerate(past) if n not in taken]
    patch = Collector(id="live", pre_queue_random_sample=1.0)
    changed = PatchCollectorsRequest(user_app_id=KEPT, collectors=[patch], action="overwrite")
    await pond.world.ok("alice", "PatchCollectors", changed)
    assert (await replay(pond, *missed, id="live")).taken == len(missed)
    assert len(await pond.kept()) == 60


async def test_what_was_captured_before_is_a_duplicate_wherever_it_is(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    posted, waiting = (prediction(f"{id}=1", id, caller_user_id="alice") for id in ("posted", "waiting"))
    await pond.predict("posted=1", request_id="posted")
    assert len(await pond.kept()) == 1
    await pond.predict("waiting=1", request_id="waiting")
    answer = await replay(pond, posted, waiting, prediction("new=1", "new"), prediction("new=1", "new"))
    assert (answer.taken, answer.skipped) == (1, {"duplicate": 3})
    assert len(await pond.kept()) == 3
    funnel = await pond.funnel()
    assert (funnel.figures["offered"], funnel.figures["taken"]) == (6, 3)
    assert funnel.skipped == {"duplicate": 3}


async def test_a_dry_run_only_counts(pond: Pond) -> None:
    await pond.collect(pre_queue_workflow_id="doubt")
    answer = await replay(
        pond, prediction("a=0.5"), prediction("a=0.5"), prediction("a=0.9", "r2"), dry_run=True
    )
    assert (answer.judged, answer.taken) == (3, 1)
    assert answer.skipped == {"filtered": 1, "duplicate": 1}
    assert await pond.kept() == []
    assert (await pond.funnel()).figures["offered"] == 0


async def test_inputs_of_an_app_are_predicted_anew_and_judged_page_by_page(pond: Pond) -> None:
    await hold(pond, "a=0.5", "a=0.9", "a=0.6")
    await pond.collect(pre_queue_workflow_id="doubt")
    first = await replay(pond, inputs_of=SOURCE, per_page=2)
    assert (first.judged, first.taken, first.skipped) == (2, 1, {"filtered": 1})
    second = await replay(pond, inputs_of=SOURCE, per_page=2, after=first.cursor)
    assert (second.judged, second.taken, second.cursor) == (1, 1, "")
    assert [capture_of(kept)["original_input_id"] for kept in await pond.kept()] == ["t2", "t0"]
    again = await replay(pond, inputs_of=SOURCE)
    assert (again.taken, again.skipped) == (0, {"duplicate": 2, "filtered": 1})
    assert len(await pond.kept()) == 2


async def test_what_another_collector_kept_is_judged_as_the_request_that_it_was(pond: Pond) -> None:
    await pond.collect("all", pre_queue_random_sample=1.0)
    await pond.collect("half", pre_queue_random_sample=0.5)
    await pond.predict(*(f"a{n}=1" for n in range(40)), request_id="r")
    live = (await pond.funnel("half")).figures["taken"]
    assert 0 < live < 40
    await pond.kept()
    await drain(pond.world.app.services)
    answer = await replay(pond, id="half", inputs_of=KEPT, per_page=128)
    assert (answer.judged, answer.taken) == (40 + live, 0)
    assert answer.skipped == {"duplicate": 2 * live, "sampled_out": 40 - live}


async def test_only_the_inputs_that_are_named_are_judged_and_what_failed_is_told(pond: Pond) -> None:
    await hold(pond, "a=0.5", "fail", "b=0.5")
    await pond.collect(pre_queue_random_sample=1.0)
    asked = request(inputs_of=SOURCE, input_ids=["t0", "t1", "none"])
    answer = await pond.world.call("alice", "PostCollectorReplays", asked)
    assert answer.status.code == Code.MIXED_STATUS
    assert (answer.judged, answer.taken) == (1, 1)
    assert [one.request_id for one in answer.failed] == ["t1", "none"]
    assert "told to fail" in answer.failed[0].status.details


async def test_in_shadow_a_replay_counts_and_keeps_nothing(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    patch = PatchCollectorOptionsRequest(
        user_app_id=KEPT, collector_id="c", options=CollectorOptions(shadow=True)
    )
    await pond.world.ok("alice", "PatchCollectorOptions", patch)
    answer = await replay(pond, prediction("a=1"))
    assert (answer.taken, answer.skipped) == (0, {"shadow": 1})
    assert (await pond.funnel()).skipped == {"shadow": 1}


async def test_a_paused_collector_takes_none_but_may_be_tried(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    patch = Collector(id="c", status=Status(code=COLLECTOR_INACTIVE))
    changed = PatchCollectorsRequest(user_app_id=KEPT, collectors=[patch], action="overwrite")
    await pond.world.ok("alice", "PatchCollectors", changed)
    refused = request(prediction("a=1"))
    assert "paused" in await pond.world.fails(
        Code.CONN_INVALID_REQUEST, "alice", "PostCollectorReplays", refused
    )
    assert (await replay(pond, prediction("a=1"), dry_run=True)).taken == 1


async def test_what_cannot_be_judged_is_told_one_by_one(pond: Pond) -> None:
    version = (await pond.predict("a=1")).outputs[0].model.model_version.id
    await pond.collect(pre_queue_random_sample=1.0, model_version_id=version)
    asked = request(
        prediction("a=1", ""),
        prediction("a=1", "old", model_version_id="other"),
        Prediction(request_id="empty"),
        prediction("a=1", "fine"),
    )
    answer = await pond.world.call("alice", "PostCollectorReplays", asked)
    assert answer.status.code == Code.MIXED_STATUS
    told = {one.request_id: one.status.details for one in answer.failed}
    assert "request_id" in told[""]
    assert "model_version_id" in told["old"]
    assert "input.data" in told["empty"]
    assert answer.judged == answer.taken == 1


async def test_a_request_that_says_too_little_or_too_much_is_refused(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    many = [prediction("a=1", f"r{n}") for n in range(129)]
    for refused, words in (
        (request(), "inputs_of"),
        (request(prediction("a=1"), inputs_of=SOURCE), "inputs_of"),
        (request(prediction("a=1"), after="3"), "predictions"),
        (request(inputs_of=SOURCE, after="x"), "after"),
        (request(inputs_of=SOURCE, input_ids=["a"], per_page=3), "input_ids"),
        (request(*many), "predictions"),
    ):
        answer = await pond.world.call("alice", "PostCollectorReplays", refused)
        assert answer.status.code == Code.CONN_INVALID_REQUEST, answer
        assert words in answer.status.details
    too_long = request(inputs_of=SOURCE, per_page=129)
    await pond.world.fails(Code.CONN_INVALID_RANGE, "alice", "PostCollectorReplays", too_long)


async def test_inputs_that_one_may_not_see_are_not_judged(pond: Pond) -> None:
    await pond.world.add_app("mallory", "secret")
    await pond.collect(pre_queue_random_sample=1.0)
    refused = request(inputs_of=UserAppIDSet(user_id="mallory", app_id="secret"))
    await pond.world.fails(Code.CONN_DOES_NOT_EXIST, "alice", "PostCollectorReplays", refused)


async def test_a_prediction_that_is_posted_is_the_first_of_its_request(pond: Pond) -> None:
    posted = PostPredictionsRequest(
        user_app_id=SOURCE, model_id="said", predictions=[prediction("a=1", "r", 1)]
    )
    answer = await pond.world.call("alice", "PostPredictions", posted)
    assert "input_index" in answer.results[0].status.details


@pytest.mark.parametrize("seed", range(3))
async def test_replaying_all_that_was_offered_takes_nothing_new(pond: Pond, seed: int) -> None:
    """Whatever the rules and the traffic, and whether what was taken waits or was posted."""
    chance = random.Random(seed)
    some = OutputInfo(params=struct(keep_fraction=chance.random()))
    await pond.add_operator("some", "random-sample", some)
    await pond.add_workflow("either", ("a", "doubtful", ()), ("b", "some", ()))
    await pond.collect("sample", pre_queue_random_sample=chance.uniform(0.1, 1))
    await pond.collect("rules", pre_queue_workflow_id="either", collect_outputs=True)
    await pond.collect("both", pre_queue_random_sample=0.5, pre_queue_workflow_id="doubt")
    await pond.collect("bobs", pre_queue_random_sample=0.7, caller_user_id="bob")
    offered = []
    for number in range(8):
        texts = [f"a={chance.uniform(0.3, 1):.3f}" for _ in range(chance.randint(1, 9))]
        await pond.predict(*texts, request_id=f"own{number}")
        offered += [
            prediction(text, f"own{number}", n, caller_user_id="alice") for n, text in enumerate(texts)
        ]
        elsewhere = prediction(texts[0], f"other{number}", caller_user_id=chance.choice(["bob", "eve"]))
        posted = PostPredictionsRequest(user_app_id=SOURCE, model_id="said", predictions=[elsewhere])
        await pond.world.ok("alice", "PostPredictions", posted)
        offered.append(elsewhere)
        if chance.random() < 0.3:
            await pond.world.drain()
    before = len(await pond.kept()) if chance.random() < 0.5 else None
    for id in ("sample", "rules", "both", "bobs"):
        live = (await pond.funnel(id)).figures
        answer = await replay(pond, *offered, id=id)
        assert (answer.judged, answer.taken) == (live["offered"], 0) == (len(offered), 0)
        assert answer.skipped.get("duplicate", 0) == live["taken"]
        assert (await pond.funnel(id)).figures["taken"] == live["taken"]
    after = await pond.kept()
    assert before in (None, len(after))
    assert all(capture_of(kept)["reason"] == "" for kept in after)
