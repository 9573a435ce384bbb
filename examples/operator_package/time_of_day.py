"""An operator of one's own: keeps what was predicted at some hours of the day."""

from typing import Annotated

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import PARAMS, Number, Whole, invalid
from bowerbird.workflows.operators import Step, operator
from bowerbird.workflows.state import Memory
from bowerbird.workflows.view import View


@operator("time-of-day-filter", title="Time-of-Day Filter", kind="filter")
def time_of_day_filter(
    *,
    memory: Memory,  # it has the clock
    start: Annotated[int, Whole("The hour from which on predictions are kept.", 0, 23)],
    end: Annotated[int, Whole("The hour before which they are; over midnight if it is less.", 0, 24)],
    utc_offset: Annotated[float, Number("How many hours the place is ahead of UTC.", 0, 14)] = 0.0,
) -> Step:
    """Keep what is predicted at some hours of the day."""
    if start == end:
        raise invalid(f"{PARAMS}end", "expected another hour than start")
    clock = memory.state.clock

    def step(view: View, draw: Draw) -> View | None:
        hour = (clock() / 3600 + utc_offset) % 24
        is_in = start <= hour < end if start < end else hour >= start or hour < end
        return view if is_in else None

    return step
