"""Operators that compare an embedding with those that the app holds."""

import asyncio

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data, OutputInfo
from workflows.doors import Held, outside
from workflows.shapes import info, view
from workflows.test_operators import DRAW

from bowerbird.workflows.operators import compile_operator
from bowerbird.workflows.view import View

HELD = Held(
    {1: [1, 0], 2: [1, 0.1], 3: [0, 1], 4: [0.1, 1], 5: [1, 0.05]},
    {1: ["cat"], 2: ["cat", "tabby"], 3: ["dog"], 4: ["dog"]},
)


def embedded(*vectors: tuple[float, ...]) -> Data:
    """The first of the whole, the others of regions."""
    data = Data()
    data.embeddings.add(vector=vectors[0])
    for n, vector in enumerate(vectors[1:]):
        data.regions.add(id=f"r{n}").data.embeddings.add(vector=vector)
    return data


def judged(type_id: str, parameters: OutputInfo, data: Data, held: Held = HELD) -> View | None:
    async def work() -> View | None:
        return await compile_operator(type_id, parameters, outside=outside(held))(view(data), DRAW)

    return asyncio.run(work())


def told(data: Data, **parameters: object) -> list[tuple[str, str, float]]:
    kept = judged("knn-concept", info(**parameters), data)
    return [] if kept is None else [(c.id, c.name, round(c.value, 3)) for c in kept.to_data().concepts]


def test_labelled_neighbours_vote() -> None:
    assert told(embedded((1, 0)), k=2) == [("cat", "Cat", 1.0), ("tabby", "Tabby", 0.5)]
    assert told(embedded((0, 1)), k=2) == [("dog", "Dog", 1.0)]
    assert told(embedded((1, 0)), k=4)[:2] == [("cat", "Cat", 0.5), ("dog", "Dog", 0.5)]


def test_neighbours_that_are_too_far_do_not_vote() -> None:
    assert told(embedded((1, 0)), k=4, min_similarity=0.9)[0] == ("cat", "Cat", 1.0)
    assert told(embedded((-1, 0)), min_similarity=0.9) == []


def test_only_the_concepts_asked_for_are_told() -> None:
    kept = judged("knn-concept", info({"tabby": 0}, k=2), embedded((1, 0)))
    assert kept is not None
    assert [c.id for c in kept.to_data().concepts] == ["tabby"]


def test_each_region_has_an_answer_of_its_own() -> None:
    kept = judged("knn-concept", info(k=1), embedded((1, 0), (0, 1)))
    assert kept is not None
    (region,) = kept.to_data().regions
    assert [c.id for c in region.data.concepts] == ["dog"]


@pytest.mark.parametrize(
    ("vector", "kept"), [((1.0, 0.0), False), ((-1.0, -1.0), True), ((1.0, 1.0), True), ((0.0, 1.0), False)]
)
def test_what_is_near_to_what_the_app_holds_is_no_news(vector: tuple[float, float], kept: bool) -> None:
    assert (judged("novelty-filter", info(k=1), embedded(vector)) is not None) is kept


def test_the_mean_of_several_distances_counts() -> None:
    assert judged("novelty-filter", info(k=1, threshold=0.2), embedded((1, 0))) is None
    assert judged("novelty-filter", info(k=5, threshold=0.2), embedded((1, 0))) is not None


def test_what_cannot_be_compared_is_kept() -> None:
    assert judged("novelty-filter", info(threshold=2), Data()) is not None
    assert judged("novelty-filter", info(threshold=2), embedded((1, 0)), Held()) is not None


def test_regions_are_judged_one_by_one_when_the_whole_has_no_embedding() -> None:
    data = embedded((1, 0), (1, 0), (-1, -1), (0, 1))
    del data.embeddings[:]
    kept = judged("novelty-filter", info(k=1), data)
    assert kept is not None
    assert [one.id for one in kept.to_data().regions] == ["r1"]
    del data.regions[1]
    assert judged("novelty-filter", info(k=1), data) is None
