"""weighted-sample: the more uncertain, the likelier; the chance known, and fixed before the coin."""

import random
from collections.abc import Iterator

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Model
from workflows.calibration import assert_calibrated, fates, views
from workflows.shapes import above, graph, info, model, output, sample, view

from bowerbird.collect.inclusion import inclusion
from bowerbird.errors import ModelInvalid
from bowerbird.workflows.operators import compile_operator
from bowerbird.workflows.plan import Plan, compile_plan
from bowerbird.workflows.state import State
from bowerbird.workflows.view import View

BY_CAT = {"score": "concept_prob", "concept": "cat"}


def weighted(**params: object) -> Model:
    return model("weighted-sample", info(**{"rho": 0.1, **params}))


def plan_of(*, state: State | None = None, **params: object) -> Plan:
    return compile_plan(graph({"w": (weighted(**params), [])}), "collector", state=state)


def cat(value: float, key: str = "k") -> View:
    return view(output({"cat": value}), key=key)


def decided(plan: Plan, value: float, key: str = "k") -> float | None:
    """The inclusion probability of what was decided on."""
    seen = cat(value, key)
    plan.decide(seen)
    return inclusion(plan, seen)


def test_the_first_has_the_mean_chance() -> None:
    assert decided(plan_of(**BY_CAT), 0.5) == 0.1


def test_the_chance_is_the_weight_over_the_mean_weight_of_those_before() -> None:
    plan = plan_of(**BY_CAT)
    decided(plan, 0.5)  # weight 0.25
    assert decided(plan, 0.75) == pytest.approx(0.1 * 0.5625 / 0.25)
    assert decided(plan, 0.625) == pytest.approx(0.1 * 0.390625 / ((0.25 + 0.5625) / 2))


def test_the_chance_has_a_floor_and_a_ceiling() -> None:
    plan = plan_of(**BY_CAT)
    decided(plan, 0.25)
    assert decided(plan, 0.0) == 0.1 / 4
    assert decided(plan_of(**BY_CAT, eta=0.03), 0.0) == 0.1
    for _ in range(100):
        decided(plan, 0.01)
    assert decided(plan, 1.0) == 1


def test_what_has_no_score_has_the_least_chance() -> None:
    plan = plan_of(score="text_length")
    plan.decide(view())
    seen = view()
    plan.decide(seen)
    assert inclusion(plan, seen) == 0.025


def test_nearness_to_a_threshold_counts_as_it_should() -> None:
    plan = plan_of(score="close_to_threshold", concept="cat", threshold=0.5, gamma=1)
    decided(plan, 0.5)  # weight 1
    assert decided(plan, 1.0) == pytest.approx(0.05)


def test_the_probability_does_not_change_when_the_mean_does() -> None:
    plan = plan_of(**BY_CAT)
    decided(plan, 0.5)
    seen = cat(0.75)
    plan.decide(seen)
    before = inclusion(plan, seen)
    for _ in range(50):
        decided(plan, 1.0)
    assert inclusion(plan, seen) == before


def test_working_out_a_probability_teaches_nothing() -> None:
    taught, asked = plan_of(**BY_CAT), plan_of(**BY_CAT)
    for plan in (taught, asked):
        decided(plan, 0.5)
    for _ in range(10):
        inclusion(asked, cat(1.0))
    assert decided(asked, 0.5) == decided(taught, 0.5)


def test_the_mean_fades() -> None:
    plan = plan_of(**BY_CAT)
    for value in (1.0, 0.5):
        for _ in range(8000):
            decided(plan, value)
    assert decided(plan, 0.5) == pytest.approx(0.1, rel=0.01)


def test_what_was_learnt_survives_a_new_plan_of_the_same_parameters_only() -> None:
    state = State()
    old = plan_of(state=state, **BY_CAT)
    decided(old, 0.5)
    new, other = plan_of(state=state, **BY_CAT), plan_of(state=state, **BY_CAT, gamma=3)
    assert decided(new, 0.75) == pytest.approx(0.225)
    assert decided(other, 0.75) == 0.1
    del old, new
    assert decided(plan_of(state=state, **BY_CAT), 0.75) == 0.1  # nobody used it any more


def test_collectors_learn_by_themselves() -> None:
    state = State()
    flow = graph({"w": (weighted(**BY_CAT), [])})
    one, other = compile_plan(flow, "one", state=state), compile_plan(flow, "other", state=state)
    decided(one, 0.5)
    assert decided(other, 0.75) == 0.1


def doubts(rng: random.Random) -> Iterator[View]:
    """Outputs of two concepts, mostly sure."""
    levels = [view(output({"cat": 1 - x / 200, "dog": x / 200})) for x in range(101)]
    return views(rng, lambda: levels[int(100 * rng.betavariate(0.6, 2.5))])


def test_what_is_taken_is_as_often_as_its_probability_says() -> None:
    rng = random.Random(2)
    found = assert_calibrated(fates(plan_of(), doubts(rng)))
    assert 0.09 < sum(p for p, _ in found) / len(found) < 0.115
    assert sum(1 / p for p, taken in found if taken) == pytest.approx(len(found), rel=0.05)


def test_so_it_is_among_other_coins_and_filters() -> None:
    rng = random.Random(3)
    nodes = {
        "some": (sample(0.5), []),
        "cats": (above({"cat": 0.7}), []),
        "w": (weighted(rho=0.3), ["some", "cats"]),
        "explore": (sample(0.05), []),
    }
    assert_calibrated(fates(compile_plan(graph(nodes), "c", 0.8), doubts(rng), 10_000))


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"rho": 0}, "rho: expected a number above 0"),
        ({"gamma": 11}, "gamma: expected a number from 0 to 10"),
        ({"score": "concept_prob"}, "concept: expected the id of a concept"),
        ({"score": "concept_in"}, "concepts: expected at least one"),
        ({"score": "text_has"}, "phrases: expected at least one"),
        ({"key": "camera"}, "key: expected request"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(params: dict[str, object], says: str) -> None:
    with pytest.raises(ModelInvalid, match=f"output_info.params.{says}"):
        compile_operator("weighted-sample", info(**{"rho": 0.1, **params}))
