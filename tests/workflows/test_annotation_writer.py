"""The operator annotation-writer: what it would write."""

from clarifai_grpc.grpc.api.resources_pb2 import Annotation, Data
from workflows.doors import rich
from workflows.shapes import info, output

from bowerbird.workflows.operators import compile_operator
from bowerbird.workflows.operators.annotation_writer import Writer
from bowerbird.workflows.plain import plain_struct


def written(data: Data, node: str = "w", **parameters: object) -> list[Annotation]:
    step = compile_operator("annotation-writer", info(**parameters))
    assert isinstance(step, Writer)
    return list(step.annotations("i1", node, "alice", data))


def test_the_whole_and_each_region_are_annotations() -> None:
    whole, *regions = written(output({"a": 0.5}, [{"b": 0.5}, {"c": 0.5}]))
    assert [c.id for c in whole.data.concepts] == ["a"]
    assert [a.data.regions[0].data.concepts[0].id for a in regions] == ["b", "c"]
    assert {(a.input_id, a.user_id, a.worker.user.id) for a in (whole, *regions)} == {
        ("i1", "alice", "alice")
    }


def test_of_nothing_nothing_is_written() -> None:
    assert written(Data()) == []


def test_status_user_task_and_info_are_as_told() -> None:
    (one,) = written(
        output({"a": 0.5}),
        annotation_status="ANNOTATION_AWAITING_REVIEW",
        annotation_user_id="bob",
        task_id="t1",
        annotation_info={"why": "auto"},
    )
    assert (one.status.code, one.user_id, one.task_id) == (24157, "bob", "t1")
    assert plain_struct(one.annotation_info) == {"why": "auto"}


def test_the_task_of_the_info_goes_before() -> None:
    (one,) = written(output({"a": 0.5}), task_id="t1", annotation_info={"task_id": "t2"})
    assert one.task_id == "t2"


def test_what_an_input_is_is_not_said_of_it() -> None:
    whole, *_ = written(rich())
    assert not whole.data.HasField("image")
    assert not whole.data.embeddings
    assert whole.data.concepts


def test_writing_again_has_the_same_ids() -> None:
    data = output({"a": 0.5}, [{"b": 0.5}])
    ids = [a.id for a in written(data)]
    assert ids == [a.id for a in written(data)]
    assert len({*ids, *(a.id for a in written(data, node="other"))}) == 4
