"""The operator concept-thresholder."""

from typing import Annotated

from bowerbird.workflows.comparators import RISING, Comparator, in_words, selector, those_of
from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import Choice, Flag, Thresholds
from bowerbird.workflows.gaps import gauging, nearest
from bowerbird.workflows.operators import Look, Step, operator, selective, telling
from bowerbird.workflows.view import View


@operator(
    "concept-thresholder",
    title="Concept Thresholder",
    kind="editor",
    aliases=["concept-threshold"],
    input_fields=["concepts"],
    output_fields=["concepts"],
)
def concept_thresholder(
    *,
    thresholds: Annotated[dict[str, float], Thresholds("The concepts, each with its threshold.")],
    concept_threshold_type: Annotated[
        Comparator, Choice("How a value must compare with its threshold.", Comparator)
    ] = Comparator.GREATER_THAN,
    filter_other_concepts: Annotated[bool, Flag("Drop concepts that have no threshold.")] = True,
) -> Step:
    """Keep the concepts whose values pass their thresholds, and drop a prediction without any."""
    select = selector(thresholds, concept_threshold_type, filter_other=filter_other_concepts)

    def step(view: View, draw: Draw) -> View | None:
        kept = select(view.values)
        return view.with_values(kept) if kept else None

    against = in_words(thresholds, concept_threshold_type)
    is_selective = filter_other_concepts and concept_threshold_type in RISING
    made = selective(step, thresholds) if is_selective else step
    told = telling(made, lambda view: Look(those_of(view.values, thresholds), against))
    return gauging(told, lambda view: nearest([view.values], thresholds))
