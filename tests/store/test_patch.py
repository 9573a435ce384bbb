"""Patches: the platform's documented cases, and the laws that hold for any message."""

from typing import Any

import pytest
from clarifai_grpc.grpc.api import resources_pb2
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.errors import Invalid
from bowerbird.store.patch import apply, merge, overwrite, remove

Data, Input = resources_pb2.Data, resources_pb2.Input


def struct(values: dict[str, Any]) -> Struct:
    out = Struct()
    out.update(values)
    return out


def metadata(values: dict[str, Any]) -> Input:
    return Input(data=Data(metadata=struct(values)))


def values_of(message: Input) -> dict[str, Any]:
    values: dict[str, Any] = MessageToDict(message.data.metadata)
    return values


def concepts(**values: float) -> list[resources_pb2.Concept]:
    return [resources_pb2.Concept(id=id, value=value) for id, value in values.items()]


def labelled(**values: float) -> Input:
    return Input(id="i", data=Data(concepts=concepts(**values)))


def labels(message: Input) -> dict[str, float]:
    return {concept.id: concept.value for concept in message.data.concepts}


# --- JSON values ---


@pytest.mark.parametrize(
    ("old", "new", "merged"),
    [
        ({"a": [1, 2, 3]}, {"blah": True}, {"a": [1, 2, 3], "blah": True}),
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": 1}, {"a": False}, {"a": False}),
        ({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"d": 2}}}, {"a": {"b": {"c": 1, "d": 2}}}),
        ({"a": [{"id": 1}, {"id": 2}]}, {"a": [{"id": 3}]}, {"a": [{"id": 1}, {"id": 2}, {"id": 3}]}),
        ({"a": [{"id": "x", "n": 1}]}, {"a": [{"id": "x", "m": 2}]}, {"a": [{"id": "x", "n": 1, "m": 2}]}),
        ({"a": [{"id": "1"}]}, {"a": [{"id": 1}]}, {"a": [{"id": "1"}, {"id": 1}]}),
        ({"a": [1, 2]}, {"a": [2, 3]}, {"a": [1, 2, 2, 3]}),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": 1}]}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {}}),
        ({"a": [1]}, {"a": []}, {"a": []}),
        ({"a": 1}, {"a": None}, {"a": 1}),
        ({}, {"a": None}, {}),
        ({"a": 1}, {"a": {"b": 2}}, {"a": {"b": 2}}),
        ({"a": {"b": 2}}, {"a": [1]}, {"a": [1]}),
        ({"a": [1]}, {"a": "b"}, {"a": "b"}),
        ({"a": 1}, {}, {}),
    ],
)
def test_merging_json_values(old: dict[str, Any], new: dict[str, Any], merged: dict[str, Any]) -> None:
    assert values_of(merge(metadata(old), metadata(new))) == merged


@pytest.mark.parametrize(
    ("old", "new", "left"),
    [
        ({"a": 1, "b": 2}, {"a": True}, {"b": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": True}}, {"a": {"c": 2}}),
        ({"a": {"b": 1}}, {"a": True}, {}),
        ({"a": [1, 2]}, {"a": True}, {}),
        ({"a": 1}, {"b": True}, {"a": 1}),
        ({"a": 1}, {"a": False}, {"a": False}),
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": None}, {"a": {"b": 1}}),
        ({"a": 1}, {"a": {"b": True}}, {"a": 1}),
        ({"a": [{"id": 1, "n": 5}, {"id": 2}]}, {"a": [{"id": 1}]}, {"a": [{"id": 2}]}),
        ({"a": [{"id": 1}]}, {"a": [{"id": 3}]}, {"a": [{"id": 1}]}),
        ({"a": [1, 2, 1]}, {"a": [1]}, {"a": [2]}),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 2}]}, {"a": [{"b": 1}]}),
        ({"a": [1]}, {"a": []}, {"a": [1]}),
        ({"a": 1}, {}, {"a": 1}),
    ],
)
def test_removing_json_values(old: dict[str, Any], new: dict[str, Any], left: dict[str, Any]) -> None:
    assert values_of(remove(metadata(old), metadata(new))) == left


