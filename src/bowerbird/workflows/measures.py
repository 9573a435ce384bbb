"""The scores by their names, as parameters of operators choose them."""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from bowerbird.workflows import column_scores, scores
from bowerbird.workflows.column_scores import ColumnScore
from bowerbird.workflows.fields import PARAMS, Choice, Field, Names, Share, invalid

MOST = 1e9  # regions, characters or a sum


class Score(StrEnum):
    """What of a prediction may be measured."""

    MAX_PROB = "max_prob"
    MIN_PROB = "min_prob"
    LEAST_CONFIDENCE = "least_confidence"
    MARGIN = "margin"
    RATIO = "ratio"
    ENTROPY = "entropy"
    BINARY_ENTROPY = "binary_entropy"
    CONCEPT_PROB = "concept_prob"
    CONCEPT_IN = "concept_in"
    CLOSE_TO_THRESHOLD = "close_to_threshold"
    REGION_COUNT = "region_count"
    CONFIDENT_REGIONS = "confident_regions"
    UNCERTAIN_REGIONS = "uncertain_regions"
    MAX_REGION_PROB = "max_region_prob"
    REGION_UNCERTAINTY = "region_uncertainty"
    REGION_ENTROPY = "region_entropy"
    REGION_AREA = "region_area"
    TEXT_LENGTH = "text_length"
    TEXT_HAS = "text_has"
    TEXT_IS_JSON = "text_is_json"


class Aggregate(StrEnum):
    """What several values become."""

    MAX = "max"
    MEAN = "mean"
    SUM = "sum"


ConceptField = Annotated[
    str,
    Field("The concept of concept_prob and close_to_threshold; of confident_ and uncertain_regions, if any."),
]
ThresholdField = Annotated[
    float, Share("The threshold of close_to_threshold, confident_regions and uncertain_regions.")
]
EpsilonField = Annotated[
    float, Share("The greatest distance from the threshold, of close_to_threshold and uncertain_regions.")
]
ConceptsField = Annotated[tuple[str, ...], Names("The concepts of concept_in.")]
PhrasesField = Annotated[tuple[str, ...], Names("The phrases of text_has.")]
AggregateField = Annotated[
    Aggregate,
    Choice("What the values of binary_entropy, region_uncertainty and region_entropy become.", Aggregate),
]

_PLAIN: dict[Score, scores.Score] = {
    Score.MAX_PROB: scores.max_prob,
    Score.MIN_PROB: scores.min_prob,
    Score.LEAST_CONFIDENCE: scores.least_confidence,
    Score.MARGIN: scores.margin,
    Score.RATIO: scores.ratio,
    Score.ENTROPY: scores.entropy,
    Score.REGION_COUNT: scores.region_count,
    Score.MAX_REGION_PROB: scores.max_region_prob,
    Score.REGION_AREA: scores.max_region_area,
    Score.TEXT_LENGTH: scores.text_length,
    Score.TEXT_IS_JSON: scores.text_is_json,
}
_AGGREGATED = {
    Score.BINARY_ENTROPY: scores.binary_entropy,
    Score.REGION_UNCERTAINTY: scores.region_uncertainty,
    Score.REGION_ENTROPY: scores.region_entropy,
}
_COUNTS = {Score.REGION_COUNT, Score.CONFIDENT_REGIONS, Score.UNCERTAIN_REGIONS, Score.TEXT_LENGTH}


def measure(
    score: Score,
    *,
    concept: str,
    threshold: float,
    epsilon: float,
    aggregate: Aggregate,
    concepts: Sequence[str],
    phrases: Sequence[str],
) -> scores.Score:
    """The function that measures; of close_to_threshold, the distance. Raises ModelInvalid."""
    if score in _AGGREGATED:
        return _AGGREGATED[score](_AGGREGATES[aggregate])
    match score:
        case Score.CONCEPT_PROB:
            return scores.concept_prob(_given("concept", concept, score))
        case Score.CLOSE_TO_THRESHOLD:
            return scores.distance_to_threshold(_given("concept", concept, score), threshold)
        case Score.CONCEPT_IN:
            return scores.concept_in(_listed("concepts", concepts, score))
        case Score.TEXT_HAS:
            return scores.text_has(_listed("phrases", phrases, score))
        case Score.CONFIDENT_REGIONS:
            return scores.confident_regions(concept, threshold)
        case Score.UNCERTAIN_REGIONS:
            return scores.uncertain_regions(concept, threshold, epsilon)
    return _PLAIN[score]


_BY_COLUMNS: dict[Score, ColumnScore] = {
    Score.MAX_PROB: column_scores.max_prob,
    Score.MIN_PROB: column_scores.min_prob,
    Score.LEAST_CONFIDENCE: column_scores.least_confidence,
    Score.MARGIN: column_scores.margin,
    Score.RATIO: column_scores.ratio,
    Score.ENTROPY: column_scores.entropy,
}


def measure_columns(score: Score, concept: str, threshold: float) -> ColumnScore | None:
    """What measures the same of many, where that is of use."""
    if score is Score.CONCEPT_PROB:
        return column_scores.concept_prob(concept)
    if score is Score.CLOSE_TO_THRESHOLD:
        return column_scores.distance_to_threshold(concept, threshold)
    return _BY_COLUMNS.get(score)


def most(score: Score, aggregate: Aggregate) -> float:
    """No score of that kind can be greater."""
    is_sum = score in _AGGREGATED and aggregate is Aggregate.SUM
    return MOST if is_sum or score in _COUNTS else 1.0


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


_AGGREGATES: dict[Aggregate, scores.Aggregate] = {
    Aggregate.MAX: max,
    Aggregate.MEAN: _mean,
    Aggregate.SUM: math.fsum,
}


def _given(name: str, concept: str, score: Score) -> str:
    if not concept:
        raise invalid(PARAMS + name, f"expected the id of a concept, for the score {score}")
    return concept


def _listed(name: str, texts: Sequence[str], score: Score) -> Sequence[str]:
    if not texts:
        raise invalid(PARAMS + name, f"expected at least one, for the score {score}")
    return texts
