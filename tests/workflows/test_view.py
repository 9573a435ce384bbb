"""Views: what operators see, and the data that is left of it."""

import operator

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data
from workflows.shapes import asked, output, view

from bowerbird.workflows.view import Region, union


def test_a_view_that_nobody_changed_gives_the_output_itself() -> None:
    data = output({"cat": 0.9})
    assert view(data).to_data() is data


def test_fields_are_read_once() -> None:
    seen = view(output({"cat": 0.5, "dog": 0.25}))
    assert seen.values == {"cat": 0.5, "dog": 0.25}
    assert seen.values is seen.values
    assert seen.names == {"cat": "Cat", "dog": "Dog"}


def test_concepts_without_an_id_go_by_their_names() -> None:
    data = Data()
    data.concepts.add(name="cat", value=0.5)
    data.concepts.add(name="dog", value=0.25)
    seen = view(data)
    assert seen.values == {"cat": 0.5, "dog": 0.25}
    assert [c.name for c in seen.with_values({"dog": 0.25}).to_data().concepts] == ["dog"]


def test_a_concept_that_comes_twice_has_its_greatest_value() -> None:
    data = output({"cat": 0.5})
    data.concepts.add(id="cat", value=0.75)
    assert view(data).values == {"cat": 0.75}


def test_a_changed_view_gives_a_changed_copy_and_leaves_the_output_alone() -> None:
    data = output({"cat": 0.5, "dog": 0.25}, [{"cat": 0.5}, {"dog": 0.25, "cat": 0.125}])
    before = data.SerializeToString()
    seen = view(data)
    changed = seen.with_values({"dog": 0.25}).with_regions((Region(1, 0.0, {"dog": 0.25}),))
    left = changed.to_data()
    assert [c.id for c in left.concepts] == ["dog"]
    assert [[c.id for c in r.data.concepts] for r in left.regions] == [["dog"]]
    assert data.SerializeToString() == before


def test_a_changed_view_keeps_what_was_not_changed() -> None:
    seen = view(output({"cat": 0.5}, [{"dog": 0.25}]), given=asked({"camera": "left"}, at=(5.0, 52.0)))
    changed = seen.with_values({})
    assert changed.ranked == []
    assert changed.metadata == {"camera": "left"}
    assert changed.geo == (5.0, 52.0)
    assert changed.regions is seen.regions
    assert changed.digest == seen.digest


def test_metadata_is_plain() -> None:
    given = asked({"a": {"b": [1, "x", True, None]}})
    assert view(given=given).metadata == {"a": {"b": [1.0, "x", True, None]}}


def test_a_prediction_without_input_data_has_no_metadata_and_no_place() -> None:
    assert view().metadata == {}
    assert view().geo is None
    assert view(given=Data()).geo is None


def test_a_union_has_what_is_left_in_any() -> None:
    seen = view(output({"a": 0.5, "b": 0.25, "c": 0.125}, [{"a": 0.5, "b": 0.25}, {"c": 0.125}]))
    one = seen.with_values({"c": 0.125}).with_regions((Region(0, 0.0, {"b": 0.25}),))
    other = seen.with_values({"a": 0.5}).with_regions((Region(0, 0.0, {"a": 0.5}),))
    merged = union([one, other])
    assert list(merged.values) == ["a", "c"]
    assert [(r.index, list(r.values)) for r in merged.regions] == [(0, ["a", "b"])]
    assert union([seen, seen]) is seen


def test_an_unknown_field_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        operator.attrgetter("nothing")(view())
