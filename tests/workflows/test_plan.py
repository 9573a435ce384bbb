"""Plans: decisions about predictions, and why."""

from collections.abc import Callable, Sequence

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Model
from hypothesis import given
from hypothesis import strategies as st
from workflows.shapes import above, graph, info, model, output, sample, view, workflow

from bowerbird.errors import ModelInvalid, OutOfRange, WorkflowInvalid
from bowerbird.workflows.draws import Draw, HashedDraw
from bowerbird.workflows.graph import Graph
from bowerbird.workflows.operators import Operator, Step, operator, operators
from bowerbird.workflows.plan import Plan, _stops, compile_plan, judge
from bowerbird.workflows.state import State
from bowerbird.workflows.view import View

KEYS = [f"request-{number}:0" for number in range(2000)]
SEEN = output({"cat": 0.75, "dog": 0.25})
CAT, DOG = above({"cat": 0.5}), above({"dog": 0.5})


def plan(nodes: dict[str, tuple[Model, Sequence[str]]], fraction: float = 1.0) -> Plan:
    return compile_plan(graph(nodes), "collector", fraction)


def reason(of: Plan, key: str = "k") -> str:
    return of.decide(view(SEEN, key=key)).reason


def taken(of: Plan) -> set[str]:
    return {key for key in KEYS if of.decide(view(SEEN, key=key)).taken}


def test_without_a_workflow_the_fraction_decides() -> None:
    assert reason(compile_plan(None, "collector")) == "taken"
    assert 115 < len(taken(compile_plan(None, "collector", 0.08))) < 210


def test_a_thresholder_decides() -> None:
    assert reason(plan({"cat": (CAT, [])})) == "taken"
    assert reason(plan({"dog": (DOG, [])})) == "filtered"


def test_a_chain_is_an_and() -> None:
    assert reason(plan({"cat": (CAT, []), "dog": (DOG, ["cat"])})) == "filtered"
    assert reason(plan({"cat": (CAT, []), "again": (CAT, ["cat"])})) == "taken"


def test_two_ends_are_an_or() -> None:
    assert reason(plan({"cat": (CAT, []), "dog": (DOG, [])})) == "taken"
    assert reason(plan({"dog": (DOG, []), "same": (DOG, [])})) == "filtered"


def test_a_sampler_says_that_it_was_a_sampler() -> None:
    assert reason(plan({"none": (sample(0.0), [])})) == "sampled_out"
    assert reason(plan({"cat": (CAT, []), "none": (sample(0.0), ["cat"])})) == "sampled_out"
    assert reason(plan({"dog": (DOG, []), "none": (sample(0.0), [])})) == "sampled_out"


def test_coins_of_collector_and_workflow_are_independent() -> None:
    both = taken(plan({"half": (sample(0.5), [])}, 0.5))
    assert 400 < len(both) < 600
    assert both < taken(plan({"half": (sample(0.5), [])}))
    assert both < taken(compile_plan(None, "collector", 0.5))


def test_raising_a_share_keeps_the_earlier_sample() -> None:
    assert taken(plan({"some": (sample(0.2), [])})) < taken(plan({"some": (sample(0.4), [])}))


def test_a_thinned_plan_takes_a_part_of_the_sample() -> None:
    whole = plan({"half": (sample(0.5), [])}, 0.8)
    thin = taken(whole.thinned(0.5))
    assert thin < taken(whole)
    assert 320 < len(thin) < 480
    assert taken(whole.thinned(0.0)) == set()


@pytest.mark.parametrize("factor", [-0.1, 1.1, float("nan")])
def test_a_factor_is_a_share(factor: float) -> None:
    with pytest.raises(OutOfRange, match="factor"):
        compile_plan(None, "collector").thinned(factor)


@pytest.mark.parametrize("fraction", [0.0, -0.5, 1.5, float("nan")])
def test_a_fraction_is_a_share(fraction: float) -> None:
    with pytest.raises(OutOfRange, match="pre_queue_random_sample"):
        compile_plan(None, "collector", fraction)


