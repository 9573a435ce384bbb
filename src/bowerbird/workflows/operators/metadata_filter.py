"""The operator metadata-filter."""

import json
from collections.abc import Mapping
from typing import Annotated

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import PARAMS, Json, invalid
from bowerbird.workflows.operators import Look, Step, operator, telling
from bowerbird.workflows.predicate import compile_predicate
from bowerbird.workflows.view import View

LONGEST_LOOK = 1000  # characters
PREDICATE = (
    "The condition: {all: [...]}, {any: [...]}, {not: {...}}, or {field, op, value} with op one of eq, ne, "
    "in, gt, gte, lt, lte, exists, contains, startswith; or {geo: {box: [west, south, east, north]}} or "
    "{geo: {center: [longitude, latitude], radius_km}}. A field that is missing meets no condition."
)


@operator("metadata-filter", title="Metadata Filter", kind="filter")
def metadata_filter(*, predicate: Annotated[Mapping[str, object], Json(PREDICATE)]) -> Step:
    """Keep what was asked with input metadata, or from a place, that meets a condition."""
    try:
        test = compile_predicate(predicate)
    except ValueError as error:
        raise invalid(f"{PARAMS}predicate", f"expected {error}") from None

    def step(view: View, draw: Draw) -> View | None:
        return view if test(view) else None

    against = json.dumps(predicate, default=str)

    def look(view: View) -> Look:
        place = {"geo": view.geo} if view.geo else {}
        return Look(json.dumps({**view.metadata, **place}, default=str)[:LONGEST_LOOK], against)

    return telling(step, look)