def test_overwriting_metadata_replaces_them_whole() -> None:
    old, new = metadata({"a": 1, "b": {"c": 1}}), metadata({"b": {"d": 2}})
    assert values_of(overwrite(old, new)) == {"b": {"d": 2}}
    assert values_of(overwrite(old, metadata({}))) == {}


# --- lists of messages ---


def test_merging_concepts_adds_the_new_and_changes_the_known() -> None:
    assert labels(merge(labelled(dog=1), labelled(cat=1))) == {"dog": 1, "cat": 1}
    assert labels(merge(labelled(dog=0, cat=1), labelled(dog=1))) == {"dog": 1, "cat": 1}


def test_the_value_zero_of_a_concept_is_a_value() -> None:
    assert labels(merge(labelled(dog=1), labelled(dog=0))) == {"dog": 0}


def test_concepts_without_an_id_are_known_by_their_name() -> None:
    old = Input(data={"concepts": [{"id": "c1", "name": "dog", "value": 1}, {"name": "cat", "value": 1}]})
    new = Input(
        data={"concepts": [{"name": "dog", "value": 0}, {"name": "cat", "value": 0.5}, {"name": "cow"}]}
    )
    merged = merge(old, new).data.concepts
    assert [(c.id, c.name, c.value) for c in merged] == [("c1", "dog", 0), ("", "cat", 0.5), ("", "cow", 0)]
    assert [c.name for c in remove(old, new).data.concepts] == []


def test_an_id_says_more_than_a_name() -> None:
    old = Input(data={"concepts": [{"id": "c1", "name": "dog"}]})
    new = Input(data={"concepts": [{"id": "c2", "name": "dog"}]})
    assert [c.id for c in merge(old, new).data.concepts] == ["c1", "c2"]
    assert [c.id for c in remove(old, new).data.concepts] == ["c1"]


def test_removing_concepts_takes_them_by_id_whatever_their_value() -> None:
    assert labels(remove(labelled(dog=1, cat=1), labelled(dog=0, cow=1))) == {"cat": 1}


def test_overwriting_concepts_leaves_only_the_new() -> None:
    assert labels(overwrite(labelled(dog=1, cat=1), labelled(cow=1))) == {"cow": 1}


def test_regions_merge_by_id_and_their_concepts_within_them() -> None:
    old = Input(data={"regions": [{"id": "r", "data": {"concepts": concepts(dog=1)}}, {"id": "s"}]})
    new = Input(data={"regions": [{"id": "r", "data": {"concepts": concepts(cat=1)}}, {"value": 0.5}]})
    merged = merge(old, new).data.regions
    assert [region.id for region in merged] == ["r", "s", ""]
    assert [concept.id for concept in merged[0].data.concepts] == ["dog", "cat"]
    assert [region.id for region in remove(old, new).data.regions] == ["s"]


def test_ids_that_are_new_twice_in_one_patch_are_added_once() -> None:
    new = Input(data={"concepts": concepts(dog=1) + concepts(dog=0)})
    assert labels(merge(Input(), new)) == {"dog": 0}
    assert len(merge(Input(), new).data.concepts) == 1


def test_elements_without_ids_are_appended_and_removed_by_content() -> None:
    old = resources_pb2.Workflow(use_cases=["a", "b"])
    new = resources_pb2.Workflow(use_cases=["b", "c"])
    assert list(merge(old, new).use_cases) == ["a", "b", "b", "c"]
    assert list(remove(old, new).use_cases) == ["a"]
    assert list(overwrite(old, new).use_cases) == ["b", "c"]