def test_what_needs_a_runtime_is_refused_with_the_reason() -> None:
    with pytest.raises(WorkflowInvalid, match=r"'look': a visual-classifier needs more .* post-queue"):
        plan({"look": (model("visual-classifier"), [])})


def test_wrong_parameters_are_found_when_compiling() -> None:
    with pytest.raises(ModelInvalid, match="keep_fraction"):
        plan({"some": (sample(3.0), [])})


def test_more_samplers_than_can_be_enumerated_are_refused() -> None:
    plan({f"s{n}": (sample(0.5), []) for n in range(8)})
    with pytest.raises(WorkflowInvalid, match=r"at most 8 samplers.*there are 9: s0"):
        plan({f"s{n}": (sample(0.5), []) for n in range(9)})


def test_an_operator_that_raises_is_an_error_of_its_node(install: Callable[[object], None]) -> None:
    @operator("broken", title="Broken", kind="filter")
    def broken() -> Step:
        """Always fails."""

        def step(seen: View, draw: Draw) -> View | None:
            raise KeyError("gone")

        return step

    install(broken)
    alone: dict[str, tuple[Model, list[str]]] = {"bad": (model("broken"), [])}
    for nodes in (alone, {"cat": (CAT, []), "bad": (model("broken"), ["cat"])}):
        flow = Graph.of(workflow(nodes), lambda model: operators_by_id()[model.model_type_id].describe())
        decision = compile_plan(flow, "collector").decide(view(SEEN))
        assert (decision.taken, decision.reason) == (False, "error")
        assert decision.details == "bad: KeyError('gone')"


def operators_by_id() -> dict[str, Operator]:
    return {one.id: one for one in operators()}


NODES = st.sampled_from([CAT, DOG, sample(0.5), sample(0.8), above({"cat": 0.1, "dog": 0.1})])


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, tuple[Model, list[str]]]:
    """Up to seven nodes, each reading from any of those before it."""
    nodes: dict[str, tuple[Model, list[str]]] = {}
    for place in range(draw(st.integers(1, 7))):
        sources = draw(st.lists(st.sampled_from(sorted(nodes)), unique=True)) if nodes else []
        nodes[f"n{place}"] = (draw(NODES), sources)
    return nodes


@given(graphs(), st.text(max_size=3))
def test_throwing_coins_first_changes_no_decision(
    nodes: dict[str, tuple[Model, list[str]]], key: str
) -> None:
    flow = graph(nodes)
    stops = _stops(flow, "collector")
    seen = view(SEEN, key=key)
    naive = judge(stops, seen, [HashedDraw("collector", node.id) for node in flow.order])
    assert compile_plan(flow, "collector").decide(seen).taken == naive.taken


def test_of_several_reasons_a_lost_coin_counts_most() -> None:
    held = model("budget-sample", info(limit=5))
    state = State(shares_budgets=True)  # and nobody supplies it
    flows: list[tuple[dict[str, tuple[Model, list[str]]], str]] = [
        ({"dog": (DOG, []), "held": (held, [])}, "budget"),
        ({"held": (held, []), "none": (sample(0.0, key="metadata.x"), []), "dog": (DOG, [])}, "sampled_out"),
    ]
    for nodes, expected in flows:
        assert reason(compile_plan(graph(nodes), "collector", state=state)) == expected


def test_a_step_that_cannot_learn_is_an_error_of_its_node(install: Callable[[object], None]) -> None:
    class Forgetful:
        def __call__(self, seen: View, draw: Draw) -> View | None:
            return seen

        def learn(self, seen: View, taken: bool) -> None:
            raise KeyError("gone")

    @operator("forgetful", title="Forgetful", kind="filter")
    def forgetful() -> Step:
        """Keeps everything, and remembers nothing."""
        return Forgetful()

    install(forgetful)
    nodes: dict[str, tuple[Model, list[str]]] = {"bad": (model("forgetful"), [])}
    flow = Graph.of(workflow(nodes), lambda model: operators_by_id()[model.model_type_id].describe())
    assert compile_plan(flow, "collector").decide(view(SEEN)).details == "bad: KeyError('gone')"
