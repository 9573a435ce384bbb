"""The simulated collectors are the real ones."""

from typing import cast

import numpy as np
import pytest
from estimate.traffic import SEED, weighted
from workflows.shapes import info, output, view

from bowerbird.estimate.presets import PRESETS, Preset
from bowerbird.workflows.operators import Learner
from bowerbird.workflows.operators.weighted_sample import weighted_sample


class Seen:
    """A coin that never falls, and remembers with which chance it was thrown."""

    p = 0.0

    def coin(self, p: float, key: int) -> bool:
        self.p = p
        return False


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_the_weighted_sampler_gives_the_chances_of_the_simulation(preset: Preset) -> None:
    rate, coin = 0.04, Seen()
    drawn = np.random.default_rng(SEED).beta(0.3, 2.0, 3000)
    scores = np.floor(drawn * 4096) / 4096  # which outputs, 32-bit floats, hold exactly; some are 0
    step = weighted_sample.compile(info(**preset.parameters(rate)))
    given, learner = [], cast(Learner, step)
    for score in scores:
        one = view(output({"a": 1 - score / 2, "b": score / 2}))  # its margin is the score
        step(one, coin)
        learner.learn(one, taken=False)
        given.append(coin.p)
    assert given == pytest.approx(weighted(scores[None], preset, rate)[0].tolist())
