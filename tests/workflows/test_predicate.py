"""Conditions on metadata and place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workflows.shapes import asked, view

from bowerbird.workflows.predicate import compile_predicate, distance_km

METADATA = {"camera": "left", "speed": 30, "night": True, "tags": ["rain", "fog"], "car": {"id": "x1"}}
SEEN = view(given=asked(METADATA, at=(4.9, 52.37)))


def meets(condition: object) -> bool:
    return compile_predicate(condition)(SEEN)


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("camera", "eq", "left", True),
        ("camera", "ne", "left", False),
        ("camera", "in", ["right", "left"], True),
        ("camera", "startswith", "le", True),
        ("camera", "contains", "ef", True),
        ("camera", "gt", "kite", True),
        ("camera", "gt", 3, False),
        ("car.id", "eq", "x1", True),
        ("speed", "gte", 30, True),
        ("speed", "gt", 30, False),
        ("speed", "lt", 31, True),
        ("speed", "lte", 29.5, False),
        ("speed", "eq", 30, True),
        ("speed", "startswith", "3", False),
        ("night", "eq", True, True),
        ("night", "eq", 1, False),
        ("night", "gt", 0, False),
        ("tags", "contains", "fog", True),
        ("tags", "contains", "snow", False),
        ("speed", "exists", True, True),
        ("missing", "exists", True, False),
        ("missing", "exists", False, True),
        ("speed", "exists", False, False),
        ("camera.id", "exists", True, False),
    ],
)
def test_operators(field: str, op: str, value: object, expected: bool) -> None:
    assert meets({"field": field, "op": op, "value": value}) is expected


@pytest.mark.parametrize("op", ["eq", "ne", "gt", "gte", "lt", "lte", "contains", "startswith"])
def test_a_missing_field_meets_no_condition(op: str) -> None:
    assert not meets({"field": "missing", "op": op, "value": "x"})


def test_conditions_are_joined() -> None:
    yes, no = {"field": "speed", "value": 30}, {"field": "speed", "value": 31}
    assert meets({"all": [yes, {"not": no}, {"any": [no, yes]}]})
    assert not meets({"all": [yes, no]})
    assert not meets({"any": [no, no]})


@pytest.mark.parametrize(
    ("geo", "expected"),
    [
        ({"box": [4, 52, 5, 53]}, True),
        ({"box": [5, 52, 6, 53]}, False),
        ({"box": [170, 52, 5, 53]}, True),  # across the date line
        ({"box": [170, 52, -170, 53]}, False),
        ({"center": [4.9, 52.4], "radius_km": 5}, True),
        ({"center": [4.9, 52.4], "radius_km": 3}, False),
    ],
)
def test_places(geo: object, expected: bool) -> None:
    assert meets({"geo": geo}) is expected
    assert not compile_predicate({"geo": geo})(view())


def test_distances_follow_the_great_circle() -> None:
    assert distance_km((0, 0), (90, 0)) == pytest.approx(10_007.5, rel=1e-4)
    assert distance_km((0, -90), (123, 90)) == pytest.approx(20_015.1, rel=1e-4)


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        (3, "object"),
        ({}, "all, any, not"),
        ({"all": []}, "predicate.all"),
        ({"all": [], "any": []}, "all, any, not"),
        ({"any": [{"field": ""}]}, r"predicate.any\[0\].field"),
        ({"field": "a..b", "value": 1}, "dots"),
        ({"field": "a", "op": "like", "value": 1}, "startswith"),
        ({"field": "a", "op": "eq"}, "a value"),
        ({"field": "a", "op": "in", "value": []}, "1 to 1000"),
        ({"field": "a", "op": "in", "value": [1.0] * 1001}, "1 to 1000"),
        ({"field": "a", "op": "gt", "value": True}, "number or a text"),
        ({"field": "a", "op": "startswith", "value": 1}, "text"),
        ({"field": "a", "op": "exists", "value": "yes"}, "true or false"),
        ({"field": "a", "value": "x" * 5000}, "4096"),
        ({"geo": {"box": [0, 0, 0]}}, "4 numbers"),
        ({"geo": {"box": [0, 91, 0, 92]}}, "latitudes"),
        ({"geo": {"box": [0, 5, 0, 4]}}, "south before north"),
        ({"geo": {"center": [0, 0], "radius_km": 0}}, "radius_km"),
        ({"geo": {}}, "box"),
        ({"any": [{"field": "a", "value": 1}] * 200}, "200 conditions"),
    ],
)
def test_what_is_wrong_is_said(condition: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        compile_predicate(condition)


def test_depth_is_bounded() -> None:
    condition: object = {"field": "a", "value": 1}
    for _ in range(7):
        condition = {"not": condition}
    compile_predicate(condition)
    with pytest.raises(ValueError, match="8 deep"):
        compile_predicate({"not": condition})


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["all", "any", "not", "field", "op", "value", "geo"]), inner)
    ),
)


@given(JSON)
def test_anything_either_compiles_or_is_refused(condition: object) -> None:
    try:
        test = compile_predicate(condition)
    except ValueError:
        return
    assert test(SEEN) in (True, False)
