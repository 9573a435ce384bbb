"""Estimates through the door: traffic is collected, labelled, and told of."""

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import (
    Annotation,
    Collaborator,
    Concept,
    Data,
    Input,
    OutputInfo,
    Text,
    User,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteInputsRequest,
    PostAnnotationsRequest,
    PostCollaboratorsRequest,
)
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from google.protobuf.timestamp_pb2 import Timestamp
from pond import KEPT, SOURCE, Pond, struct

from bowerbird.errors import Code
from bowerbird.proto.bowerbird_v1_pb2 import (
    CollectorEstimateResponse,
    GetCollectorEstimateRequest,
    PostCollectorReplaysRequest,
    Prediction,
)
from bowerbird.queue import hour_of

pytestmark = pytest.mark.anyio

BATCH = 100


def traffic(n: int, seed: int = 1) -> list[str]:
    """Texts of which the model is wrong in a tenth: mostly when it doubts. The truth stands behind the #,
    what a challenger says behind the bar: it is right of all but the hundredth."""
    drawn = random.Random(seed)
    texts = []
    for place in range(n):
        is_doubtful = drawn.random() < 0.2
        is_wrong = drawn.random() < (0.48 if is_doubtful else 0.005)
        said, other = ("cat", "dog") if drawn.random() < 0.7 else ("dog", "cat")
        truth = other if is_wrong else said
        guess = "bird" if place % 100 == 0 else truth
        top = 0.55 if is_doubtful else 0.95
        texts.append(f"{said}={top} {other}={1 - top:.2f} | {guess}=0.9 #{truth} {place}")
    return texts


def truth_of(text: str) -> str:
    return text.split("#")[1].split()[0]


def error_rate(texts: Iterable[str]) -> float:
    wrong = [not text.startswith(truth_of(text)) for text in texts]
    return sum(wrong) / len(wrong)


async def send(pond: Pond, texts: Sequence[str]) -> None:
    for start in range(0, len(texts), BATCH):
        await pond.predict(*texts[start : start + BATCH], request_id=f"r{start}")


async def kept(pond: Pond, texts: Sequence[str]) -> dict[str, str]:
    """The texts of the kept inputs, by their ids."""
    captures = {one.id: one.data.metadata["capture"] for one in await pond.kept()}
    return {id: texts[int(c["request_id"][1:]) + int(c["input_index"])] for id, c in captures.items()}


async def label(
    pond: Pond, labels: Mapping[str, str], who: str = "alice", code: int = Code.ANNOTATION_SUCCESS
) -> None:
    """Say of inputs what they are."""
    made = [
        Annotation(input_id=id, data=Data(concepts=[Concept(id=name, value=1)]), status=Status(code=code))
        for id, name in labels.items()
    ]
    for start in range(0, len(made), BATCH):
        request = PostAnnotationsRequest(user_app_id=KEPT, annotations=made[start : start + BATCH])
        await pond.world.ok(who, "PostAnnotations", request)


async def estimate(pond: Pond, who: str = "alice", **fields: Any) -> CollectorEstimateResponse:
    request = GetCollectorEstimateRequest(user_app_id=KEPT, collector_id="c", **fields)
    return await pond.world.ok(who, "GetCollectorEstimate", request)


async def explore(pond: Pond, share: float = 0.25, **fields: Any) -> None:
    """Collect what the model doubts, or a share of everything."""
    await pond.add_doubt()
    await pond.add_operator("some", "random-sample", OutputInfo(params=struct(keep_fraction=share)))
    await pond.add_workflow("either", ("a", "doubtful", ()), ("b", "some", ()))
    await pond.collect(pre_queue_workflow_id="either", **fields)


async def labelled(pond: Pond, n: int = 500, **fields: Any) -> tuple[list[str], dict[str, str]]:
    """Traffic that was collected and labelled: all texts, and those that were kept."""
    texts = traffic(n)
    await explore(pond, **fields)
    await send(pond, texts)
    found = await kept(pond, texts)
    await label(pond, {id: truth_of(text) for id, text in found.items()})
    return texts, found


