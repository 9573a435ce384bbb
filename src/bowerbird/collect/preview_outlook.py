"""What a draft's kept items would tell of the model, and what becomes of its budgets."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import Workflow

from bowerbird.collect.limits import Limit, limits_of
from bowerbird.collect.preview import CONFIDENCE, DAY_S, Preview, Trial
from bowerbird.collect.preview_nodes import Place
from bowerbird.collect.reach import unreached
from bowerbird.estimate.figures import HEADLINE_SIZE
from bowerbird.estimate.intervals import wilson, z_of
from bowerbird.estimate.means import effective_size
from bowerbird.workflows.periods import Period, window_at

SUPPOSED = 0.9  # accuracy, as nobody knows it yet


@dataclass(frozen=True, slots=True)
class Outlook:
    """What labelling all that is kept in a day would allow to say. `half_width` in 0..1."""

    low: float | None = None  # the smallest and greatest π among the kept
    high: float | None = None
    per_day: float = 0.0  # effective items
    half_width: float | None = None
    days: float | None = None  # until there are enough for a figure
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """What would become of a budget: how many it gives in a period, and when it last had nothing left."""

    limit: Limit
    used: float
    full_at: float | None


def outlook(trial: Trial, found: Preview, *, has_post_queue: bool) -> Outlook:
    """Each kept item counts 1/π; Kish's number of them, scaled to a day, is what an estimate rests on."""
    chances = trial.closely.chances()
    pi = np.array([one for one in chances if one], np.float64)
    if not pi.size:
        return Outlook(refused=_no_chance(trial, found))
    low, high = float(pi.min()), float(pi.max())
    refused = _no_chance(trial, found) if pi.size < len(chances) else ""
    refused = refused or unreached(trial.plan, has_post_queue=has_post_queue)
    if refused:
        return Outlook(low, high, refused=refused)
    per_day = found.per_day[0] * effective_size(1 / pi) / pi.size
    half = _half_width(per_day) if per_day >= HEADLINE_SIZE else None
    return Outlook(low, high, per_day, half, HEADLINE_SIZE / per_day if per_day else None)


def _no_chance(trial: Trial, found: Preview) -> str:
    if any(stop.kind == "blind-sampler" for stop in trial.plan.stops):
        return "The probabilities of a rate-limit are unknown; those of a budget-sample are known."
    return "Nothing was kept." if not found.taken else "Of some that was kept the probability is unknown."


def _half_width(size: float) -> float:
    low, high = wilson(np.array([SUPPOSED]), np.array([size]), z_of(CONFIDENCE))
    return float(high[0] - low[0]) / 2


def budgets(workflow: Workflow | None, trial: Trial, found: Preview) -> Iterator[Budget]:
    """Of the workflow as it was given: the trial's may have been thinned."""
    if workflow is None:
        return
    places = {place.node_id: place for place in trial.closely.places}
    for limit in limits_of(workflow):
        length = window_at(limit.period, trial.since).length
        used = _a_day(places[limit.node_id], trial, found) * length / DAY_S
        yield Budget(limit, used, _full_at(trial.no_budget_at, limit.period))


def _a_day(place: Place, trial: Trial, found: Preview) -> float:
    """How many pass there in a day, from the part that was traced."""
    if not (trial.closely.traced and found.share[0]):
        return 0.0
    return place.passed / trial.closely.traced * found.per_day[0] / found.share[0]


def _full_at(times: list[float], period: Period) -> float | None:
    """When a budget first had nothing left, in the last period in which that was so."""
    if not times:
        return None
    start = window_at(period, times[-1]).start
    return next(at for at in times if at >= start)
