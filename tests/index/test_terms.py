"""Terms: JSON containment as a matter of sets, and what they look like in a column."""

from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.index.terms import (
    MAX_LENGTH,
    concept_term,
    contains,
    terms_of_filter_metadata,
    terms_of_metadata,
)


def struct(values: dict[str, Any]) -> Struct:
    return ParseDict(values, Struct())


def has_terms(big: dict[str, Any], small: dict[str, Any]) -> bool:
    return terms_of_filter_metadata(struct(small)).terms <= terms_of_metadata(struct(big))


def test_each_leaf_is_a_term_with_its_path_and_type() -> None:
    values = {
        "collector_id": "abc",
        "n": 3,
        "ok": True,
        "no": None,
        "tags": ["x", 2],
        "a": {"b": {"c-d": 0.5}},
    }
    assert terms_of_filter_metadata(struct(values)).terms == {
        'm:collector_id="abc"',
        "m:n=3.0",
        "m:ok=true",
        "m:no=null",
        'm:tags[]="x"',
        "m:tags[]=2.0",
        "m:a.b.c-d=0.5",
    }


def test_metadata_have_terms_for_their_objects_and_lists_too() -> None:
    assert terms_of_metadata(struct({"a": {"b": 1}, "l": []})) == {"m:a={}", "m:a.b=1.0", "m:l=[]"}
    assert terms_of_metadata(Struct()) == set()
    assert terms_of_filter_metadata(Struct()).terms == frozenset()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": "1"}),
        ({"a": 1}, {"a": True}),
        ({"a": None}, {"a": "null"}),
        ({"a": None}, {"a": False}),
        ({"a": {"b": 1}}, {"a.b": 1}),
        ({"a": [1]}, {"a[]": 1}),
        ({"a": [1]}, {"a": 1}),
        ({"a": [[1]]}, {"a": [1]}),
        ({"a": {"": 1}}, {"a": 1}),
        ({"": 1}, {"a": 1}),
        ({"a": 'x"=1'}, {'a="x"': 1}),
        ({"a": {}}, {"a": []}),
        ({"a": "{}"}, {"a": {}}),
        ({"a\x00": 1}, {"a": 1}),
        ({"A": 1}, {"a": 1}),
    ],
)
def test_different_values_have_different_terms(one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = (terms_of_filter_metadata(struct(values)).terms for values in (one, other))
    assert not first & second
    assert not contains(struct(one), struct(other))
    assert not contains(struct(other), struct(one))


@pytest.mark.parametrize(
    ("big", "small"),
    [
        ({"a": 1, "b": 2}, {"a": 1}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 2}}),
        ({"a": [3, 2, 1]}, {"a": [1, 2]}),
        ({"a": [1]}, {"a": [1, 1]}),
        ({"a": {"b": 1}}, {"a": {}}),
        ({"a": [1]}, {"a": []}),
        ({"a": 1}, {}),
        ({}, {}),
        ({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1}]}),
        ({"a": [[1, 2], [3]]}, {"a": [[2]]}),
        ({"a": -0.0}, {"a": 0}),
        ({"a": [{"b": 1}, {"c": 2}]}, {"a": [{"b": 1}, {"c": 2}]}),
    ],
)
def test_what_is_contained_is_found_by_its_terms_alone(big: dict[str, Any], small: dict[str, Any]) -> None:
    assert contains(struct(big), struct(small))
    assert has_terms(big, small)
    assert terms_of_filter_metadata(struct(small)).is_exact


@pytest.mark.parametrize(
    ("big", "small"),
    [
        ({"a": [{"b": 1}, {"c": 2}]}, {"a": [{"b": 1, "c": 2}]}),
        ({"a": [[1], [2]]}, {"a": [[1, 2]]}),
        ({"a": {"x": [{"b": [1]}, {"b": [2]}]}}, {"a": {"x": [{"b": [1, 2]}]}}),
    ],
)
def test_what_must_stand_together_in_a_list_needs_a_second_look(
    big: dict[str, Any], small: dict[str, Any]
) -> None:
    assert has_terms(big, small)
    assert not contains(struct(big), struct(small))
    assert not terms_of_filter_metadata(struct(small)).is_exact


def test_long_values_are_hashed_and_still_told_apart() -> None:
    long, longer = {"a": "x" * 500}, {"a": "x" * 501}
    (term,) = terms_of_filter_metadata(struct(long)).terms
    assert len(term) <= MAX_LENGTH
    assert has_terms(long, long)
    assert not has_terms(long, longer)
    assert not has_terms({"b": "x" * 500}, long)


def test_terms_can_be_stored_by_every_database() -> None:
    (term,) = terms_of_filter_metadata(struct({"a\x00b": "c\x00d"})).terms
    assert "\x00" not in term
    assert "\x00" not in concept_term("\x00", True)


def test_a_concept_and_its_absence_are_different_terms() -> None:
    assert concept_term("dog", True) == 'c+:"dog"'
    assert concept_term("dog", False) == 'c-:"dog"'
    long = [concept_term("x" * 300, True), concept_term("x" * 300, False), concept_term("x" * 301, True)]
    assert len(set(long)) == 3
    assert all(len(term) <= MAX_LENGTH for term in long)


scalars = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "x", "0", "true", "x" * 300])
keys = st.sampled_from(["a", "b", "", "a.b", "[]", "k" * 250])
nested = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=10,
)
objects = st.dictionaries(keys, nested, max_size=3)
flat_lists = st.recursive(
    scalars | st.lists(scalars, max_size=3),
    lambda inner: st.dictionaries(keys, inner, max_size=3),
    max_leaves=10,
)


@st.composite
def pairs(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A big object, and a small one that is often cut out of it."""
    big = draw(st.dictionaries(keys, values, max_size=3))
    is_part = draw(st.booleans())
    return big, draw(part_of(big)) if is_part else draw(st.dictionaries(keys, values, max_size=2))


@st.composite
def part_of(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict):
        chosen = [key for key in value if draw(st.booleans())]
        return {key: draw(part_of(value[key])) for key in chosen}
    if isinstance(value, list):
        return [draw(part_of(element)) for element in value if draw(st.booleans())]
    return value


@given(pairs(nested))
def test_containment_implies_the_terms_and_exact_terms_imply_containment(
    pair: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    big, small = pair
    if contains(struct(big), struct(small)):
        assert has_terms(big, small)
    elif terms_of_filter_metadata(struct(small)).is_exact:
        assert not has_terms(big, small)


@given(pairs(flat_lists))
def test_without_lists_of_objects_terms_are_containment(
    pair: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    big, small = pair
    assert terms_of_filter_metadata(struct(small)).is_exact
    assert has_terms(big, small) == contains(struct(big), struct(small))


@given(objects)
def test_everything_contains_itself_and_any_part_of_itself(values: dict[str, Any]) -> None:
    assert contains(struct(values), struct(values))
    assert contains(struct(values), struct({}))


@given(objects, st.data())
def test_a_part_is_contained(values: dict[str, Any], data: st.DataObject) -> None:
    assert contains(struct(values), struct(data.draw(part_of(values))))
