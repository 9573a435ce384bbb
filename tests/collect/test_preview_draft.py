"""A draft whose workflow is not written yet is tried as if it were, and looked at closely."""

from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Model, NodeInput, OutputInfo, Workflow, WorkflowNode
from clarifai_grpc.grpc.api.service_pb2 import GetWorkflowRequest
from pond import KEPT, Pond, struct

from bowerbird.errors import Code, WorkflowGraphInvalid, WorkflowInvalid
from bowerbird.proto.bowerbird_v1_pb2 import (
    CollectorPreviewResponse,
    ListCollectorPresetsRequest,
    PostCollectorPreviewsRequest,
    PreviewExample,
)

pytestmark = pytest.mark.anyio


def operator(id: str, type: str, **params: Any) -> Model:
    return Model(id=id, model_type_id=type, output_info=OutputInfo(params=struct(**params)))


def node(id: str, *inputs: str, model: str = "") -> WorkflowNode:
    links = [NodeInput(node_id=one) for one in inputs]
    return WorkflowNode(id=id, model=Model(id=model or id), node_inputs=links)


def request(
    pond: Pond, nodes: list[WorkflowNode], operators: list[Model], **fields: Any
) -> PostCollectorPreviewsRequest:
    workflow = Workflow(id="not-written", nodes=nodes)
    draft = pond.collector("d", **fields)
    return PostCollectorPreviewsRequest(
        user_app_id=KEPT, collector=draft, workflow=workflow, operators=operators
    )


async def tried(pond: Pond, *args: Any, **fields: Any) -> CollectorPreviewResponse:
    await pond.world.collecting.flush()
    return await pond.world.ok("alice", "PostCollectorPreviews", request(pond, *args, **fields))


async def say(pond: Pond, count: int = 300) -> None:
    """The greatest values go from 0.1 to 0.9, evenly."""
    for n in range(0, count, 100):
        texts = [f"cat={0.1 + 0.8 * (n + m) / count:.4f} dog=0.05" for m in range(100)]
        await pond.predict(*texts, request_id=f"r{n}")


BAND = operator("band", "prediction-score-filter", score="max_prob", lo=0.3, hi=0.5)
SOME = operator("some", "random-sample", keep_fraction=0.1)


async def test_nothing_is_written_and_the_figures_are_those_of_the_written_workflow(pond: Pond) -> None:
    await say(pond)
    found = await tried(pond, [node("a", model="band"), node("b", model="some")], [BAND, SOME])
    ask = GetWorkflowRequest(user_app_id=KEPT, workflow_id="not-written")
    await pond.world.fails(Code.WORKFLOW_DOES_NOT_EXIST, "alice", "GetWorkflow", ask)
    await pond.add_operator("band", BAND.model_type_id, BAND.output_info)
    await pond.add_operator("some", SOME.model_type_id, SOME.output_info)
    await pond.add_workflow("written", ("a", "band", ()), ("b", "some", ()))
    draft = pond.collector("d", pre_queue_workflow_id="written")
    ask = PostCollectorPreviewsRequest(user_app_id=KEPT, collector=draft)
    written = await pond.world.ok("alice", "PostCollectorPreviews", ask)
    for one in (found, written):
        one.ClearField("cost_us")
        one.ClearField("status")
    assert found == written
    assert found.taken > 80


async def test_node_by_node_whichever_coin_is_thrown_first(pond: Pond) -> None:
    await say(pond)
    found = await tried(
        pond,
        [node("a", model="band"), node("b", "a", model="some")],
        [BAND, SOME],
        pre_queue_random_sample=0.5,
    )
    own, band, some = found.nodes
    assert (own.node_id, own.operator, own.reached) == ("", "pre_queue_random_sample", 300)
    assert (band.node_id, band.operator, band.reached) == ("a", "prediction-score-filter", own.passed)
    assert (some.reached, some.passed) == (band.passed, found.taken)
    assert 25 < band.passed < own.passed / 3  # a quarter of them lies in the band
    assert found.traced == 300
    assert found.cost_us > 0


async def test_what_was_just_missed_is_told_with_the_gap(pond: Pond) -> None:
    await say(pond)
    found = await tried(pond, [node("a", model="band")], [BAND])
    gaps = [one.gap for one in found.just_missed]
    assert gaps == sorted(gaps)
    assert len(gaps) == 12
    assert 0 < gaps[-1] < 0.02
    nearest = found.just_missed[0]
    assert nearest.node_id == "a"
    assert "expected 0.3 to 0.5" in nearest.reason
    assert nearest.input.text.raw.startswith("cat=0.")
    wanted = operator("north", "metadata-filter", predicate={"field": "site", "op": "eq", "value": "north"})
    assert not (await tried(pond, [node("north")], [wanted])).just_missed  # there is no near to that


