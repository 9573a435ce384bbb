"""The operator prediction-score-filter."""

import math
from typing import Annotated

from bowerbird.workflows import scores
from bowerbird.workflows.columns import between, by_concepts, topped_by
from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import PARAMS, Choice, Number, invalid
from bowerbird.workflows.gaps import Gap, beyond, gauging
from bowerbird.workflows.measures import (
    MOST,
    Aggregate,
    AggregateField,
    ConceptField,
    ConceptsField,
    EpsilonField,
    PhrasesField,
    Score,
    ThresholdField,
    measure,
    measure_columns,
    most,
)
from bowerbird.workflows.operators import ANY, Look, Step, operator, telling
from bowerbird.workflows.view import View

# Outputs are 32-bit floats: an output of 0.9 reads 0.89999998, and shall still lie in 0.9..1.
TOLERANCE = 1e-6


@operator(
    "prediction-score-filter",
    title="Prediction Score Filter",
    kind="filter",
    input_fields=["concepts", "regions[...].data.concepts", "text"],
    output_fields=ANY,
)
def prediction_score_filter(
    *,
    score: Annotated[Score, Choice("What is measured.", Score)],
    lo: Annotated[float, Number("The least score that is kept.", 0, MOST)] = 0.0,
    hi: Annotated[float | None, Number("The greatest score that is kept; empty: any.", 0, MOST)] = None,
    concept: ConceptField = "",
    threshold: ThresholdField = 0.5,
    epsilon: EpsilonField = 0.1,
    aggregate: AggregateField = Aggregate.MAX,
    concepts: ConceptsField = (),
    phrases: PhrasesField = (),
) -> Step:
    """Keep the whole prediction when its score lies between two bounds, which are included; of region_area,
    when any region's does. A prediction that has nothing to score is dropped."""
    measured = measure(
        score,
        concept=concept,
        threshold=threshold,
        epsilon=epsilon,
        aggregate=aggregate,
        concepts=concepts,
        phrases=phrases,
    )
    if score is Score.CLOSE_TO_THRESHOLD:
        lo, hi = 0.0, epsilon
    _check_bounds(lo, hi, most(score, aggregate))
    highest = math.inf if hi is None else hi
    step = _any_area(lo, highest) if score is Score.REGION_AREA else _between(measured, lo, highest)

    def look(view: View) -> Look:
        value = measured(view)
        of = f" of {concept}" if concept else ""
        shown = "nothing to score" if value is None else f"{score}{of} {value:.4g}"
        return Look(shown, f"at least {lo:g}" if hi is None else f"{lo:g} to {hi:g}")

    telling(step, look)
    if by_columns := measure_columns(score, concept, threshold):
        by_concepts(step, between(by_columns, lo - TOLERANCE, highest + TOLERANCE))
    elif score is Score.CONCEPT_IN and lo > TOLERANCE:
        by_concepts(step, topped_by(concepts))
    if score in _YES_OR_NO:
        return step
    if score is Score.REGION_AREA:
        return gauging(step, _area_gap(lo, highest))
    return gauging(step, lambda view: beyond(measured(view), lo, highest))


# These are 0 or 1: none of them comes near to a threshold.
_YES_OR_NO = (Score.CONCEPT_IN, Score.TEXT_HAS, Score.TEXT_IS_JSON)


def _check_bounds(lo: float, hi: float | None, greatest: float) -> None:
    if hi is not None and hi > greatest:
        raise invalid(f"{PARAMS}hi", f"expected a number from 0 to {greatest:g}; it is {hi:g}")
    highest = greatest if hi is None else hi
    if lo > highest:
        raise invalid(f"{PARAMS}lo", f"expected a number from 0 to {highest:g}; it is {lo:g}")


def _between(measured: scores.Score, lo: float, hi: float) -> Step:
    lowest, highest = lo - TOLERANCE, hi + TOLERANCE

    def step(view: View, draw: Draw) -> View | None:
        value = measured(view)
        return view if value is not None and lowest <= value <= highest else None

    return step


def _any_area(lo: float, hi: float) -> Step:
    lowest, highest = lo - TOLERANCE, hi + TOLERANCE

    def step(view: View, draw: Draw) -> View | None:
        return view if any(lowest <= area <= highest for area in scores.region_areas(view)) else None

    return step


def _area_gap(lo: float, hi: float) -> Gap:
    def gap(view: View) -> float | None:
        gaps = (beyond(area, lo, hi) for area in scores.region_areas(view))
        return min((one for one in gaps if one is not None), default=None)

    return gap
