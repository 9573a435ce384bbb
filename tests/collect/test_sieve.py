"""What coins and concepts tell of many predictions at once is what a plan says of each."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Model
from hypothesis import given, settings
from hypothesis import strategies as st
from workflows.shapes import above, graph, info, model, output, sample, view

from bowerbird.collect.blocks import Block, Brief
from bowerbird.collect.sieve import can_sift, sift
from bowerbird.collect.taking import request_key
from bowerbird.workflows.comparators import Comparator
from bowerbird.workflows.plan import Plan, compile_plan
from bowerbird.workflows.view import View

CONCEPTS = ("cat", "dog", "owl")
Nodes = Mapping[str, tuple[Model, Sequence[str]]]
values = st.floats(0, 1, width=32) | st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
predictions = st.lists(st.dictionaries(st.sampled_from(CONCEPTS), values), min_size=1, max_size=30)
SCORES = ("max_prob", "min_prob", "least_confidence", "margin", "ratio", "entropy", "binary_entropy")
OF_ONE = ("concept_prob", "close_to_threshold")
UNSURE = {"score": "margin", "lo": 0.7, "hi": 1.0}
ORDERS = (  # each node with those that it reads from, as places before it
    [[]],
    [[], []],
    [[], [0]],
    [[], [], [0, 1]],
    [[], [0], [0]],
    [[], [0], [], [1, 2]],
)


@st.composite
def bands(draw: st.DrawFn) -> Model:
    lo, hi = sorted(draw(st.tuples(values, values)))
    score = draw(st.sampled_from([*SCORES, *OF_ONE, "concept_in"]))
    more: dict[str, object] = {"concept": draw(st.sampled_from(CONCEPTS))} if score in OF_ONE else {}
    if score == "concept_in":
        more = {"concepts": list(draw(st.sets(st.sampled_from(CONCEPTS), min_size=1)))}
    return model("prediction-score-filter", info(score=score, lo=lo, hi=hi, **more))


@st.composite
def thresholders(draw: st.DrawFn) -> Model:
    limits = draw(st.dictionaries(st.sampled_from(CONCEPTS), values, min_size=1))
    kind = int(draw(st.sampled_from(Comparator)))
    keeps = draw(st.booleans())
    return model(
        "concept-thresholder", info(limits, concept_threshold_type=kind, filter_other_concepts=keeps)
    )


operators = (
    bands()
    | thresholders()
    | st.sampled_from([0.0, 0.3, 0.7, 1.0]).map(sample)
    | st.sampled_from(
        [
            model("dedup", info()),
            model("budget-sample", info(limit=3, period="hour")),
            model("weighted-sample", info(rho=0.3)),
            model("stratified-sample", info(shares={"cat": 0.4}, default_share=0.1)),
            model("rate-limit", info(rate=0.2)),
            model("caller-filter", info(allow=["alice"])),
            model("metadata-filter", info(predicate={"field": "site", "op": "exists"})),
        ]
    )
)


@st.composite
def plans(draw: st.DrawFn) -> tuple[Nodes, str, float]:
    order = draw(st.sampled_from(ORDERS))
    names = "abcd"
    nodes = {
        names[n]: (draw(operators), [names[source] for source in sources]) for n, sources in enumerate(order)
    }
    return nodes, f"alice/kept/{draw(st.integers(0, 99))}", draw(st.sampled_from([0.5, 1.0]))


def views_of(concepts: Sequence[Mapping[str, float]]) -> list[View]:
    return [view(output(one), key=request_key(f"r{n}", 0)) for n, one in enumerate(concepts)]


def block_of(views: Sequence[View]) -> Block:
    rows = []
    for n, seen in enumerate(views):
        packed = np.array(list(seen.values.values()), np.float32).tobytes()
        rows.append(Brief(n, float(n), 0, f"r{n}", "alice", "v", "\n".join(seen.values), packed, True, n))
    return Block.of(0, rows)


@settings(max_examples=400)
@given(plans(), predictions)
def test_the_plan_would_have_said_the_same(
    made: tuple[Nodes, str, float], concepts: Sequence[Mapping[str, float]]
) -> None:
    nodes, salt, fraction = made
    whole, part = (compile_plan(graph(nodes), salt, fraction) for _ in range(2))  # each remembers for itself
    views = views_of(concepts)
    expected = [whole.decide(seen).reason for seen in views]
    found = sift(part, block_of(views))
    for seen, reason, is_open, is_lost in zip(
        views_of(concepts), expected, found.open, found.lost, strict=True
    ):
        if is_open:
            assert part.decide(seen).reason == reason
        else:
            assert reason == ("sampled_out" if is_lost else "filtered")


def sifted(nodes: Nodes, fraction: float = 1.0) -> tuple[Plan, int, int]:
    """A plan; of 1,000 predictions, how many are open to it, and how many it takes."""
    chances = np.random.default_rng(3).dirichlet(np.full(3, 0.3), 1000)
    views = views_of([dict(zip(CONCEPTS, map(float, row), strict=True)) for row in chances])
    plan = compile_plan(graph(nodes), "alice/kept/1", fraction)
    is_open = sift(plan, block_of(views)).open
    return plan, int(is_open.sum()), sum(plan.decide(seen).taken for seen in views)


UNSURE_ONES = model("prediction-score-filter", info(**UNSURE))


@pytest.mark.parametrize(
    "nodes",
    [
        {"a": (UNSURE_ONES, [])},
        {"a": (UNSURE_ONES, []), "b": (sample(0.05), []), "c": (model("dedup", info()), ["a", "b"])},
        {"a": (UNSURE_ONES, []), "b": (above({"owl": 0.6}), ["a"])},
        {"a": (above({"owl": 0.3}), []), "b": (sample(0.2), ["a"])},
    ],
)
def test_only_those_are_open_that_may_be_taken(nodes: Nodes) -> None:
    plan, opened, taken = sifted(nodes)
    assert can_sift(plan)
    assert 0 < taken <= opened < 1.3 * taken + 5


@pytest.mark.parametrize(
    "first",
    [model("budget-sample", info(limit=3, period="hour")), model("weighted-sample", info(rho=0.3))],
)
def test_what_comes_to_a_step_that_learns_is_open(first: Model) -> None:
    plan, opened, _ = sifted({"a": (first, []), "b": (UNSURE_ONES, ["a"])})
    assert not can_sift(plan)
    assert opened == 1000
    assert sifted({"a": (UNSURE_ONES, []), "b": (first, ["a"])})[1] < 400
