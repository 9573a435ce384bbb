"""Whether a collector gives every prediction a chance, and what its exploration coin drew."""

from collections.abc import Sequence

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Model
from workflows.shapes import above, graph, info, model, output, sample, view

from bowerbird.collect.reach import explored, unreached
from bowerbird.workflows.plan import Plan, compile_plan

Nodes = dict[str, tuple[Model, Sequence[str]]]
CAT = above({"cat": 0.5})
DEDUP = model("dedup", info(method="exact"))
NO_FLOOR = model("weighted-sample", info(rho=0.1, eta=0.0))
WEIGHTED = model("weighted-sample", info(rho=0.1))
BUDGET = model("budget-sample", info(limit=10.0))
SPARED = model("stratified-sample", info(shares={"cat": 0.0}, default_share=0.5))
STRATA = model("stratified-sample", info(shares={"cat": 1.0}, default_share=0.5))


def plan(nodes: Nodes | None, fraction: float = 1.0) -> Plan:
    return compile_plan(graph(nodes) if nodes else None, "c", fraction)


REACHING: dict[str, Nodes | None] = {
    "a share of all": None,
    "a coin": {"a": (sample(0.1), [])},
    "a coin beside a filter": {"cat": (CAT, []), "a": (sample(0.1), [])},
    "weights with a floor": {"a": (WEIGHTED, [])},
    "strata that all have a share": {"a": (STRATA, [])},
    "a budget behind a coin": {"a": (sample(0.1), []), "b": (BUDGET, ["a"])},
    "a coin for each session": {"a": (sample(0.1, key="metadata.session"), [])},
    "dedup behind weights": {"a": (WEIGHTED, []), "d": (DEDUP, ["a"])},
    "dedup behind a coin beside a filter": {
        "cat": (CAT, []),
        "a": (sample(0.1), []),
        "d": (DEDUP, ["cat", "a"]),
    },
    "dedup of everything": {"d": (DEDUP, [])},
}
BLIND: dict[str, tuple[Nodes, str]] = {
    "a filter": ({"cat": (CAT, [])}, "'cat'"),
    "a filter behind a coin": ({"a": (sample(0.1), []), "cat": (CAT, ["a"])}, "'cat'"),
    "a filter before weights": ({"cat": (CAT, []), "a": (WEIGHTED, ["cat"])}, "'cat'"),
    "weights without a floor": ({"a": (NO_FLOOR, [])}, "'a'"),
    "a stratum without a share": ({"a": (SPARED, [])}, "'a'"),
    "a coin that never falls": ({"cat": (CAT, []), "a": (sample(0.0), [])}, "'cat'"),
    "only a coin that never falls": ({"a": (sample(0.0), [])}, "chance 0"),
    "dedup before weights": ({"d": (DEDUP, []), "a": (WEIGHTED, ["d"])}, "dedup"),
    "dedup of one part": ({"cat": (CAT, []), "d": (DEDUP, ["cat"]), "a": (sample(0.1), [])}, "dedup"),
}


@pytest.mark.parametrize("nodes", REACHING.values(), ids=REACHING)
def test_a_way_of_samplers_gives_every_prediction_a_chance(nodes: Nodes | None) -> None:
    assert unreached(plan(nodes, 0.5 if nodes is None else 1.0)) == ""


@pytest.mark.parametrize(("nodes", "said"), BLIND.values(), ids=BLIND)
def test_without_one_some_have_none_and_the_node_is_named(nodes: Nodes, said: str) -> None:
    assert said in unreached(plan(nodes))


def test_what_a_post_queue_workflow_drops_is_never_kept() -> None:
    assert "post-queue" in unreached(plan(None, 0.5), has_post_queue=True)


def test_the_exploration_coin_can_be_thrown_again() -> None:
    one = plan({"cat": (CAT, []), "a": (sample(0.25), [])})
    is_explored = explored(one)
    assert is_explored is not None
    keys = [f"r{n}:0" for n in range(4000)]
    drawn = {key for key in keys if is_explored(key)}
    assert drawn == {key for key in keys if one.decide(view(output({"dog": 1.0}), key=key)).taken}
    assert 0.2 < len(drawn) / len(keys) < 0.3


@pytest.mark.parametrize("nodes", [{"a": (sample(0.1), [])}, {"a": (WEIGHTED, [])}, {"cat": (CAT, [])}])
def test_a_coin_is_exploration_only_beside_rules(nodes: Nodes) -> None:
    assert explored(plan(nodes)) is None
