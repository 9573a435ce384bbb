"""A draft is tried on what was recorded, and a request explained, as collectors decide; nothing is kept."""

from array import array
from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Collector, Model, OutputInfo, UserAppIDSet, Visibility
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteCollectorsRequest,
    PatchCollectorsRequest,
    PatchModelsRequest,
)
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pond import KEPT, SOURCE, Pond, struct
from workflows.shapes import info
from world import World

from bowerbird.collect.preview import Draft, Trial, summary
from bowerbird.collect.recorded import Entry
from bowerbird.errors import Code
from bowerbird.proto.bowerbird_v1_pb2 import (
    AppOptions,
    CollectorPreviewResponse,
    CollectorReason,
    GetPredictionReasonsRequest,
    PatchAppOptionsRequest,
    PostCollectorPreviewsRequest,
)
from bowerbird.workflows.stored import load_workflow

pytestmark = pytest.mark.anyio


async def preview(
    pond: Pond, draft: Collector, who: str = "alice", **fields: Any
) -> CollectorPreviewResponse:
    await pond.world.collecting.flush()
    request = PostCollectorPreviewsRequest(user_app_id=KEPT, collector=draft, **fields)
    answer = await pond.world.ok("alice", "PostCollectorPreviews", request)
    assert isinstance(answer, CollectorPreviewResponse)
    assert answer.recorded == answer.taken + sum(answer.skipped.values())
    return answer


async def refused(pond: Pond, code: int, draft: Collector, who: str = "alice", **fields: Any) -> str:
    request = PostCollectorPreviewsRequest(user_app_id=KEPT, collector=draft, **fields)
    return await pond.world.fails(code, who, "PostCollectorPreviews", request)


async def reasons(pond: Pond, request_id: str, who: str = "alice") -> dict[str, CollectorReason]:
    await pond.world.collecting.flush()
    request = GetPredictionReasonsRequest(user_app_id=KEPT, request_id=request_id)
    answer = await pond.world.ok(who, "GetPredictionReasons", request)
    return {one.collector_id: one for one in answer.collectors}


async def say(pond: Pond, count: int) -> None:
    """Predictions of which half are sure and half are not."""
    for n in range(0, count, 100):
        texts = [f"cat={0.3 + (n % 2) * 0.6} dog=0.1" for n in range(n, min(n + 100, count))]
        await pond.predict(*texts, request_id=f"r{n}")
        pond.world.clock.advance(30)


async def add_rules(pond: Pond) -> None:
    """Workflows of every kind of rule."""
    await pond.add_doubt()
    operators = {
        "some": ("random-sample", struct(keep_fraction=0.3)),
        "unsure": ("weighted-sample", struct(rho=0.2)),
        "strata": ("stratified-sample", struct(shares={"cat": 0.4}, default_share=0.1)),
        "budget": ("budget-sample", struct(limit=20, period="hour")),
        "limit": ("rate-limit", struct(rate=0.2)),
        "once": ("dedup", struct()),
        "north": ("metadata-filter", struct(predicate={"field": "site", "op": "eq", "value": "north"})),
        "alices": ("caller-filter", struct(allow=["alice"])),
    }
    for id, (type, params) in operators.items():
        await pond.add_operator(id, type, OutputInfo(params=params))
        await pond.add_workflow(f"w-{id}", ("n", id, ()))
    await pond.add_operator("above", "concept-thresholder", info({"cat": 0.5}))
    await pond.add_workflow("w-sure", ("n", "above", ()))
    await pond.add_workflow("sure-chain", ("a", "above", ()), ("b", "some", ("a",)))
    await pond.add_workflow("either", ("a", "doubtful", ()), ("b", "some", ()))
    await pond.add_workflow("chain", ("a", "doubtful", ()), ("b", "some", ("a",)))


MORE = ("w-strata", "w-limit", "w-once", "w-north")
RULES: dict[str, dict[str, Any]] = {
    "all": {"pre_queue_random_sample": 1.0},
    "sampled": {"pre_queue_random_sample": 0.2},
    "both": {"pre_queue_random_sample": 0.5, "pre_queue_workflow_id": "doubt"},
    "sometimes-sure": {"pre_queue_random_sample": 0.5, "pre_queue_workflow_id": "w-sure"},
    "bobs": {"pre_queue_random_sample": 0.5, "caller_user_id": "bob"},
    **{
        name.removeprefix("w-"): {"pre_queue_workflow_id": name}
        for name in (
            "doubt",
            "either",
            "chain",
            "sure-chain",
            "w-sure",
            "w-unsure",
            "w-strata",
            "w-limit",
            "w-once",
            "w-north",
        )
    },
}


