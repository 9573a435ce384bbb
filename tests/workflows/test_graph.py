"""Graphs: what is refused, with what words, and what is understood without being said."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Workflow
from workflows.shapes import above, graph, info, model, sample, workflow

from bowerbird.errors import WorkflowGraphInvalid
from bowerbird.workflows.graph import Graph
from bowerbird.workflows.types import find_type

SAMPLE = sample(0.5)
CLASSIFIER = model("visual-classifier")
DETECTOR = model("visual-detector")
EMBEDDER = model("visual-embedder")
HEAD = model("embedding-classifier")
HIGH = above({"cat": 0.5})


def test_nodes_come_after_those_that_they_read_from() -> None:
    made = graph({"c": (SAMPLE, ["a", "b"]), "b": (SAMPLE, ["a"]), "a": (SAMPLE, []), "d": (SAMPLE, ["a"])})
    assert [node.id for node in made.nodes] == ["c", "b", "a", "d"]
    order = [node.id for node in made.order]
    assert order[0] == "a"
    assert order.index("b") < order.index("c")
    assert [node.id for node in made.roots] == ["a"]
    assert [node.id for node in made.terminals] == ["c", "d"]


def test_a_circle_is_named() -> None:
    with pytest.raises(
        WorkflowGraphInvalid, match=r"circle: (a -> b -> c -> a|b -> c -> a -> b|c -> a -> b -> c)"
    ):
        graph({"a": (SAMPLE, ["c"]), "b": (SAMPLE, ["a"]), "c": (SAMPLE, ["b"])})


def test_a_node_cannot_read_from_itself() -> None:
    with pytest.raises(WorkflowGraphInvalid, match="a -> a"):
        graph({"a": (SAMPLE, ["a"])})


def test_a_missing_source_is_named() -> None:
    with pytest.raises(WorkflowGraphInvalid, match="'a' reads from 'ghost'"):
        graph({"a": (SAMPLE, ["ghost"])})


@pytest.mark.parametrize("count", [0, 21])
def test_the_number_of_nodes_is_bounded(count: int) -> None:
    with pytest.raises(WorkflowGraphInvalid, match="1 to 20 nodes"):
        graph({f"n{place}": (SAMPLE, []) for place in range(count)})


@pytest.mark.parametrize("id", ["", "a b", "x" * 49, "ä", "a\n"])
def test_node_ids_are_checked(id: str) -> None:
    with pytest.raises(WorkflowGraphInvalid, match="node id"):
        graph({id: (SAMPLE, [])})


def test_node_ids_are_unique() -> None:
    twice = Workflow()
    for _ in range(2):
        twice.nodes.add(id="a").model.CopyFrom(SAMPLE)
    with pytest.raises(WorkflowGraphInvalid, match="two nodes are called 'a'"):
        Graph.of(twice, lambda model: find_type(model.model_type_id))


def test_fields_that_do_not_fit_are_named() -> None:
    says = r"'head' \(embedding-classifier\) takes embeddings, but 'look' gives concepts"
    with pytest.raises(WorkflowGraphInvalid, match=says):
        graph({"look": (CLASSIFIER, []), "head": (HEAD, ["look"])})


def test_fields_are_followed_through_nodes_that_pass_them_on() -> None:
    with pytest.raises(WorkflowGraphInvalid, match="'some' gives concepts"):
        graph({"look": (CLASSIFIER, []), "some": (SAMPLE, ["look"]), "head": (HEAD, ["some"])})
    graph({"some": (SAMPLE, []), "look": (CLASSIFIER, ["some"]), "high": (HIGH, ["look"])})


def test_one_of_several_sources_is_enough() -> None:
    graph({"look": (CLASSIFIER, []), "embed": (EMBEDDER, []), "head": (HEAD, ["look", "embed"])})


def test_what_is_inside_regions_fits_only_there() -> None:
    boxes = model("region-thresholder", info({"cat": 0.5}))
    graph({"find": (DETECTOR, []), "boxes": (boxes, ["find"])})
    with pytest.raises(WorkflowGraphInvalid, match="takes concepts, but 'find' gives regions"):
        graph({"find": (DETECTOR, []), "high": (HIGH, ["find"])})


def test_a_head_without_a_link_reads_from_the_embedder_before_it() -> None:
    made = graph({"embed": (EMBEDDER, []), "other": (EMBEDDER, []), "head": (HEAD, [])})
    assert made.nodes[2].inputs == ("other",)
    assert [node.id for node in made.terminals] == ["embed", "head"]


def test_an_embedder_after_the_head_is_not_linked() -> None:
    made = graph({"head": (HEAD, []), "embed": (EMBEDDER, [])})
    assert made.nodes[0].inputs == ()


def test_thresholders_side_by_side_are_alternatives() -> None:
    made = graph({"one": (HIGH, []), "other": (HIGH, [])})
    assert [node.inputs for node in made.nodes] == [(), ()]


def test_a_node_overrides_what_its_model_says() -> None:
    flow = workflow({"some": (sample(0.5, key="metadata.session"), []), "high": (HIGH, [])})
    flow.nodes[0].output_info_override.CopyFrom(info(keep_fraction=0.25))
    flow.nodes[1].output_info_override.CopyFrom(info({"dog": 0.75}))
    some, high = Graph.of(flow, lambda model: find_type(model.model_type_id)).nodes
    assert some.info == info(keep_fraction=0.25, key="metadata.session")
    assert [(c.id, c.value) for c in high.info.data.concepts] == [("dog", 0.75)]


def test_the_version_says_more_than_the_model() -> None:
    versioned = sample(0.5)
    versioned.model_version.output_info.CopyFrom(info(keep_fraction=0.75))
    assert graph({"some": (versioned, [])}).nodes[0].info == info(keep_fraction=0.75)


def test_a_model_of_images_takes_those_that_were_cut_out_and_answers_in_the_regions() -> None:
    novelty = model("novelty-filter")
    cut = {"detect": (DETECTOR, []), "crop": (model("image-crop"), ["detect"])}
    graph({**cut, "embed": (EMBEDDER, ["crop"]), "new": (novelty, ["embed"])})
    with pytest.raises(
        WorkflowGraphInvalid, match=r"'head' \(embedding-classifier\) takes embeddings, but 'crop'"
    ):
        graph({**cut, "head": (HEAD, ["crop"])})
    with pytest.raises(WorkflowGraphInvalid, match=r"but 'embed' gives regions\[\.\.\.\]\.data\.embeddings"):
        graph({**cut, "embed": (EMBEDDER, ["crop"]), "head": (HEAD, ["embed"])})
