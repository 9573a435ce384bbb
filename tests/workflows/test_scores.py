"""Scores, against their formulae."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workflows.shapes import output, view

from bowerbird.workflows import scores
from bowerbird.workflows.view import View

FULL = view(output({"a": 0.5, "b": 0.25, "c": 0.25}))
TOP = view(output({"a": 0.5, "b": 0.25}))  # a quarter is left for what is not listed
MANY = view(output({"a": 1.0, "b": 1.0}))  # independent concepts
ONE = view(output({"a": 0.75}))
SURE = view(output({"a": 1.0}))


def test_extremes() -> None:
    assert (scores.max_prob(FULL), scores.min_prob(FULL)) == (0.5, 0.25)


def test_order_of_the_output_does_not_matter() -> None:
    assert scores.max_prob(view(output({"a": 0.25, "b": 0.75}))) == 0.75


@pytest.mark.parametrize("seen", [FULL, TOP])
def test_least_confidence_counts_the_remainder_as_a_class(seen: View) -> None:
    assert scores.least_confidence(seen) == pytest.approx((1 - 0.5) * 3 / 2)


@pytest.mark.parametrize("seen", [FULL, TOP])
def test_entropy_counts_the_remainder_as_a_class(seen: View) -> None:
    expected = -(0.5 * math.log(0.5) + 2 * 0.25 * math.log(0.25)) / math.log(3)
    assert scores.entropy(seen) == pytest.approx(expected)


def test_margin() -> None:
    assert scores.margin(FULL) == 0.75
    assert scores.margin(ONE) == pytest.approx(0.5)


def test_a_sure_prediction_of_one_class_is_not_uncertain() -> None:
    assert [score(SURE) for score in (scores.least_confidence, scores.margin, scores.entropy)] == [0, 0, 0]


def test_entropy_divides_independent_concepts_by_their_sum() -> None:
    assert scores.entropy(MANY) == pytest.approx(1)


@given(st.lists(st.floats(0, 1, width=32), max_size=30))
def test_uncertainties_lie_between_none_and_all(values: list[float]) -> None:
    seen = view(output({str(place): value for place, value in enumerate(values)}))
    for score in (scores.least_confidence, scores.margin, scores.entropy):
        value = score(seen)
        assert (value is None) == (not values)
        assert -1e-9 <= (value or 0.0) <= 1 + 1e-9


def test_regions_are_counted_also_after_some_were_taken_away() -> None:
    seen = view(output({}, [{"a": 0.5}, {"b": 0.75}]))
    assert scores.region_count(seen) == 2
    assert scores.region_count(seen.with_regions(seen.regions[:1])) == 1
    assert scores.max_region_prob(seen) == 0.75


def test_text_length_is_in_characters() -> None:
    data = output()
    data.text.raw = "naïve"
    assert scores.text_length(view(data)) == 5
    assert scores.text_length(view(output())) is None


def test_a_concept_that_is_not_listed_has_a_probability_of_zero() -> None:
    assert scores.concept_prob("z")(FULL) == 0
    assert scores.concept_prob("z")(view()) is None
    assert scores.distance_to_threshold("a", 0.75)(FULL) == 0.25


def test_ratio() -> None:
    assert scores.ratio(FULL) == 0.5
    assert scores.ratio(ONE) == pytest.approx(0.25 / 0.75)
    assert scores.ratio(view(output({"a": 0.0}))) == 0
    assert scores.ratio(view()) is None


def test_binary_entropy_looks_at_each_concept_by_itself() -> None:
    seen = view(output({"a": 0.5, "b": 1.0, "c": 0.25}))
    bits = -0.25 * math.log2(0.25) - 0.75 * math.log2(0.75)
    assert scores.binary_entropy(max)(seen) == 1
    assert scores.binary_entropy(math.fsum)(seen) == pytest.approx(1 + bits)
    assert scores.binary_entropy(max)(view()) is None


def test_the_top_concept_is_one_of_those_asked_for_or_not() -> None:
    assert scores.concept_in(["a", "z"])(FULL) == 1
    assert scores.concept_in(["b"])(FULL) == 0
    assert scores.concept_in(["b"])(BOXES) == 1
    assert scores.concept_in(["c"])(BOXES) == 0
    assert scores.concept_in(["b"])(view()) is None


def boxes(*places: tuple[float, float, float, float]) -> View:
    """Regions with boxes (top, left, bottom, right): the first is an a of 0.5, the others are a b of 0.75."""
    data = output({}, [{"a": 0.5, "c": 0.25}, *({"b": 0.75} for _ in places[1:])])
    for region, (top, left, bottom, right) in zip(data.regions, places, strict=True):
        box = region.region_info.bounding_box
        box.top_row, box.left_col, box.bottom_row, box.right_col = top, left, bottom, right
    return view(data)


BOXES = boxes((0, 0, 0.5, 0.5), (0.5, 0.25, 0.75, 0.5))


def test_regions_are_counted_by_confidence() -> None:
    assert scores.confident_regions("", 0.5)(BOXES) == 2
    assert scores.confident_regions("", 0.6)(BOXES) == 1
    assert scores.confident_regions("a", 0.5)(BOXES) == 1
    assert scores.confident_regions("z", 0.0)(BOXES) == 0
    assert scores.confident_regions("", 0.5)(view()) == 0
    assert scores.uncertain_regions("", 0.5, 0.25)(BOXES) == 1  # the upper end is not in it
    assert scores.uncertain_regions("b", 0.5, 0.3)(BOXES) == 1


def test_doubts_about_regions() -> None:
    assert scores.region_uncertainty(max)(BOXES) == 0.5
    assert scores.region_uncertainty(math.fsum)(BOXES) == 0.75
    assert scores.region_uncertainty(max)(view()) is None
    entropies = [-(0.5 * math.log(0.5) + 2 * 0.25 * math.log(0.25)) / math.log(3)]
    entropies.append(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)) / math.log(2))
    assert scores.region_entropy(max)(BOXES) == pytest.approx(max(entropies))
    assert scores.region_entropy(math.fsum)(BOXES) == pytest.approx(sum(entropies))


def test_areas_are_shares_of_the_image() -> None:
    assert scores.region_areas(BOXES) == [0.25, 0.0625]
    assert scores.region_areas(BOXES.with_regions(BOXES.regions[1:])) == [0.0625]
    assert scores.max_region_area(BOXES) == 0.25
    assert scores.max_region_area(FULL) is None


def test_texts_are_searched_for_phrases_and_tried_as_json() -> None:
    data = output()
    data.text.raw = 'I\'m SORRY, but {"a": 1}'
    refusal = view(data)
    assert scores.text_has(["as an AI", "i'm sorry"])(refusal) == 1
    assert scores.text_has(["as an AI"])(refusal) == 0
    assert scores.text_has(["x"])(FULL) is None
    assert scores.text_is_json(refusal) == 0
    assert scores.text_is_json(FULL) is None
    data = output()
    data.text.raw = '{"a": [1, 2]}'
    assert scores.text_is_json(view(data)) == 1
    data.text.raw = "[" * 60_000
    assert scores.text_is_json(view(data)) == 0
    data.text.raw = "1" * 70_000
    assert scores.text_is_json(view(data)) is None
