"""Concepts that become others, by the relations of the app."""

from collections.abc import Mapping

import pytest
from workflows.doors import concept, relations
from workflows.shapes import graph, info, model, output, view
from workflows.test_operators import DRAW

from bowerbird.workflows.operators import compile_operator
from bowerbird.workflows.plan import compile_plan
from bowerbird.workflows.relations import Graph

UP = {"alice/kept/cat": (concept("pet"),), "alice/kept/pet": (concept("animal"),)}
DOWN = {"alice/kept/pet": (concept("cat"),), "alice/kept/animal": (concept("pet"),)}
PUP = info(score="concept_prob", concept="pup")
NONE = Graph(
    synonym={
        "alice/kept/puppy": (concept("pup"), concept("dog", "zoo")),
        "alice/kept/hound": (concept("pup"),),
        "clarifai/main/bee": (concept("wasp"),),
    },
    hypernym=UP,
    hyponym=DOWN,
)
RELATED = relations(none=NONE, cars=Graph(synonym={"alice/kept/car": (concept("auto"),)}))


def mapped(values: Mapping[str, float], **parameters: object) -> list[tuple[str, float]]:
    step = compile_operator("concept-synonym-mapper", info(**parameters), RELATED)
    kept = step(view(output(values)), DRAW)
    return [] if kept is None else [(c.id, c.value) for c in kept.to_data().concepts]


@pytest.mark.parametrize(
    ("values", "parameters", "expected"),
    [
        ({"puppy": 0.5}, {}, [("pup", 0.5), ("dog", 0.5)]),
        ({"puppy": 0.25, "hound": 0.75}, {}, [("pup", 0.75), ("dog", 0.25)]),
        ({"puppy": 0.25, "horse": 0.75}, {}, [("pup", 0.25), ("dog", 0.25)]),
        ({"horse": 0.75}, {}, []),
        ({}, {}, []),
        ({"bee": 0.5}, {}, [("wasp", 0.5)]),
        ({"cat": 0.5}, {}, []),
        ({"cat": 0.5}, {"predicates": ["hypernym"]}, [("pet", 0.5), ("animal", 0.5)]),
        ({"animal": 0.5}, {"predicates": ["hyponym"]}, [("pet", 0.5), ("cat", 0.5)]),
        ({"car": 0.5}, {}, []),
        ({"car": 0.5}, {"knowledge_graph_id": "cars"}, [("auto", 0.5)]),
        ({"puppy": 0.5}, {"knowledge_graph_id": "boats"}, []),
    ],
)
def test_concepts_become_those_that_they_are_related_to(
    values: dict[str, float], parameters: dict[str, object], expected: list[tuple[str, float]]
) -> None:
    assert mapped(values, **parameters) == expected


def test_a_mapped_concept_is_that_of_its_app() -> None:
    step = compile_operator("concept-synonym-mapper", info(), RELATED)
    kept = step(view(output({"puppy": 0.5})), DRAW)
    assert kept is not None
    found = kept.to_data().concepts[1]
    assert (found.name, found.user_id, found.app_id) == ("Dog", "alice", "zoo")


def test_a_circle_of_hypernyms_ends() -> None:
    round_about = Graph(hypernym={"alice/kept/a": (concept("b"),), "alice/kept/b": (concept("a"),)})
    assert [target.id for target in round_about.all("alice/kept/a", "hypernym")] == ["b"]


def test_what_comes_after_the_mapper_sees_what_it_made() -> None:
    nodes = {
        "map": (model("concept-synonym-mapper", info()), []),
        "high": (model("concept-thresholder", info({"pup": 0.5})), ["map"]),
        "seen": (model("concept-thresholder", info({"puppy": 0.5})), []),
        "either": (
            model("prediction-score-filter", info(score="concept_prob", concept="pup")),
            ["high", "seen"],
        ),
    }
    plan = compile_plan(graph(nodes), "c", relations=RELATED)
    assert plan.decide(view(output({"puppy": 0.75}))).taken
    assert not plan.decide(view(output({"puppy": 0.25}))).taken
    assert not plan.decide(view(output({"horse": 0.75}))).taken
