"""The operator object-counter."""

from collections import Counter
from typing import Annotated

from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import Concepts, Share
from bowerbird.workflows.operators import Look, Step, operator, telling
from bowerbird.workflows.plain import to_value
from bowerbird.workflows.view import View

COUNT = "object_count"


@operator(
    "object-counter",
    title="Object Counter",
    kind="maker",
    input_fields=["regions[...].data.concepts"],
    output_fields=["metadata"],
)
def object_counter(
    *,
    concepts: Annotated[tuple[str, ...], Concepts("The concepts to count; none: all.")] = (),
    threshold: Annotated[float, Share("The least value with which a region counts.")] = 0.0,
) -> Step:
    """Count the regions of each concept, into the metadata: {object_count: {car: 2}}. A region counts for
    the concept with the greatest value in it. What has nothing to count is dropped."""
    wanted = frozenset(concepts)

    def count(view: View) -> Counter[str]:
        counts: Counter[str] = Counter()
        for region in view.regions:
            best = max(region.values, key=region.values.__getitem__, default="")
            if best and region.values[best] >= threshold and (not wanted or best in wanted):
                counts[best] += 1
        return counts

    def step(view: View, draw: Draw) -> View | None:
        counts = count(view)
        if not counts:
            return None
        output = Data()
        output.metadata.fields[COUNT].CopyFrom(to_value(dict(counts)))
        return view.with_output(output)

    def look(view: View) -> Look:
        counted = ", ".join(f"{n} × {id}" for id, n in count(view).items())
        return Look(counted or "none", f"at least {threshold:g}")

    return telling(step, look)