async def test_what_was_kept_and_labelled_tells_what_production_does(pond: Pond) -> None:
    texts, found = await labelled(pond, collect_outputs=True)
    told = await estimate(pond)
    truth = error_rate(texts)
    assert error_rate(found.values()) > truth + 0.1  # what was kept is a bad picture
    assert told.error_rate.low <= truth <= told.error_rate.high
    assert told.error_rate.low <= told.error_rate.value <= told.error_rate.high
    assert told.accuracy.value == pytest.approx(1 - told.error_rate.value)
    assert (told.kept, told.labelled, told.offered) == (len(found), len(found), 500)
    assert told.error_rate.items == len(found) > told.error_rate.effective_items > 100
    assert (told.lost, told.unknown, told.left_to_predict) == (0, 0, 0)
    cats = [text for text in texts if truth_of(text) == "cat"]
    called_cats = [text for text in texts if text.startswith("cat")]
    by_class = [
        (told.class_shares, len(cats) / len(texts)),
        (told.class_errors, error_rate(cats)),
        (told.class_false_alarms, error_rate(called_cats)),
    ]
    for figures, truth in by_class:
        assert [figure.name for figure in figures] == ["cat", "dog"]
        assert figures[0].low <= truth <= figures[0].high


async def test_without_posted_outputs_the_version_is_asked_anew(pond: Pond) -> None:
    texts, _ = await labelled(pond)
    told = await estimate(pond)
    assert told.left_to_predict == 0
    assert told.error_rate.low <= error_rate(texts) <= told.error_rate.high


async def test_a_better_challenger_is_promoted_and_asked_once_only(pond: Pond) -> None:
    texts, found = await labelled(pond, collect_outputs=True)
    challenger = await pond.add_version("said", SOURCE, part=1)
    told = await estimate(pond, challenger_version_id=challenger)
    assert told.verdict == "promote"
    assert told.difference.low <= 0.01 - error_rate(texts) <= told.difference.high < 0
    assert told.difference_bound < 0
    assert told.explored_difference < 0
    assert 80 < told.explored_items < len(found)
    pond.world.app.services.runtimes = Silent()
    again = await estimate(pond, challenger_version_id=challenger)
    assert again.difference == told.difference


class Silent:
    """Runtimes that must not be asked."""

    async def predict(self, spec: object, inputs: object) -> None:
        raise AssertionError("asked again")

    async def close(self) -> None:
        pass


async def test_a_version_that_is_named_is_asked_even_of_what_another_said(pond: Pond) -> None:
    await labelled(pond, n=400, collect_outputs=True)
    challenger = await pond.add_version("said", SOURCE, part=1)
    told = await estimate(pond, model_version_id=challenger)
    assert told.error_rate.high < 0.1


