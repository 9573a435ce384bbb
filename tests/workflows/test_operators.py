"""Operators: what each keeps, what all of them have in common, and how parameters are refused."""

import asyncio
import operator as arithmetic
from collections.abc import Awaitable, Callable, Iterator

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data, ModelTypeField, OutputInfo
from hypothesis import given, settings
from hypothesis import strategies as st
from workflows.doors import concept, outside, relations, rich
from workflows.shapes import asked, info, output, view

from bowerbird.errors import ModelInvalid
from bowerbird.workflows import operators as registry
from bowerbird.workflows.draws import HashedDraw
from bowerbird.workflows.operators import (
    broken_operators,
    compile_operator,
    find,
    is_light,
    operator,
    operators,
)
from bowerbird.workflows.relations import Graph
from bowerbird.workflows.view import View

DRAW = HashedDraw("collector", "node")
EXAMPLES: dict[str, OutputInfo] = {
    "random-sample": info(keep_fraction=0.5),
    "concept-thresholder": info({"a": 0.5, "b": 0.25}),
    "region-thresholder": info({"a": 0.5, "b": 0.25}, concept_threshold_type="LESS_THAN"),
    "prediction-score-filter": info(score="margin", lo=0.5),
    "metadata-filter": info(predicate={"field": "camera", "value": "left"}),
    "caller-filter": info(allow=["alice"]),
    "stratified-sample": info(shares={"a": 0.5}, default_share=0.1),
    "weighted-sample": info(rho=0.5),
    "budget-sample": info(limit=100),
    "rate-limit": info(rate=5),
    "dedup": info(),
    "concept-synonym-mapper": info(),
    "keyword-filter": info(keywords=["fire"]),
    "regex-based-classifier": info(patterns={"alarm": "fire|smoke"}),
    "language-id": info(),
    "object-counter": info(),
    "text-aggregation": info(),
    "image-crop": info(),
    "knn-concept": info(),
    "novelty-filter": info(),
    "annotation-writer": info(),
    "webhook": info(url="https://hooks.example/in"),
}
CONCEPTS = st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1, width=32))


RELATED = relations(none=Graph(synonym={"alice/kept/a": (concept("ant"),)}))


def run(type_id: str, parameters: OutputInfo, seen: View) -> View | None:
    """What the operator makes of it in an app that holds nothing and calls an "a" an ant."""
    kept = compile_operator(type_id, parameters, RELATED, outside())(seen, DRAW)
    return asyncio.run(awaited(kept)) if isinstance(kept, Awaitable) else kept


async def awaited(kept: Awaitable[View | None]) -> View | None:
    return await kept


def left(type_id: str, parameters: OutputInfo, data: Data) -> list[str]:
    """Ids of the concepts that are left, in the image and then in its regions."""
    kept = run(type_id, parameters, view(data))
    if kept is None:
        return []
    answer = kept.to_data()
    inside = [concept.id for region in answer.regions for concept in region.data.concepts]
    return [concept.id for concept in answer.concepts] + inside


def test_every_operator_has_an_example_here() -> None:
    assert {one.id for one in operators()} == set(EXAMPLES)


@pytest.mark.parametrize("type_id", EXAMPLES)
@given(concepts=CONCEPTS, regions=st.lists(CONCEPTS, max_size=4))
@settings(max_examples=25)
def test_no_operator_changes_what_it_is_given(
    type_id: str, concepts: dict[str, float], regions: list[dict[str, float]]
) -> None:
    data, question = output(concepts, regions), asked({"camera": "left"})
    before = data.SerializeToString(deterministic=True), question.SerializeToString(deterministic=True)
    seen = view(data, given=question)
    values, places = dict(seen.values), [dict(region.values) for region in seen.regions]
    kept = run(type_id, EXAMPLES[type_id], seen)
    if kept is not None:
        kept.to_data()
    after = data.SerializeToString(deterministic=True), question.SerializeToString(deterministic=True)
    assert after == before
    assert (seen.values, [region.values for region in seen.regions]) == (values, places)


