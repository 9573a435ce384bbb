"""The operator novelty-filter."""

from collections.abc import Sequence
from statistics import fmean
from typing import Annotated

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import Number, Whole
from bowerbird.workflows.neighbours import embedding_of
from bowerbird.workflows.operators import ANY, SlowStep, operator
from bowerbird.workflows.outside import Outside
from bowerbird.workflows.view import View


@operator(
    "novelty-filter",
    title="Novelty Filter",
    kind="filter",
    input_fields=["embeddings", "regions[...].data.embeddings"],
    output_fields=ANY,
    light=False,
)
def novelty_filter(
    *,
    outside: Outside,
    k: Annotated[int, Whole("How many of the nearest are looked at.", 1, 100)] = 5,
    threshold: Annotated[
        float, Number("The least mean distance to them, 1 - cosine, with which it is kept.", 0, 2)
    ] = 0.1,
) -> SlowStep:
    """Keep what is unlike anything that the app already holds, by the embedding: that of the model of the
    app's base workflow, which has to come before this node. Without an embedding of the whole, each region
    that has one is judged by its own: those that are not new go, and the prediction with the last of them.
    What has no embedding cannot be compared and is kept; so is everything while the app holds nothing."""

    async def is_new(embedding: Sequence[float]) -> bool:
        near = await outside.nearest.nearest(outside.app, embedding, k) if embedding else ()
        return not near or fmean(1 - one.similarity for one in near) >= threshold

    async def step(view: View, draw: Draw) -> View | None:
        data = view.output
        if data.embeddings or not any(region.data.embeddings for region in data.regions):
            return view if await is_new(embedding_of(data)) else None
        kept = [one for one in view.regions if await is_new(embedding_of(data.regions[one.index].data))]
        return view.with_regions(tuple(kept)) if kept else None

    return step