async def test_what_misses_a_band_is_not_said_to_have_lost_a_coin(pond: Pond) -> None:
    """Whether the coin is thrown before the band or behind it: it made no difference."""
    await say(pond)
    before = [node("a", model="some"), node("b", "a", model="band")]
    behind = [node("b", model="band"), node("a", "b", model="some")]
    for nodes in (before, behind):
        found = await tried(pond, nodes, [BAND, SOME], pre_queue_random_sample=0.5)
        assert found.skipped["sampled_out"] > 200  # as in the funnel: coins are thrown first
        assert any(map(in_band, found.left_out))
        assert any(note.startswith("At least ") and "no chance at all" in note for note in found.notes)
        stopped = {one.node_id: one.reason for one in found.left_out if not in_band(one)}
        assert list(stopped) == ["b"]
        assert stopped["b"].startswith("filtered: prediction-score-filter: max_prob 0.")
        for one in found.left_out:
            if in_band(one):
                assert one.node_id in ("", "a")
                assert one.reason.startswith("sampled out: ")
                assert "coin 0." in one.reason


async def test_beside_a_sampler_the_coin_decides_and_what_was_just_missed_names_the_band(pond: Pond) -> None:
    await say(pond)
    for nodes in (
        [node("a", model="some"), node("b", model="band")],
        [node("b", model="band"), node("a", model="some")],
    ):
        found = await tried(pond, nodes, [BAND, SOME])
        assert {one.node_id for one in found.left_out} == {"a"}
        assert all(one.reason.startswith("sampled out: random-sample: coin 0.") for one in found.left_out)
        assert {one.node_id for one in found.just_missed} == {"b"}
        assert all(one.reason.startswith("filtered: prediction-score-filter: ") for one in found.just_missed)


def in_band(one: PreviewExample) -> bool:
    return 0.3 <= one.output.concepts[0].value <= 0.5


async def test_what_an_estimate_could_say(pond: Pond) -> None:
    await say(pond)
    sampled = (await tried(pond, [node("some")], [SOME])).outlook
    assert sampled.inclusion_probability_low == sampled.inclusion_probability_high == pytest.approx(0.1)
    assert sampled.effective_items_per_day > 100
    assert 0.01 < sampled.accuracy_half_width < 0.06
    assert sampled.days_until_figure < 1
    banded = (await tried(pond, [node("band")], [BAND])).outlook
    assert banded.inclusion_probability_low == 1
    assert "never kept" in banded.refused
    assert not banded.HasField("accuracy_half_width")
    both = (await tried(pond, [node("band"), node("some")], [BAND, SOME])).outlook
    assert both.inclusion_probability_low == pytest.approx(0.1)
    assert both.inclusion_probability_high == 1
    assert 0 < both.effective_items_per_day < 0.9 * 24 * 300
    limit = operator("limit", "rate-limit", rate=0.01)
    assert "rate-limit" in (await tried(pond, [node("limit")], [limit])).outlook.refused


async def test_a_budget_says_how_much_of_it_would_be_used_and_when_it_is_full(pond: Pond) -> None:
    budget = operator("budget", "budget-sample", limit=20, period="hour")
    await say(pond)
    pond.world.clock.advance(1800)
    await say(pond)
    (found,) = (await tried(pond, [node("budget")], [budget])).budgets
    assert (found.node_id, found.limit, found.period) == ("budget", 20, "hour")
    assert found.used > 0
    rich = operator("budget", "budget-sample", limit=1_000_000)
    (found,) = (await tried(pond, [node("budget")], [rich])).budgets
    assert not found.HasField("full_at")


async def test_presets_can_be_tried_as_they_are_listed(pond: Pond) -> None:
    await say(pond)
    listed = await pond.world.ok(
        "alice", "ListCollectorPresets", ListCollectorPresetsRequest(user_app_id=KEPT, rate=0.2)
    )
    for preset in listed.presets:
        found = await tried(pond, list(preset.workflow.nodes), list(preset.operators))
        assert found.taken
        assert [one.node_id for one in found.nodes] == ["sampler", "dedup"]


async def test_a_draft_is_checked_as_it_would_be_when_it_is_written(pond: Pond) -> None:
    async def refused(code: int, nodes: list[WorkflowNode], *operators: Model) -> str:
        ask = request(pond, nodes, list(operators))
        return await pond.world.fails(code, "alice", "PostCollectorPreviews", ask)

    wrong = operator("band", "prediction-score-filter", score="max_prob", lo=0.9, hi=0.1)
    told = await refused(Code.MODEL_INVALID_ARGUMENT, [node("band")], wrong)
    assert "operators[0]" in told
    assert "lo" in told
    assert "no operator" in await refused(
        Code.CONN_INVALID_REQUEST, [node("m")], Model(id="m", model_type_id="text-classifier")
    )
    assert "'gone'" in await refused(WorkflowInvalid.code, [node("gone")])
    circle = [node("a", "b", model="band"), node("b", "a", model="some")]
    assert "circle" in await refused(WorkflowGraphInvalid.code, circle, BAND, SOME)
    assert "duplicate" in await refused(Code.CONN_INVALID_REQUEST, [node("some")], SOME, SOME)