@pytest.mark.parametrize("type_id", EXAMPLES)
def test_no_operator_changes_what_has_something_of_everything(type_id: str) -> None:
    data = rich()
    seen = view(data, given=data)
    before = data.SerializeToString(deterministic=True)
    first = run(type_id, EXAMPLES[type_id], seen)
    made = first.to_data() if first is not None else None
    again = run(type_id, EXAMPLES[type_id], seen)
    assert (again.to_data() if again is not None else None) == made
    assert data.SerializeToString(deterministic=True) == before


@pytest.mark.parametrize("type_id", EXAMPLES)
def test_of_nothing_no_operator_makes_something(type_id: str) -> None:
    kept = run(type_id, EXAMPLES[type_id], view(given=asked({"camera": "left"})))
    assert kept is None or kept.to_data() == Data()


@pytest.mark.parametrize("type_id", ["random-sample", "metadata-filter", "caller-filter"])
def test_filters_and_samplers_pass_an_empty_prediction(type_id: str) -> None:
    every = {**EXAMPLES, "random-sample": info(keep_fraction=1)}
    assert run(type_id, every[type_id], view(given=asked({"camera": "left"}))) is not None


@pytest.mark.parametrize(
    ("comparator", "kept"),
    [
        (1, ["a"]),
        ("GREATER_THAN", ["a"]),
        (2, ["a", "b"]),
        ("LESS_THAN", ["c"]),
        (4, ["b", "c"]),
        ("EQUAL", ["b"]),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_thresholds_are_compared_as_told(comparator: object, kept: list[str], inside: bool) -> None:
    concepts = {"a": 0.75, "b": 0.5, "c": 0.25, "other": 0.9}
    data = output({}, [concepts]) if inside else output(concepts)
    type_id = "region-thresholder" if inside else "concept-thresholder"
    parameters = info({"a": 0.5, "b": 0.5, "c": 0.5, "absent": 0.5}, concept_threshold_type=comparator)
    assert left(type_id, parameters, data) == kept


def test_a_threshold_is_no_value_that_passes_it() -> None:
    assert left("concept-thresholder", info({"a": 0.9}), output({"a": 0.9})) == []
    equal = info({"a": 0.9}, concept_threshold_type="EQUAL")
    assert left("concept-thresholder", equal, output({"a": 0.9})) == ["a"]


def test_concepts_without_a_threshold_stay_if_asked() -> None:
    parameters = info({"a": 0.5}, filter_other_concepts=False)
    assert left("concept-thresholder", parameters, output({"b": 0.25, "a": 0.125})) == ["b"]


COARSE = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([0.25, 0.5, 0.75]))


@pytest.mark.parametrize(
    ("comparator", "compare"),
    [(1, arithmetic.gt), (2, arithmetic.ge), (3, arithmetic.lt), (4, arithmetic.le), (5, arithmetic.eq)],
)
@given(concepts=COARSE, limits=COARSE.filter(bool))
def test_any_number_of_thresholds_means_the_same(
    comparator: int,
    compare: Callable[[float, float], bool],
    concepts: dict[str, float],
    limits: dict[str, float],
) -> None:
    expected = [c for c, value in concepts.items() if c in limits and compare(value, limits[c])]
    parameters = info(limits, concept_threshold_type=comparator)
    assert left("concept-thresholder", parameters, output(concepts)) == expected


def test_a_region_without_concepts_goes() -> None:
    data = output({"x": 0.5}, [{"a": 0.75}, {}, {"b": 0.75}])
    kept = run("region-thresholder", info({"a": 0.5}), view(data))
    assert kept is not None
    assert [region.id for region in kept.to_data().regions] == ["r0"]


@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        ({"score": "max_prob", "lo": 0.9}, True),  # as a 32-bit float 0.9 is a little less
        ({"score": "max_prob", "hi": 0.9}, True),
        ({"score": "max_prob", "hi": 0.8}, False),
        ({"score": "min_prob", "hi": 0.2}, True),
        ({"score": "margin", "lo": 0.3, "hi": 0.3}, True),
        ({"score": "region_count", "lo": 2, "hi": 10}, True),
        ({"score": "region_count", "lo": 3}, False),
        ({"score": "max_region_prob", "hi": 0.5}, True),
        ({"score": "concept_prob", "concept": "b", "lo": 0.1, "hi": 0.3}, True),
        ({"score": "concept_prob", "concept": "z", "lo": 0.1}, False),
        ({"score": "close_to_threshold", "concept": "b", "threshold": 0.3, "epsilon": 0.1}, True),
        ({"score": "close_to_threshold", "concept": "a"}, False),
        ({"score": "text_length"}, False),
        ({"score": "ratio", "lo": 0.2, "hi": 0.25}, True),
        ({"score": "concept_in", "concepts": ["a", "z"], "lo": 1}, True),
        ({"score": "concept_in", "concepts": ["a", "z"], "hi": 0}, False),
        ({"score": "confident_regions", "threshold": 0.3, "lo": 1, "hi": 1}, True),
        ({"score": "uncertain_regions", "threshold": 0.3, "epsilon": 0.1, "hi": 0}, False),
        ({"score": "region_uncertainty", "aggregate": "sum", "lo": 1.2, "hi": 1.3}, True),
        ({"score": "region_area", "lo": 0.2}, False),
    ],
)
def test_scores_are_held_against_their_bounds(parameters: dict[str, object], kept: bool) -> None:
    data = output({"a": 0.9, "b": 0.2}, [{"a": 0.5}, {"a": 0.25}])
    assert (run("prediction-score-filter", info(**parameters), view(data)) is not None) is kept


