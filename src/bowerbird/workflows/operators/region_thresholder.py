"""The operator region-thresholder."""

from typing import Annotated

from bowerbird.workflows.comparators import Comparator, in_words, selector, those_of
from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import Choice, Flag, Thresholds
from bowerbird.workflows.gaps import gauging, nearest
from bowerbird.workflows.operators import Look, Step, operator, telling
from bowerbird.workflows.view import Region, View

MOST_SHOWN = 20  # regions
FIELDS = ["regions[...].data.concepts"]


@operator(
    "region-thresholder",
    title="Region Thresholder",
    kind="editor",
    aliases=["region-threshold"],
    input_fields=FIELDS,
    output_fields=FIELDS,
)
def region_thresholder(
    *,
    thresholds: Annotated[dict[str, float], Thresholds("The concepts, each with its threshold.")],
    concept_threshold_type: Annotated[
        Comparator, Choice("How a value must compare with its threshold.", Comparator)
    ] = Comparator.GREATER_THAN,
    filter_other_concepts: Annotated[bool, Flag("Drop concepts that have no threshold.")] = True,
) -> Step:
    """Keep, in each region, the concepts whose values pass. Regions without any go; so does a prediction
    without regions."""
    select = selector(thresholds, concept_threshold_type, filter_other=filter_other_concepts)

    def step(view: View, draw: Draw) -> View | None:
        kept = tuple(
            Region(region.index, region.value, values)
            for region in view.regions
            if (values := select(region.values))
        )
        return view.with_regions(kept) if kept else None

    against = in_words(thresholds, concept_threshold_type)

    def look(view: View) -> Look:
        shown = [those_of(region.values, thresholds) for region in view.regions[:MOST_SHOWN]]
        more = len(view.regions) - len(shown)
        return Look("; ".join(shown + [f"{more} more regions"] * (more > 0)) or "no regions", against)

    return gauging(
        telling(step, look), lambda view: nearest((region.values for region in view.regions), thresholds)
    )
