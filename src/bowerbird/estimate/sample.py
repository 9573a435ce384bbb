"""What was collected of what was offered, with the chance that each item had."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from bowerbird.errors import Invalid

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.intp]
Value = TypeVar("Value", bound=np.generic)

UNLABELLED = -1  # the code of a truth that nobody has told yet


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The n kept items of a collector, labelled or not, and what is known of the traffic they stand for.

    pi: inclusion probability of each item, 0 < π ≤ 1; NaN where it is unknown.
    repeats: how many later items each one stands for, those that `dedup` dropped.
    explored: was it drawn by the exploration coin, whatever the rules said of it?
    strata: of each item, any integer; None: they are made from π.
    offered: predictions in that time, taken or not.
    lost: share of them that was lost without a coin, 0 to 1; the worst hour's, where hours are known.
    reaches_all: had every prediction a chance, π > 0?
    """

    pi: Floats
    repeats: Floats
    explored: Bools
    strata: Codes | None
    offered: int
    lost: float
    reaches_all: bool

    @property
    def is_known(self) -> Bools:
        """(n,): is π known?"""
        return ~np.isnan(self.pi)

    @property
    def weights(self) -> Floats:
        """(n,): w = (1 + repeats)/π, how many predictions an item stands for; NaN where π is unknown.

        It takes a repeat to have passed the sampler's coin before `dedup` dropped and counted it.
        """
        return (1 + self.repeats) / self.pi


def sample(
    pi: npt.ArrayLike,
    *,
    offered: int,
    lost: float,
    reaches_all: bool,
    repeats: npt.ArrayLike = 0,
    explored: npt.ArrayLike = False,
    strata: npt.ArrayLike | None = None,
) -> Sample:
    """A checked Sample. `repeats`, `explored`: (n,), or one value for all. Raises Invalid."""
    chances = np.asarray(pi, np.float64)
    if chances.ndim != 1:
        raise Invalid(f"pi: expected one number for each item; its shape is {chances.shape}")
    made = Sample(
        pi=chances,
        repeats=_spread("repeats", np.asarray(repeats, np.float64), len(chances)),
        explored=_spread("explored", np.asarray(explored, np.bool_), len(chances)),
        strata=None if strata is None else _spread("strata", np.asarray(strata, np.intp), len(chances)),
        offered=offered,
        lost=lost,
        reaches_all=reaches_all,
    )
    _check(made)
    return made


def one_hot(codes: npt.ArrayLike, classes: int) -> Floats:
    """(n, classes) of 0 and 1 from (n,) class codes; a row of NaN for an UNLABELLED one. Raises Invalid."""
    given = np.asarray(codes, np.intp)
    if given.size and not -1 <= given.min() <= given.max() < classes:
        raise Invalid(f"class codes: expected -1 to {classes - 1}; they are {given.min()} to {given.max()}")
    rows = np.asarray(given[:, None] == np.arange(classes), np.float64)
    rows[given == UNLABELLED] = np.nan
    return rows


def wrong(truth: npt.ArrayLike, predicted: npt.ArrayLike) -> Floats:
    """(n,): 1 where the codes differ, 0 where they agree, NaN where the truth is UNLABELLED."""
    told = np.asarray(truth, np.intp)
    differs = np.asarray(told != np.asarray(predicted, np.intp), np.float64)
    differs[told == UNLABELLED] = np.nan
    return differs


def outcomes(name: str, values: npt.ArrayLike, shape: Sequence[int], lowest: float = 0.0) -> Floats:
    """`values` as floats of that shape in lowest..1, NaN where the item is not labelled. Raises Invalid."""
    y = np.asarray(values, np.float64)
    if y.shape != tuple(shape):
        raise Invalid(f"{name}: expected the shape {tuple(shape)}; it is {y.shape}")
    if np.any(y < lowest) or np.any(y > 1):
        raise Invalid(f"{name}: expected numbers from {lowest:g} to 1, or NaN for an unlabelled item")
    return y


def _spread(name: str, values: npt.NDArray[Value], n: int) -> npt.NDArray[Value]:
    if values.ndim and values.shape != (n,):
        raise Invalid(f"{name}: expected one value for each of {n} items; its shape is {values.shape}")
    return np.broadcast_to(values, (n,))


def _check(made: Sample) -> None:
    if np.any(made.pi <= 0) or np.any(made.pi > 1):
        raise Invalid("pi: expected numbers above 0 and up to 1, or NaN where it is unknown")
    if not np.all(np.isfinite(made.repeats)) or np.any(made.repeats < 0):
        raise Invalid("repeats: expected numbers of at least 0")
    if made.offered < len(made.pi):
        raise Invalid(f"offered: {made.offered}, but {len(made.pi)} items were kept of them")
    if not 0 <= made.lost <= 1:
        raise Invalid(f"lost: expected a share from 0 to 1; it is {made.lost}")