async def test_where_all_was_recorded_a_preview_is_what_the_collector_took(pond: Pond) -> None:
    await add_rules(pond)
    for id, rule in RULES.items():
        await pond.collect(id, **rule)
    await say(pond, 200)
    await pond.predict("cat=0.5", "cat=0.95", request_id="north", metadata={"site": "north"})
    for id, rule in RULES.items():
        live = await pond.funnel(id)
        found = await preview(pond, pond.collector(id, **rule))
        assert (found.recorded, found.answered) == (202, 202), id
        assert found.taken == live.figures["taken"], id
        assert dict(found.skipped) == {reason: n for reason, n in live.skipped.items() if n}, id


async def test_a_preview_says_how_much_would_be_kept_with_an_interval(pond: Pond) -> None:
    await pond.add_doubt()
    await say(pond, 400)
    found = await preview(pond, pond.collector("d", pre_queue_workflow_id="doubt"))
    assert found.kept_share == 0.5
    assert (found.kept_share_low, found.kept_share_high) == pytest.approx((0.451, 0.549), abs=1e-3)
    assert found.per_day == pytest.approx(200 * 24)  # as many every hour
    assert found.per_day_low < found.per_day < found.per_day_high
    assert dict(found.skipped) == {"filtered": 200}
    assert [(s.concept_id, s.before, s.kept) for s in found.mix] == [("cat", 1.0, 1.0)]
    assert all(e.output.concepts[0].value == pytest.approx(0.3) for e in found.kept)
    assert found.left_out[0].reason == ("filtered: prediction-score-filter: max_prob 0.9, expected 0 to 0.6")
    assert found.left_out[0].input.text.raw.endswith(" dog=0.1")
    assert len(found.kept) == len(found.left_out) == 12


async def test_a_preview_speaks_of_all_that_was_answered_however_little_was_recorded() -> None:
    draft = Draft(Collector(id="c", pre_queue_random_sample=1.0), None, "alice/kept/c")
    trial = Trial(draft, since=0, examples=3)
    trial.judge([entry(0, n, "cat") for n in range(10)] + [entry(3600, n, "dog") for n in range(10)])
    found = summary(trial, {0: 10, 3600: 990}, since=0, now=7200)
    assert (found.recorded, found.answered) == (20, 1000)
    assert found.mix["dog"] == pytest.approx((0.99, 0.99))
    assert found.per_day[0] == pytest.approx(12_000)


def entry(hour: int, n: int, concept: str) -> Entry:
    values = array("f", [0.9]).tobytes()
    return Entry(
        model=1,
        hour=hour,
        hash=n,
        at=hour + n,
        sampled=True,
        taken="",
        input_index=0,
        request_id=f"{hour}-{n}",
        caller="alice",
        version="v",
        concepts=concept,
        values=values,
        output=b"",
        input=b"",
        has_media=True,
        content=b"",
    )


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.floats(0.01, 1), st.integers(1, 300), st.integers(1, 50))
def test_the_share_lies_in_its_interval(fraction: float, recorded: int, times: int) -> None:
    draft = Draft(Collector(id="c", pre_queue_random_sample=fraction), None, "alice/kept/c")
    trial = Trial(draft, since=0, examples=3)
    trial.judge([entry(0, n, "cat") for n in range(recorded)])
    found = summary(trial, {0: recorded * times}, since=0, now=3600)
    share, low, high = found.share
    assert 0 <= low <= share <= high <= 1
    assert found.answered == recorded * times


async def test_notes_say_what_the_figures_are_worth(pond: Pond) -> None:
    await add_rules(pond)
    nothing = await preview(pond, pond.collector("d", pre_queue_random_sample=0.1))
    assert nothing.kept_share_high == 1
    assert "Nothing was recorded" in nothing.notes[0]
    await say(pond, 100)
    said = {
        rule: " ".join((await preview(pond, pond.collector("d", pre_queue_workflow_id=rule))).notes)
        for rule in ("doubt", "either", "w-limit", "w-budget", "w-once")
    }
    assert all(
        "Only 100 predictions were recorded: the share may be off by" in text for text in said.values()
    )
    assert "50 of 100 had no chance at all, as there is no random part in the rule" in said["doubt"]
    assert "no chance" not in said["either"]
    assert "The probabilities of a rate-limit are unknown" in said["w-limit"]
    assert "What remembers started afresh: budget-sample." in said["w-budget"]
    later = await preview(
        pond, pond.collector("", pre_queue_random_sample=0.1, post_queue_workflow_id="doubt")
    )
    assert any("'doubt' would drop later" in note for note in later.notes)
    assert any("under another they fall differently" in note for note in later.notes)


