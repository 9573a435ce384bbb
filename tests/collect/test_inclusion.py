"""Inclusion probabilities, by hand and against the coins themselves."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Model
from workflows.shapes import above, graph, output, sample, view

from bowerbird.collect.inclusion import inclusion
from bowerbird.workflows.plan import Plan, compile_plan
from bowerbird.workflows.view import View

Nodes = dict[str, tuple[Model, Sequence[str]]]
DRAWS = 100_000
SEEN = output({"cat": 0.75, "dog": 0.25})
CAT, DOG = above({"cat": 0.5}), above({"dog": 0.5})


def pi(nodes: Nodes, fraction: float = 1.0) -> float | None:
    return inclusion(compile_plan(graph(nodes), "collector", fraction), view(SEEN))


def test_a_collectors_fraction_is_its_probability() -> None:
    assert inclusion(compile_plan(None, "collector", 0.25), view(SEEN)) == 0.25


def test_a_filter_is_certain() -> None:
    assert pi({"cat": (CAT, [])}) == 1
    assert pi({"dog": (DOG, [])}) == 0


def test_coins_in_a_row_multiply() -> None:
    assert pi({"a": (sample(0.5), []), "cat": (CAT, ["a"]), "b": (sample(0.25), ["cat"])}, 0.5) == 0.0625


def test_coins_side_by_side_are_alternatives() -> None:
    assert pi({"a": (sample(0.5), []), "b": (sample(0.25), [])}) == 1 - 0.5 * 0.75


def test_a_share_of_everything_beside_a_filter_is_one_for_what_the_filter_keeps() -> None:
    assert pi({"a": (sample(0.125), []), "cat": (CAT, [])}) == 1
    assert pi({"a": (sample(0.125), []), "dog": (DOG, [])}) == 0.125


def test_a_coin_behind_two_others_is_thrown_once() -> None:
    nodes: Nodes = {"a": (sample(0.5), []), "b": (sample(0.5), []), "c": (sample(0.5), ["a", "b"])}
    assert pi(nodes) == 0.375


def test_thinning_multiplies() -> None:
    plan = compile_plan(graph({"a": (sample(0.5), [])}), "collector", 0.5)
    assert inclusion(plan.thinned(0.5), view(SEEN)) == 0.125


def test_a_sampler_that_cannot_tell_makes_it_unknown() -> None:
    plan = compile_plan(graph({"a": (CAT, [])}), "collector")
    stop = plan.stops[0]
    blind = replace(plan, stops=(replace(stop, operator=replace(stop.operator, kind="blind-sampler")),))
    assert inclusion(blind, view(SEEN)) is None


def test_a_session_has_the_probability_of_its_coin() -> None:
    assert pi({"a": (sample(0.25, key="metadata.session"), [])}) == 0.25


def random_nodes(rng: random.Random) -> Nodes:
    """Four to nine nodes, each reading from up to three before it."""
    nodes: Nodes = {}
    for place in range(rng.randint(4, 9)):
        kind = rng.choice([sample(rng.uniform(0.2, 0.9))] * 3 + [CAT, above({"cat": 0.1, "dog": 0.1})])
        count = rng.randint(0, min(3, len(nodes)))
        nodes[f"n{place}"] = (kind, rng.sample(sorted(nodes), count))
    return nodes


def with_few_samplers(rng: random.Random) -> Nodes:
    while True:
        nodes = random_nodes(rng)
        if sum(model.model_type_id == "random-sample" for model, _ in nodes.values()) <= 8:
            return nodes


def share(plan: Plan, rng: random.Random) -> float:
    seen: View = view(SEEN)
    taken = 0
    for _ in range(DRAWS):
        seen.digest = rng.getrandbits(64)
        taken += plan.decide(seen).taken
    return taken / DRAWS


@pytest.mark.parametrize("seed", range(8))
def test_the_coins_fall_as_often_as_the_probability_says(seed: int) -> None:
    rng = random.Random(seed)
    plan = compile_plan(graph(with_few_samplers(rng)), f"collector-{seed}", rng.uniform(0.5, 1))
    expected = inclusion(plan, view(SEEN))
    assert expected is not None
    deviation = math.sqrt(expected * (1 - expected) / DRAWS)
    assert abs(share(plan, rng) - expected) <= 5 * deviation + 1e-12
