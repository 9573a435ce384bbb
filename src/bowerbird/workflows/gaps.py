"""How near a prediction came to the threshold that dropped it, for operators that have one."""

from collections.abc import Callable, Iterable, Mapping

from bowerbird.workflows.operators import Step
from bowerbird.workflows.view import View

Gap = Callable[[View], float | None]  # 0 or more, in the unit of the score; None: it has no score


def gauging(step: Step, gap: Gap) -> Step:
    """The step itself, which now tells how far what it drops was from passing."""
    step.gap = gap  # type: ignore[attr-defined]  # functions take any attribute
    return step


def gap_of(step: object) -> Gap | None:
    """What a step tells of its drops; None where it has no threshold."""
    found: Gap | None = getattr(step, "gap", None)
    return found


def beyond(value: float | None, low: float, high: float) -> float | None:
    """How far a value lies outside of low..high."""
    return None if value is None else max(low - value, value - high, 0.0)


def nearest(many: Iterable[Mapping[str, float]], thresholds: Mapping[str, float]) -> float | None:
    """The smallest distance of any value that has a threshold from it."""
    distances = (
        abs(values[concept] - threshold)
        for values in many
        for concept, threshold in thresholds.items()
        if concept in values
    )
    return min(distances, default=None)