async def test_a_budget_on_a_sample_has_so_much_less_to_spend(pond: Pond) -> None:
    await add_rules(pond)
    app = await pond.world.app.dispatcher.authority.directory.app("alice", "kept")
    assert app is not None
    async with pond.world.app.services.db.read() as conn:
        budget = await load_workflow(conn, app.seq, "w-budget")
        limit = await load_workflow(conn, app.seq, "w-limit")
    thin = [Draft(Collector(), workflow, "s").thinned(0.1).workflow for workflow in (budget, limit)]
    params = [w.nodes[0].model.model_version.output_info.params for w in thin if w is not None]
    assert params[0]["limit"] == 2
    assert params[1]["rate"] == pytest.approx(0.02)


async def test_a_draft_is_checked_as_a_collector_is_but_needs_no_key(pond: Pond) -> None:
    draft = pond.collector("d", pre_queue_random_sample=0.5)
    draft.collector_source.api_post_model_outputs_collector_source.ClearField("post_inputs_key_id")
    assert (await preview(pond, draft)).recorded == 0
    assert "collector.pre_queue_random_sample" in await refused(
        pond, Code.CONN_INVALID_REQUEST, pond.collector("d", pre_queue_random_sample=2.0)
    )
    assert "collector.pre_queue_workflow_id: there is no workflow 'x'" in await refused(
        pond, Code.CONN_INVALID_REQUEST, pond.collector("d", pre_queue_workflow_id="x")
    )
    fine = pond.collector("d", pre_queue_random_sample=0.5)
    assert "hours" in await refused(pond, Code.CONN_INVALID_RANGE, fine, hours=1000)
    assert "examples" in await refused(pond, Code.CONN_INVALID_RANGE, fine, examples=1000)


async def test_of_somebody_elses_model_only_ones_own_calls_are_seen(world: World, pond: Pond) -> None:
    await world.publish("alice", "zoo")
    await world.add_app("bob", "bobs")
    public = Model(id="said", visibility=Visibility(gettable=50))
    await world.ok(
        "alice", "PatchModels", PatchModelsRequest(user_app_id=SOURCE, models=[public], action="overwrite")
    )
    await pond.predict("cat=0.9", request_id="alices")
    await pond.predict("cat=0.8", "cat=0.7", who="bob", request_id="bobs")
    await world.collecting.flush()
    draft = pond.collector("d", pre_queue_random_sample=1.0)
    draft.collector_source.api_post_model_outputs_collector_source.ClearField("post_inputs_key_id")
    place = UserAppIDSet(user_id="bob", app_id="bobs")
    request = PostCollectorPreviewsRequest(user_app_id=place, collector=draft)
    found = await world.ok("bob", "PostCollectorPreviews", request)
    assert (found.recorded, found.answered, found.taken) == (2, 2, 2)
    assert {e.request_id for e in found.kept} == {"bobs"}
    assert (await preview(pond, pond.collector("d", pre_queue_random_sample=1.0))).recorded == 3


async def test_a_preview_keeps_nothing(pond: Pond) -> None:
    await pond.predict("cat=0.5")
    await preview(pond, pond.collector("d", pre_queue_random_sample=1.0))
    assert await pond.kept() == []
    listed = await pond.world.ok("alice", "ListCollectors", user_id="alice", app_id="kept")
    assert not listed.collectors