def test_a_detector_that_found_nothing_can_be_asked_for() -> None:
    assert run("prediction-score-filter", info(score="region_count", hi=0), view()) is not None


@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        ({"allow": ["alice", "bob"]}, True),
        ({"allow": ["bob"]}, False),
        ({"deny": ["bob"]}, True),
        ({"allow": ["alice"], "deny": ["alice"]}, False),
    ],
)
def test_callers(parameters: dict[str, object], kept: bool) -> None:
    assert (run("caller-filter", info(**parameters), view()) is not None) is kept


def test_metadata() -> None:
    step = compile_operator("metadata-filter", EXAMPLES["metadata-filter"])
    assert step(view(given=asked({"camera": "left"})), DRAW) is not None
    assert step(view(given=asked({"camera": "right"})), DRAW) is None


def test_a_sampler_keeps_its_share() -> None:
    step = compile_operator("random-sample", info(keep_fraction=0.25))
    kept = sum(step(view(key=f"{number}"), DRAW) is not None for number in range(4000))
    assert 870 < kept < 1130  # five standard deviations


def test_a_session_is_kept_or_dropped_together() -> None:
    step = compile_operator("random-sample", info(keep_fraction=0.5, key="metadata.session.id"))
    fates = [
        {
            step(view(given=asked({"session": {"id": session}}), key=f"{session}-{n}"), DRAW) is None
            for n in range(5)
        }
        for session in range(40)
    ]
    assert all(len(fate) == 1 for fate in fates)
    assert {True} in fates
    assert {False} in fates


def test_inputs_without_the_key_have_coins_of_their_own() -> None:
    step = compile_operator("random-sample", info(keep_fraction=0.5, key="metadata.session"))
    assert {step(view(key=f"{n}"), DRAW) is None for n in range(60)} == {True, False}