def test_maps_merge_by_key() -> None:
    old = resources_pb2.Image()
    old.hosted_image_info["small"].width = 1
    old.hosted_image_info["large"].width = 9
    new = resources_pb2.Image()
    new.hosted_image_info["small"].height = 2
    merged = merge(old, new).hosted_image_info
    assert {name: (merged[name].width, merged[name].height) for name in merged} == {
        "small": (1, 2),
        "large": (9, 0),
    }
    assert set(remove(old, new).hosted_image_info) == {"large"}
    assert dict(overwrite(old, new).hosted_image_info) == dict(new.hosted_image_info)


# --- values, and fields that were given empty ---


def test_a_box_or_a_time_is_one_value() -> None:
    def boxed(**sides: float) -> Input:
        region = {"id": "r", "region_info": {"bounding_box": sides}}
        return Input(
            data={"regions": [region]}, created_at={"seconds": 5} if len(sides) < 4 else {"nanos": 9}
        )

    old, new = (
        boxed(top_row=0.1, left_col=0.2, bottom_row=0.8, right_col=0.9),
        boxed(left_col=0.5, right_col=0.6),
    )
    assert merge(old, new) == new


def test_zero_and_empty_change_nothing_unless_they_are_named() -> None:
    old = resources_pb2.App(id="a", description="old", sample_ms=5, metadata=struct({"a": 1}))
    new = resources_pb2.App(id="a")
    for patch in (merge, overwrite, remove):
        assert patch(old, new) == old
        changed = patch(old, new, ["description", "sample_ms"])
        assert changed == resources_pb2.App(id="a", metadata=struct({"a": 1}))


def test_a_list_that_was_given_empty_is_emptied() -> None:
    old = labelled(dog=1)
    assert merge(old, Input(), ["data.concepts"]) == Input(id="i", data=Data())
    assert merge(old, Input(), ["data.regions"]) == old
    assert merge(old, Input(), ["data"]) == Input(id="i", data=Data())
    assert overwrite(old, Input(data=Data()), ["data", "data.concepts"]) == Input(id="i", data=Data())
    assert remove(old, Input(), ["data.concepts"]) == old


@pytest.mark.parametrize("patch", [merge, overwrite, remove])
def test_paths_that_lead_nowhere_change_nothing(patch: Any) -> None:
    old = labelled(dog=1)
    old.created_at.seconds = 5
    paths = ["nothing", "data.nothing", "data.concepts.value", "created_at.seconds", "id.x"]
    assert patch(old, Input(), paths) == old


# --- what stays when resources are overwritten ---


def test_overwriting_an_input_replaces_its_data_but_keeps_the_media() -> None:
    old = Input(
        data={"image": {"url": "http://a/b"}, "concepts": concepts(dog=1), "metadata": struct({"a": 1})}
    )
    new = Input(data={"metadata": struct({"b": 2})})
    assert overwrite(old, new).data == Data(image={"url": "http://a/b"}, metadata=struct({"b": 2}))
    other = Input(data={"text": {"raw": "x"}})
    assert overwrite(old, other).data == other.data
    assert overwrite(old, Input(dataset_ids=["d"])).data == old.data


@pytest.mark.parametrize("type", [resources_pb2.Model, resources_pb2.ModelVersion])
def test_overwriting_a_model_keeps_what_its_output_config_is_not_given(type: Any) -> None:
    old = type(
        output_info={
            "output_config": {"language": "de", "max_concepts": 5},
            "data": {"concepts": concepts(a=1)},
        }
    )
    new = type(output_info={"output_config": {"max_concepts": 7}, "data": {"concepts": concepts(b=1)}})
    info = overwrite(old, new).output_info
    assert info.output_config == resources_pb2.OutputConfig(language="de", max_concepts=7)
    assert [concept.id for concept in info.data.concepts] == ["b"]
    assert overwrite(old, type()).output_info == old.output_info


# --- actions ---


