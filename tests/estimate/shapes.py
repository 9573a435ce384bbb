"""Samples for the tests to estimate from."""

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from bowerbird.estimate.figures import Headline, Refused
from bowerbird.estimate.sample import Sample, sample

Floats = npt.NDArray[np.float64]


def even(n: int, pi: float = 1.0, **others: Any) -> Sample:  # whatever sample() takes
    """n items of equal chance, of traffic that was offered in full."""
    return uneven([pi] * n, **others)


def uneven(pi: npt.ArrayLike, **others: Any) -> Sample:  # whatever sample() takes
    return sample(pi, **{"offered": 1_000_000, "lost": 0.0, "reaches_all": True, **others})


def told(found: Headline | Refused) -> Headline:
    assert isinstance(found, Headline), found
    return found


@st.composite
def labelled(draw: st.DrawFn, least: int = 1, most: int = 60) -> tuple[Floats, Floats]:
    """(n,) π and outcomes, few or many distinct π."""
    n = draw(st.integers(least, most))
    chances = st.sampled_from([0.01, 0.25, 1.0]) if draw(st.booleans()) else st.floats(1e-4, 1)
    pi = draw(st.lists(chances, min_size=n, max_size=n))
    y = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=n, max_size=n))
    return np.array(pi), np.array(y)