async def test_why_tells_each_step_with_its_value_its_threshold_and_its_coin(pond: Pond) -> None:
    await add_rules(pond)
    await pond.collect("doubts", pre_queue_workflow_id="doubt")
    await pond.collect("chain", pre_queue_workflow_id="chain", pre_queue_random_sample=0.999)
    await pond.collect("bobs", pre_queue_random_sample=0.5, caller_user_id="bob")
    await pond.predict("cat=0.9", request_id="sure")
    await pond.predict("cat=0.5", request_id="unsure")
    sure, unsure = await reasons(pond, "sure"), await reasons(pond, "unsure")
    [step] = sure["doubts"].steps
    assert (sure["doubts"].taken, sure["doubts"].reason) == (False, "filtered")
    assert (step.verdict, step.value, step.against) == ("dropped", "max_prob 0.9", "0 to 0.6")
    assert (unsure["doubts"].taken, unsure["doubts"].inclusion_probability) == (True, 1.0)
    coin = sure["chain"].steps[0]
    assert (coin.operator, coin.verdict) == ("pre_queue_random_sample", "passed")
    assert coin.coin < coin.probability == pytest.approx(0.999)
    assert sure["chain"].inclusion_probability == 0
    assert (sure["bobs"].reason, sure["bobs"].note) == ("caller", "It collects 'bob''s calls only.")
    assert unsure["chain"].inclusion_probability == pytest.approx(0.2997)
    assert {step.node_id for step in unsure["chain"].steps} == {"", "a", "b"}


async def test_why_tells_every_operator_of_what_it_looked_at(pond: Pond) -> None:
    await add_rules(pond)
    rules = ("unsure", "strata", "budget", "limit", "once", "north", "alices")
    for id in rules:
        await pond.collect(id, pre_queue_workflow_id=f"w-{id}")
    await pond.predict("cat=0.75 dog=0.25", request_id="r", metadata={"site": "south"})
    told = {id: one.steps[0] for id, one in (await reasons(pond, "r")).items()}
    assert (told["unsure"].value, told["unsure"].probability) == ("margin 0.5", pytest.approx(0.2))
    assert (told["strata"].value, told["strata"].against) == ("concept 'cat'", "a share of its own")
    assert told["budget"].against == "20 a hour"
    assert told["limit"].value == "1 tokens are left"
    assert told["once"].value == "no repeat"
    assert (told["north"].value, told["north"].verdict) == ('{"site": "south"}', "dropped")
    assert (told["alices"].value, told["alices"].against) == ("alice", "allow alice")


async def test_what_was_done_then_and_what_would_be_done_now_are_told_apart(pond: Pond) -> None:
    await pond.collect("early", pre_queue_random_sample=1.0)
    await pond.predict("cat=0.9", request_id="r")
    pond.world.clock.advance(60)
    await pond.add_doubt()
    changed = Collector(id="early", pre_queue_workflow_id="doubt", status=Status(code=Code.COLLECTOR_ACTIVE))
    request = PatchCollectorsRequest(user_app_id=KEPT, collectors=[changed], action="overwrite")
    await pond.world.ok("alice", "PatchCollectors", request)
    await pond.collect("late", pre_queue_random_sample=1.0)
    told = await reasons(pond, "r")
    assert (told["early"].taken, told["early"].reason) == (True, "filtered")
    assert told["early"].note == "It was taken; by the rule as it is now it would not be."
    assert (told["late"].taken, told["late"].reason) == (False, "taken")
    assert told["late"].note == "The collector was made after the prediction; now it would take it."


async def test_what_is_not_recorded_is_not_explained(pond: Pond) -> None:
    await pond.collect("c", pre_queue_random_sample=1.0)
    await pond.predict("cat=0.9", request_id="r")
    await pond.world.collecting.flush()
    asked = GetPredictionReasonsRequest(user_app_id=KEPT, request_id="other")
    said = await pond.world.fails(Code.CONN_DOES_NOT_EXIST, "alice", "GetPredictionReasons", asked)
    assert "only a sample is, for 48 hours" in said
    gone = DeleteCollectorsRequest(user_app_id=KEPT, ids=["c"])
    await pond.world.ok("alice", "DeleteCollectors", gone)
    asked.request_id = "r"
    await pond.world.fails(Code.CONN_DOES_NOT_EXIST, "alice", "GetPredictionReasons", asked)


async def test_an_app_that_records_nothing_has_no_previews_and_no_reasons(pond: Pond) -> None:
    await pond.collect("c", pre_queue_random_sample=1.0)
    await pond.predict("cat=0.9", request_id="r")
    await pond.world.collecting.flush()
    off = PatchAppOptionsRequest(user_app_id=SOURCE, options=AppOptions(records_predictions=False))
    await pond.world.ok("alice", "PatchAppOptions", off)
    assert (await preview(pond, pond.collector("d", pre_queue_random_sample=1.0))).recorded == 0
    asked = GetPredictionReasonsRequest(user_app_id=KEPT, request_id="r")
    await pond.world.fails(Code.CONN_DOES_NOT_EXIST, "alice", "GetPredictionReasons", asked)