REFUSED = [
    ("random-sample", info(), "output_info.params.keep_fraction: expected a number from 0 to 1"),
    ("random-sample", info(keep_fraction=1, key="session"), "output_info.params.key: expected request or"),
    ("random-sample", info(keep_fraction=1, rate=1), "output_info.params.rate: there is no such parameter"),
    ("concept-thresholder", info(), "output_info.data.concepts: expected at least one concept"),
    ("concept-thresholder", info({"a": 1.5}), "output_info.data.concepts: expected a threshold from 0 to 1"),
    ("concept-thresholder", info({"": 0.5}), "output_info.data.concepts: expected at least one concept"),
    ("region-thresholder", info({"a": -0.5}), "output_info.data.concepts: expected a threshold from 0 to 1"),
    ("prediction-score-filter", info(), "output_info.params.score: expected one of max_prob"),
    ("prediction-score-filter", info(score="concept_prob"), "output_info.params.concept: expected the id"),
    ("prediction-score-filter", info(score="margin", hi=50), "output_info.params.hi: expected .* 0 to 1;"),
    ("prediction-score-filter", info(score="margin", lo=0.7, hi=0.6), "output_info.params.lo: expected"),
    ("prediction-score-filter", info(score="margin", lo=2), "output_info.params.lo: expected .* 0 to 1;"),
    ("prediction-score-filter", info(score="concept_in"), "output_info.params.concepts: expected at least"),
    ("prediction-score-filter", info(score="text_has"), "output_info.params.phrases: expected at least"),
    ("metadata-filter", info(), "output_info.params.predicate: expected an object"),
    ("metadata-filter", info(predicate={"all": []}), "output_info.params.predicate: expected a list"),
    ("caller-filter", info(), "output_info.params.allow: expected at least one user"),
    ("keyword-filter", info(), "output_info.params.keywords: expected a list"),
    ("keyword-filter", info(keywords=[]), "output_info.params.keywords: expected at least one keyword"),
    ("concept-synonym-mapper", info(predicates=["friend"]), "output_info.params.predicates: expected some"),
    ("concept-synonym-mapper", info(predicates=[]), "output_info.params.predicates: expected some"),
    ("regex-based-classifier", info(patterns={}), "output_info.params.patterns: expected 1 to 50 concepts"),
    ("regex-based-classifier", info(patterns={"a": 1}), "output_info.params.patterns: expected a regular"),
    ("regex-based-classifier", info(patterns={"a": "("}), "output_info.params.patterns: .* cannot be read"),
    ("regex-based-classifier", info(patterns={"a": r"(a)\1"}), "output_info.params.patterns: .* going back"),
    ("language-id", info(languages=["English"]), "output_info.params.languages: expected codes such as en"),
    ("language-id", info(topk=1.5), "output_info.params.topk: expected a whole number from 1 to 10"),
    ("image-crop", info(margin=0), "output_info.params.margin: expected a number from 0.1 to 10"),
    (
        "annotation-writer",
        info(annotation_status=24152),
        "output_info.params.annotation_status: expected one",
    ),
    (
        "annotation-writer",
        info(annotation_info={"task_id": 1}),
        "output_info.params.annotation_info: expected",
    ),
    ("webhook", info(), "output_info.params.url: expected a URL"),
    ("webhook", info(url="ftp://a"), "output_info.params.url: expected a URL"),
    ("webhook", info(url="https://me:pw@a/"), "output_info.params.url: expected a URL"),
]


@pytest.mark.parametrize(("type_id", "parameters", "says"), REFUSED)
def test_a_wrong_parameter_is_refused_by_name(type_id: str, parameters: OutputInfo, says: str) -> None:
    with pytest.raises(ModelInvalid, match=says):
        compile_operator(type_id, parameters)


def test_a_concept_with_two_thresholds_is_refused() -> None:
    parameters = info({"a": 0.5})
    parameters.data.concepts.add(id="a", value=0.75)
    with pytest.raises(ModelInvalid, match=r"output_info\.data\.concepts: expected each concept once"):
        compile_operator("concept-thresholder", parameters)


Kind = ModelTypeField.ModelTypeFieldType
JUNK: dict[int, list[object]] = {
    Kind.RANGE: [-0.01, 1.01, "half", True, [0.5], float("nan"), float("inf")],
    Kind.NUMBER: [-1, 2e9, "1", False, {}, float("nan")],
    Kind.BOOLEAN: [1, "true"],
    Kind.STRING: [1, "x" * 257, []],
    Kind.ENUM: ["nonsense", 0, 99, True],
    Kind.JSON: ["{}", 1, []],
    Kind.ARRAY_OF_STRINGS: ["alice", [1], [""], ["a"] * 1001],
    Kind.COLLABORATORS: [1, "x" * 257],
}


