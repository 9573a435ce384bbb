"""Traffic that was made up: skewed classes, mostly easy, in bursts; two models, and the collectors on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from bowerbird.estimate.presets import Preset, exploration_rate
from bowerbird.estimate.sample import Sample, sample

Floats = npt.NDArray[np.float64]
Random = np.random.Generator

SEED = 3
RUNS = 300
OFFERED = 10_000
REPEATED = 0.1
STRENGTHS = {"good": 5.25, "fair": 3.45}  # of a model that is wrong of 0.02, of 0.10
CLASSES = 10
PRIOR = 1 / np.arange(1, CLASSES + 1) / (1 / np.arange(1, CLASSES + 1)).sum()
POOL = 100_000  # predictions that the runs draw from
BURST = 50  # a repeat is of one of so many predictions before it
MEMORY = 1000  # predictions over which the weighted sampler's mean fades


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model said of some items, and what they are: arrays of one shape."""

    truth: npt.NDArray[np.intp]
    predicted: npt.NDArray[np.intp]
    margin: Floats  # 1 - (p1 - p2), the doubt that samplers look at
    doubt: Floats  # 1 - p1

    @property
    def wrong(self) -> Floats:
        return np.asarray(self.truth != self.predicted, np.float64)

    def at(self, places: npt.NDArray[np.intp]) -> "Predictions":
        return Predictions(
            self.truth[places], self.predicted[places], self.margin[places], self.doubt[places]
        )


def model(random: Random, strength: float) -> Predictions:
    """A pool of predictions over classes of Zipf's shares."""
    return predictions(random, random.choice(CLASSES, POOL, p=PRIOR), strength)


def predictions(random: Random, truth: npt.NDArray[np.intp], strength: float) -> Predictions:
    """What a model says of items with that (n,) truth; it is too sure of hard ones.

    It sees the class as a signal of that mean strength in noise; how strong it is differs between items.
    """
    seen = random.standard_normal((len(truth), CLASSES))
    seen[np.arange(len(truth)), truth] += strength * random.lognormal(-(0.35**2) / 2, 0.35, len(truth))
    chances = np.exp(strength * (seen - seen.max(axis=1, keepdims=True))) * PRIOR
    chances /= chances.sum(axis=1, keepdims=True)
    second, first = np.partition(chances, -2, axis=1)[:, -2:].T
    return Predictions(truth, chances.argmax(axis=1), 1 - (first - second), 1 - first)


def bursts(random: Random, runs: int, offered: int, repeated: float) -> npt.NDArray[np.intp]:
    """(runs, offered): place of the first prediction of the same input; its own if it is no repeat."""
    first = np.tile(np.arange(offered), (runs, 1))
    again = random.random((runs, offered)) < repeated
    back = random.integers(1, BURST + 1, (runs, offered))
    every = np.arange(runs)
    for place in range(BURST, offered):
        first[:, place] = np.where(again[:, place], first[every, place - back[:, place]], place)
    return first


@cache
def production(quality: str) -> tuple[Predictions, npt.NDArray[np.intp]]:
    """(RUNS, OFFERED) predictions of a good or fair model, and the place of the first of the same input."""
    random = np.random.default_rng([SEED, *quality.encode()])
    first = bursts(random, RUNS, OFFERED, REPEATED)
    drawn = random.integers(0, POOL, first.shape)
    return model(random, STRENGTHS[quality]).at(np.take_along_axis(drawn, first, axis=1)), first


def weighted(scores: Floats, preset: Preset, rate: float) -> Floats:
    """(runs, offered) π of weighted-sample: clip(ρ·s^γ / mean[s^γ], η, 1), the mean of what came before."""
    powers = np.ascontiguousarray((scores**preset.gamma).T)
    floor = preset.floor(rate)
    chances, mean = np.empty_like(powers), powers[0].copy()
    chances[0] = rate  # the first has nothing to be compared with
    for place in range(1, len(powers)):
        share = rate * powers[place]
        chances[place] = np.divide(share, mean, out=np.sign(share), where=share < mean)
        mean += (powers[place] - mean) / min(place + 1, MEMORY)
    return np.clip(chances.T, floor, 1)


def only_above(scores: Floats, taken: float) -> Floats:
    """(runs, offered) π of a filter that takes the most doubtful: 1 or 0."""
    return (scores > np.quantile(scores, 1 - taken)).astype(np.float64)


def threshold(scores: Floats, taken: float, share: float) -> Floats:
    """(runs, offered) π of the same with a coin that draws `share` of what is kept from everything."""
    return np.maximum(only_above(scores, taken), exploration_rate(taken, share))


def collected(
    random: Random, chances: Floats, first: npt.NDArray[np.intp], *, reaches_all: bool = True
) -> Iterator[tuple[npt.NDArray[np.intp], Sample]]:
    """Run by run: the places of the kept predictions, and the sample they are. Repeats of those that
    passed the coin are dropped and counted on the first of them."""
    passed = random.random(chances.shape) < chances
    for run, pi in enumerate(chances):
        places = np.flatnonzero(passed[run])
        _, heads, counts = np.unique(first[run, places], return_index=True, return_counts=True)
        kept = places[heads]
        yield (
            kept,
            sample(pi[kept], repeats=counts - 1, offered=len(pi), lost=0, reaches_all=reaches_all),
        )
