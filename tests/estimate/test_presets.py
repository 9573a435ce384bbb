"""The presets, and how much a threshold must explore."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.errors import Invalid
from bowerbird.estimate.figures import Reason
from bowerbird.estimate.presets import PRESETS, exploration_guard, exploration_needed, exploration_rate


def test_three_presets_weigh_the_margin() -> None:
    found = {preset.id: (preset.gamma, preset.floor_of_rate) for preset in PRESETS.values()}
    assert found == {"balanced": (2, 0.25), "learn-fastest": (4, 0.1), "measure-first": (1, 0.5)}
    assert {preset.score for preset in PRESETS.values()} == {"margin"}


def test_the_floor_follows_the_rate() -> None:
    assert PRESETS["balanced"].floor(0.04) == pytest.approx(0.01)


def test_presets_speak_the_samplers_words() -> None:
    assert PRESETS["measure-first"].parameters(0.04) == {
        "score": "margin",
        "rho": 0.04,
        "gamma": 1,
        "eta": 0.02,
    }


@pytest.mark.parametrize(
    ("accuracy", "needed"), [(None, 0.25), (0.5, 0.25), (0.95, 0.25), (0.951, 0.5), (1.0, 0.5)]
)
def test_a_good_model_needs_more_exploration(accuracy: float | None, needed: float) -> None:
    assert exploration_needed(accuracy) == needed


@pytest.mark.parametrize(
    ("explored", "kept", "accuracy", "is_enough"),
    [
        (25, 100, None, True),
        (24, 100, None, False),
        (25, 100, 0.96, False),
        (50, 100, 0.96, True),
        (0, 0, None, True),
    ],
)
def test_the_guard_speaks_when_exploration_is_too_little(
    explored: int, kept: int, accuracy: float | None, is_enough: bool
) -> None:
    found = exploration_guard(explored, kept, accuracy)
    assert (found is None) == is_enough
    assert found is None or (found.reason == Reason.EXPLORATION and "weighted-sample" in found.how_to_mend)


@given(st.floats(0, 1), st.floats(0, 0.99))
def test_the_exploration_rate_gives_its_share_of_what_is_kept(taken: float, share: float) -> None:
    rate = exploration_rate(taken, share)
    kept = taken + rate * (1 - taken)
    assert 0 <= rate <= 1
    assert rate == pytest.approx(share * kept)


@pytest.mark.parametrize(("taken", "share"), [(0.0, 1.0), (-0.1, 0.5), (0.5, 1.1)])
def test_shares_that_cannot_be_are_refused(taken: float, share: float) -> None:
    with pytest.raises(Invalid):
        exploration_rate(taken, share)
