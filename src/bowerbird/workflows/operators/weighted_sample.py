"""The operator weighted-sample."""

from typing import Annotated, NamedTuple

from bowerbird.workflows import scores
from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import PARAMS, Choice, Field, Number, Share, invalid
from bowerbird.workflows.keys import KEY, REQUEST, Key, coin_key
from bowerbird.workflows.measures import (
    Aggregate,
    AggregateField,
    ConceptField,
    ConceptsField,
    EpsilonField,
    PhrasesField,
    Score,
    ThresholdField,
    measure,
)
from bowerbird.workflows.operators import ANY, Look, Step, operator
from bowerbird.workflows.state import Memory
from bowerbird.workflows.view import View

MEMORY = 1000  # predictions over which the mean fades
FLOOR = 0.25  # of rho


@operator(
    "weighted-sample",
    title="Weighted Sampler",
    kind="sampler",
    input_fields=["concepts", "regions[...].data.concepts", "text"],
    output_fields=ANY,
)
def weighted_sample(
    *,
    memory: Memory,
    rho: Annotated[float, Share("The share that is kept on the whole, about.")],
    score: Annotated[Score, Choice("What the chance grows with.", Score)] = Score.MARGIN,
    gamma: Annotated[
        float, Number("How steeply it grows: the power that the score is raised to.", 0, 10)
    ] = 2.0,
    eta: Annotated[float | None, Share("The least chance of any; empty: a quarter of rho.")] = None,
    key: Annotated[str, Field(KEY)] = REQUEST,
    concept: ConceptField = "",
    threshold: ThresholdField = 0.5,
    epsilon: EpsilonField = 0.1,
    aggregate: AggregateField = Aggregate.MAX,
    concepts: ConceptsField = (),
    phrases: PhrasesField = (),
) -> Step:
    """Keep a random share, more of what scores high: each with the chance rho·s^gamma / mean(s^gamma), at
    least eta and at most 1. The mean is of the last thousand or so predictions before, in this process. What
    has no score has the least chance; close_to_threshold scores 1 at the threshold."""
    if not rho:
        raise invalid(f"{PARAMS}rho", "expected a number above 0 and up to 1; it is 0")
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
        measured = _nearness(measured)
    least = FLOOR * rho if eta is None else eta
    return Weighted(measured, rho, gamma, least, coin_key(key), memory.cell(Mean), score)


class Mean:
    """The mean weight of the recent past: of all so far, then fading exponentially."""

    __slots__ = ("__weakref__", "_count", "value")

    def __init__(self) -> None:
        self.value: float | None = None
        self._count = 0

    def add(self, weight: float) -> None:
        before = self.value or 0.0
        self._count = min(self._count + 1, MEMORY)
        self.value = before + (weight - before) / self._count


class _Met(NamedTuple):
    """What a prediction met: the mean before it; and its own weight."""

    mean: float | None
    weight: float


class Weighted:
    """π = clip(ρ·s^γ / mean, η, 1). The mean that a prediction met is kept in its memo, so that its chance
    does not change when the mean does."""

    def __init__(
        self,
        measured: scores.Score,
        rho: float,
        gamma: float,
        eta: float,
        key: Key,
        mean: Mean,
        name: str,
    ) -> None:
        self._name = name
        self._measured = measured
        self._rho = rho
        self._gamma = gamma
        self._eta = eta
        self._key = key
        self._mean = mean

    @property
    def reaches_all(self) -> bool:
        return self._eta > 0

    def __call__(self, view: View, draw: Draw) -> View | None:
        score = self._measured(view)
        weight = max(score, 0.0) ** self._gamma if score is not None else 0.0
        met = view.memo.get(self)
        mean = met.mean if isinstance(met, _Met) else self._mean.value
        view.memo[self] = _Met(mean, weight)
        return view if draw.coin(self._chance(weight, mean), self._key(view)) else None

    def look(self, view: View) -> Look:
        score, met = self._measured(view), view.memo.get(self)
        mean = met.mean if isinstance(met, _Met) else None
        shown = "nothing to score" if score is None else f"{self._name} {score:.4g}"
        power = f"to the power {self._gamma:g}, against"
        return Look(shown, f"{power} nothing before" if mean is None else f"{power} a mean of {mean:.4g}")

    def learn(self, view: View, taken: bool) -> None:
        met = view.memo.get(self)
        if isinstance(met, _Met):
            self._mean.add(met.weight)

    def _chance(self, weight: float, mean: float | None) -> float:
        if mean is None:  # the first: there is nothing to compare it with
            return max(self._rho, self._eta)
        share = self._rho * weight
        if share >= mean:
            return 1.0 if share else self._eta
        return max(share / mean, self._eta)


def _nearness(distance: scores.Score) -> scores.Score:
    def score(view: View) -> float | None:
        far = distance(view)
        return None if far is None else 1 - far

    return score