async def test_a_version_that_does_not_exist_is_refused(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    request = GetCollectorEstimateRequest(user_app_id=KEPT, collector_id="c", challenger_version_id="none")
    said = await pond.world.fails(Code.MODEL_DOES_NOT_EXIST, "alice", "GetCollectorEstimate", request)
    assert "none" in said


async def test_too_much_to_predict_at_once_is_gone_on_with_at_the_next_call(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    texts = traffic(120)
    await send(pond, texts)
    await label(pond, {id: truth_of(text) for id, text in (await kept(pond, texts)).items()})
    services = pond.world.app.services
    services.settings = services.settings.model_copy(update={"call_timeout_s": 1e-9})
    told = [await estimate(pond) for _ in range(4)]
    assert [one.left_to_predict for one in told] == [88, 56, 24, 0]
    assert [one.error_rate.reason for one in told] == ["predicting"] * 3 + [""]
    assert "ask again" in told[0].error_rate.note


async def test_a_threshold_without_exploration_is_refused_a_headline(pond: Pond) -> None:
    texts = traffic(400)
    await pond.add_doubt()
    await pond.collect(pre_queue_workflow_id="doubt")
    await send(pond, texts)
    await label(pond, {id: truth_of(text) for id, text in (await kept(pond, texts)).items()})
    told = await estimate(pond)
    for figure in (told.accuracy, told.error_rate):
        assert figure.reason == "unreached"
        assert not figure.HasField("value")
        assert "weighted-sample" in figure.note
    assert not told.class_shares
    assert any("'n'" in note for note in told.notes)


async def test_too_few_labels_say_how_many_are_missing(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0, collect_outputs=True)
    texts = traffic(120)
    await send(pond, texts)
    found = list((await kept(pond, texts)).items())
    await label(pond, {id: truth_of(text) for id, text in found[:41]})
    told = await estimate(pond)
    assert told.error_rate.reason == "too_few"
    assert told.error_rate.note == "41 of 100 labelled: label 59 more."
    assert (told.kept, told.labelled) == (120, 41)
    assert any("41 of 120 kept items are labelled" in note for note in told.notes)
    dog = next(figure for figure in told.class_shares if figure.name == "dog")
    assert dog.note.startswith("too few")
    assert not dog.HasField("value")
    assert 0 < dog.low < dog.high < 1


async def test_what_is_not_labelled_yet_says_so(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    await send(pond, traffic(10))
    await pond.kept()
    assert (await estimate(pond)).error_rate.reason == "unlabelled"


async def test_a_lossy_hour_is_refused_and_named_and_passes_when_left_out(pond: Pond) -> None:
    world = pond.world
    await pond.collect(pre_queue_random_sample=1.0, collect_outputs=True)
    texts = traffic(240)
    await send(pond, texts[:120])
    key = (await world.app.services.queue.funnel())[0].collector if await pond.kept() else ""
    await world.app.services.queue.add_counts({(key, hour_of(world.clock.now), "overflow"): 3})
    world.clock.advance(3600)
    await pond.predict(*texts[120:], request_id="r120")
    await label(pond, {id: truth_of(text) for id, text in (await kept(pond, texts)).items()})
    told = await estimate(pond)
    assert told.error_rate.reason == "lost"
    assert told.lost == pytest.approx(3 / 123)
    assert any("overflow 3" in note for note in told.notes)
    later = await estimate(pond, since=Timestamp(seconds=int(world.clock.now)))
    assert (later.error_rate.reason, later.kept, later.offered) == ("", 120, 120)


async def test_items_of_unknown_chance_are_counted_and_left_out(pond: Pond) -> None:
    await pond.add_operator("slowly", "rate-limit", OutputInfo(params=struct(rate=1.0, burst=20.0)))
    await pond.add_workflow("few", ("n", "slowly", ()))
    await pond.collect(pre_queue_workflow_id="few")
    texts = traffic(60)
    await send(pond, texts)
    found = await kept(pond, texts)
    await label(pond, {id: truth_of(text) for id, text in found.items()})
    told = await estimate(pond)
    assert told.unknown == told.kept == len(found) > 0
    assert told.error_rate.reason == "unlabelled"
    assert "budget-sample" in told.error_rate.note


async def test_what_was_kept_weighs_for_its_repeats(pond: Pond) -> None:
    """One wrong text came 60 times, and 140 right ones once each: 30 % are wrong, of 141 items."""
    await pond.add_operator("once", "dedup", OutputInfo(params=struct(method="exact")))
    await pond.add_workflow("new", ("n", "once", ()))
    await pond.collect(pre_queue_workflow_id="new", collect_outputs=True)
    texts = ["cat=0.9 #dog"] * 60 + [f"cat=0.9 #cat {n}" for n in range(140)]
    for start in range(0, 200, BATCH):
        for place in range(start, start + BATCH):
            await pond.predict(texts[place], request_id=f"r{place}")
    found = await kept(pond, texts)
    assert len(found) == 141
    await label(pond, {id: truth_of(text) for id, text in found.items()})
    told = await estimate(pond)
    assert told.offered == 200
    shares = {figure.name: figure for figure in told.class_shares}
    assert shares["cat"].value == pytest.approx(140 / 200)
    assert not any("stand for" in note for note in told.notes)


async def test_of_several_labellers_the_majority_counts_each_by_their_latest_word(pond: Pond) -> None:
    world = pond.world
    await share_with(pond, "bob", "mallory")
    await pond.collect(pre_queue_random_sample=1.0, collect_outputs=True)
    texts = ["cat=0.9 #cat"] * 120
    await send(pond, texts)
    ids = list(await kept(pond, texts))
    await label(pond, dict.fromkeys(ids, "dog"), "mallory")
    await label(pond, dict.fromkeys(ids, "dog"), "alice")
    world.clock.advance(1)
    await label(pond, dict.fromkeys(ids, "cat"), "alice")
    await label(pond, dict.fromkeys(ids, "cat"), "bob")
    assert (await estimate(pond)).accuracy.value == 1


async def test_only_accepted_words_of_people_are_the_truth(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0, collect_outputs=True)
    texts = traffic(20)
    await send(pond, texts)
    ids = await kept(pond, texts)
    await label(pond, dict.fromkeys(ids, "cat"), code=Code.ANNOTATION_PENDING)
    told = await estimate(pond)
    assert (told.kept, told.labelled) == (20, 0)


async def test_labels_chosen_by_chance_are_told_from_those_that_are_not(pond: Pond) -> None:
    texts = traffic(400)
    await explore(pond)
    await send(pond, texts)
    found = await kept(pond, texts)
    await label(pond, {id: truth_of(t) for id, t in found.items() if "=0.55" in t})
    assert any("no random part" in note for note in (await estimate(pond)).notes)


async def test_deleted_items_are_missed(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    texts = traffic(100)
    await send(pond, texts)
    ids = list(await kept(pond, texts))
    request = DeleteInputsRequest(user_app_id=KEPT, ids=ids[:50])
    await pond.world.ok("alice", "DeleteInputs", request)
    assert any("stand for 50" in note for note in (await estimate(pond)).notes)


async def test_who_cannot_use_the_model_gets_no_new_predictions_of_it(pond: Pond) -> None:
    await share_with(pond, "bob")
    await pond.collect(pre_queue_random_sample=1.0, collect_outputs=True)
    texts = traffic(20)
    await send(pond, texts)
    await label(pond, {id: truth_of(text) for id, text in (await kept(pond, texts)).items()})
    challenger = await pond.add_version("said", SOURCE, part=1)
    assert (await estimate(pond, "bob")).labelled == 20
    request = GetCollectorEstimateRequest(
        user_app_id=KEPT, collector_id="c", challenger_version_id=challenger
    )
    await pond.world.fails(Code.MODEL_DOES_NOT_EXIST, "bob", "GetCollectorEstimate", request)


async def share_with(pond: Pond, *people: str) -> None:
    scopes = ["Inputs:Get", "Annotations:Add", "Annotations:Get", "Concepts:Add", "Concepts:Get"]
    scopes += ["Collectors:Get", "Models:Get", "Workflows:Get", "Predict"]
    made = [Collaborator(user=User(id=id), scopes=scopes) for id in people]
    request = PostCollaboratorsRequest(user_app_id=KEPT, collaborators=made)
    await pond.world.ok("alice", "PostCollaborators", request)


async def test_what_a_replay_brought_says_nothing_of_traffic_as_it_came(pond: Pond) -> None:
    _, found = await labelled(pond, 60)
    doubtful = Data(concepts=[Concept(id="cat", value=0.5), Concept(id="dog", value=0.5)])
    later = Prediction(request_id="later", input=Input(data=Data(text=Text(raw="x"))), output=doubtful)
    request = PostCollectorReplaysRequest(user_app_id=KEPT, collector_id="c", predictions=[later])
    assert (await pond.world.ok("alice", "PostCollectorReplays", request)).taken == 1
    assert len(await pond.kept()) == len(found) + 1
    assert (await estimate(pond)).kept == len(found)