def test_an_action_is_applied_by_its_name() -> None:
    old, new = labelled(dog=1), labelled(cat=1)
    assert apply("merge", old, new) == merge(old, new)
    assert apply("overwrite", old, new) == overwrite(old, new)
    assert apply("remove", old, new) == remove(old, new)
    assert apply("merge", old, Input(), fields=["data.concepts"]) == merge(old, Input(), ["data.concepts"])


@pytest.mark.parametrize("action", ["", "delete", "MERGE"])
def test_an_unknown_action_is_refused_with_the_known_ones_named(action: str) -> None:
    with pytest.raises(Invalid, match="merge, overwrite, remove"):
        apply(action, Input(), Input())


def test_an_action_that_this_call_does_not_take_is_refused() -> None:
    with pytest.raises(Invalid, match=r"is not one of: overwrite$"):
        apply("merge", Input(), Input(), allowed=("overwrite",))


# --- laws ---

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "x", "y"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "id"]), inner, max_size=3)
    ),
    max_leaves=8,
)
structs = st.dictionaries(st.sampled_from(["a", "b", "c"]), json_values, max_size=3)
ids = st.sampled_from(["a", "b", "c", "d"])
labellings = st.dictionaries(ids, st.sampled_from([0.0, 0.5, 1.0]), max_size=4)


@st.composite
def inputs(draw: st.DrawFn) -> Input:
    data = Data(concepts=concepts(**draw(labellings)))
    if draw(st.booleans()):
        data.metadata.CopyFrom(struct(draw(structs)))
    for id, values in draw(st.dictionaries(ids, labellings, max_size=2)).items():
        data.regions.add(id=id, data=Data(concepts=concepts(**values)))
    if draw(st.booleans()):
        data.image.url = draw(st.sampled_from(["", "http://a/b"]))
    return Input(id=draw(st.sampled_from(["", "i"])), data=data, dataset_ids=draw(st.lists(ids, max_size=2)))


@given(inputs(), inputs(), st.sampled_from(["merge", "overwrite", "remove"]))
def test_patches_never_change_their_arguments(old: Input, new: Input, action: str) -> None:
    before, patch = old.SerializeToString(deterministic=True), new.SerializeToString(deterministic=True)
    result = apply(action, old, new, fields=["id", "data.concepts"])
    result.data.concepts.add(id="later")
    result.data.metadata["later"] = 1
    assert old.SerializeToString(deterministic=True) == before
    assert new.SerializeToString(deterministic=True) == patch


@given(inputs(), st.sampled_from(["merge", "overwrite", "remove"]))
def test_an_empty_patch_changes_nothing(old: Input, action: str) -> None:
    assert apply(action, old, Input()) == old


@given(inputs())
def test_merging_into_nothing_gives_the_patch_save_for_nulls(new: Input) -> None:
    new.data.ClearField("metadata")
    assert merge(Input(), new) == new


@given(inputs(), inputs())
def test_merging_ids_and_scalars_twice_is_merging_once(old: Input, new: Input) -> None:
    for part in (old, new):
        part.data.ClearField("metadata")
        part.ClearField("dataset_ids")
    once = merge(old, new)
    assert merge(once, new) == once


@given(inputs(), inputs())
def test_what_was_overwritten_reads_as_the_patch(old: Input, new: Input) -> None:
    result = overwrite(old, new)
    if not new.data.HasField("image"):
        result.data.ClearField("image")
    assert result.data == new.data
    assert result.id == new.id or not new.id


@given(labellings, labellings)
def test_removing_what_was_added_gives_back_what_was(old: dict[str, float], new: dict[str, float]) -> None:
    added = {id: value for id, value in new.items() if id not in old}
    assert remove(merge(labelled(**old), labelled(**added)), labelled(**added)) == labelled(**old)


@given(inputs(), inputs())
def test_removing_leaves_nothing_of_the_lists_in_the_patch(old: Input, new: Input) -> None:
    left: Message = remove(old, new)
    assert isinstance(left, Input)
    assert not set(labels(left)) & set(labels(new))
    assert not set(left.dataset_ids) & set(new.dataset_ids)
