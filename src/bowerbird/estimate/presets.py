"""Three ways to collect that leave a truthful estimate, and how much a threshold must explore to do so."""

from dataclasses import dataclass

from bowerbird.errors import Invalid
from bowerbird.estimate.figures import Reason, Refused

EXPLORED = 0.25  # share of the kept items that exploration must have drawn
EXPLORED_OF_GOOD = 0.5  # the same for a model whose accuracy is above GOOD
GOOD = 0.95


@dataclass(frozen=True, slots=True)
class Preset:
    """A weighted sampler on a score: π = clip(ρ·s^γ / EMA[s^γ], η, 1), where ρ is the rate."""

    id: str
    title: str
    gamma: float
    floor_of_rate: float  # η = floor_of_rate · ρ
    about: str
    score: str = "margin"  # entropy learnt slower than random in half of the streams tried

    def floor(self, rate: float) -> float:
        """η, the least chance of any prediction, for a rate ρ in 0..1."""
        return self.floor_of_rate * rate

    def parameters(self, rate: float) -> dict[str, str | float]:
        """Those of weighted-sample, under its names, for a rate ρ in 0..1."""
        return {"score": self.score, "rho": rate, "gamma": self.gamma, "eta": self.floor(rate)}


BALANCED = Preset("balanced", "Balanced", 2, 0.25, "Doubtful predictions first, and a fair estimate.")
LEARN_FASTEST = Preset(
    "learn-fastest", "Learn fastest", 4, 0.1, "Mostly doubtful predictions; a headline needs more labels."
)
MEASURE_FIRST = Preset(
    "measure-first", "Measure first", 1, 0.5, "A sharp estimate with few labels; learns a little slower."
)
RATE = 0.05  # when none is given
PRESETS = {preset.id: preset for preset in (BALANCED, LEARN_FASTEST, MEASURE_FIRST)}


def exploration_needed(accuracy: float | None) -> float:
    """Share of a threshold collector's kept items that exploration must draw; accuracy None: not known."""
    return EXPLORED_OF_GOOD if accuracy is not None and accuracy > GOOD else EXPLORED


def exploration_rate(taken: float, share: float) -> float:
    """The η that makes exploration draw `share` of what is kept, if the rules take the share `taken` of all.

    Kept is taken + η(1 - taken), explored is η. Both in 0..1, not both 1.
    """
    if not (0 <= taken <= 1 and 0 <= share <= 1 and share * (1 - taken) < 1):
        raise Invalid(f"taken, share: expected shares from 0 to 1; they are {taken} and {share}")
    return min(1.0, share * taken / (1 - share * (1 - taken)))


def exploration_guard(explored: int, kept: int, accuracy: float | None = None) -> Refused | None:
    """What to tell who collects by a threshold with too little exploration for an estimate; None: enough."""
    needed = exploration_needed(accuracy)
    if not kept or explored >= needed * kept:
        return None
    return Refused(Reason.EXPLORATION, _GUARD.format(found=explored / kept, needed=needed))


_GUARD = (
    "Exploration drew {found:.0%} of what was kept; an estimate of production wants {needed:.0%}. Raise the "
    "exploration share, or replace the threshold by weighted-sample on margin, which needs none."
)