def bad_values() -> Iterator[tuple[str, str, object]]:
    for one in operators():
        for field in one.describe().model_type_fields:
            for value in JUNK.get(field.field_type, []):
                yield one.id, field.path, value


@pytest.mark.parametrize(("type_id", "path", "value"), list(bad_values()))
def test_every_parameter_refuses_what_it_cannot_be(type_id: str, path: str, value: object) -> None:
    parameters = OutputInfo()
    parameters.CopyFrom(EXAMPLES[type_id])
    name = path.removeprefix("output_info.params.")
    parameters.params.fields[name].CopyFrom(info(x=value).params.fields["x"])
    with pytest.raises(ModelInvalid, match=f"{path}: expected"):
        compile_operator(type_id, parameters)


@pytest.mark.parametrize("one", operators(), ids=lambda one: one.id)
def test_every_field_is_described(one: registry.Operator) -> None:
    described = one.describe()
    assert described.title
    assert described.description
    assert described.input_fields
    assert described.output_fields
    for field in described.model_type_fields:
        assert field.description
        assert field.field_type in Kind.values()
        if field.field_type == Kind.ENUM:
            assert field.model_type_enum_options
        if field.field_type in (Kind.RANGE, Kind.NUMBER):
            assert field.model_type_range_info.max > field.model_type_range_info.min


def test_defaults_in_the_description_are_those_that_are_used() -> None:
    for one in operators():
        example = EXAMPLES[one.id]
        spelled_out = OutputInfo()
        spelled_out.CopyFrom(example)
        for field in one.describe().model_type_fields:
            name = field.path.removeprefix("output_info.params.")
            if field.HasField("default_value") and name not in example.params.fields:
                spelled_out.params.fields[name].CopyFrom(field.default_value)
        for parameter in one.parameters:
            assert parameter.read(spelled_out) == parameter.read(example)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("concept-threshold", "concept-thresholder"),
        ("region-threshold", "region-thresholder"),
        ("text-aggregation-operator", "text-aggregation"),
        ("language-id-operator", "language-id"),
        ("aws-lambda", "webhook"),
        ("status-push", "webhook"),
        ("results-push", "webhook"),
    ],
)
def test_old_names_still_work(old: str, new: str) -> None:
    assert find(old) is find(new)
    assert is_light(old) is is_light(new)


def test_what_is_no_operator_is_not_light() -> None:
    assert not is_light("visual-classifier")
    with pytest.raises(ModelInvalid, match="no operator"):
        compile_operator("visual-classifier", OutputInfo())


def test_arithmetic_other_packages_are_found(install: Callable[[object], None]) -> None:
    @operator("night-filter", title="Night Filter", kind="filter", light=False)
    def night_filter() -> registry.Step:
        """Keep what was seen at night."""
        return lambda seen, draw: seen

    install(night_filter)
    assert find("night-filter") is night_filter
    assert not is_light("night-filter")


def test_an_entry_point_that_is_no_operator_is_left_out(install: Callable[[object], None]) -> None:
    install("nothing")
    assert {one.id for one in operators()} == set(EXAMPLES)
    (reason,) = broken_operators().values()
    assert "'other' of bowerbird.operators is no operator" in reason


def test_another_package_cannot_take_a_name(install: Callable[[object], None]) -> None:
    @operator("random-sample", title="Another", kind="sampler")
    def another() -> registry.Step:
        """Not this one."""
        return lambda seen, draw: seen

    install(another)
    found = find("random-sample")
    assert found is not None
    assert found.title == "Random Sampler"
    assert broken_operators() == {"other = elsewhere": "ValueError: two operators are called 'random-sample'"}
