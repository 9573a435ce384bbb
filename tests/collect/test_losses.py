"""What was lost of an hour without a coin."""

import pytest

from bowerbird.collect.losses import lost_of, population, worst
from bowerbird.queue import FunnelRow


def row(hour: int = 0, taken: int = 100, dead: int = 0, purged: int = 0, **skipped: int) -> FunnelRow:
    return FunnelRow("1", hour, taken, taken - dead - purged, dead, purged, skipped)


def test_who_was_not_to_be_collected_does_not_belong_to_the_traffic() -> None:
    assert population(row(inactive=50, caller=20, sampled_out=900)) == 1000


def test_an_hour_that_only_counted_does_not_either() -> None:
    assert population(row(taken=0, shadow=10, sampled_out=90)) == 0
    assert lost_of(row(taken=0, shadow=10, sampled_out=90)).share == 0


@pytest.mark.parametrize(
    ("hour", "share"),
    [
        (row(sampled_out=900), 0),
        (row(sampled_out=890, error=10), 0.01),
        (row(sampled_out=890, budget=10), 0.01),
        (row(taken=90, sampled_out=900, overflow=10), 0.1),  # a tenth of what was drawn stood for a tenth
        (row(dead=3, purged=2, sampled_out=900), 0.05),
        (row(taken=0), 0),
    ],
)
def test_what_was_drawn_spoke_for_others_too(hour: FunnelRow, share: float) -> None:
    assert lost_of(hour).share == pytest.approx(share)


def test_the_worst_hour_counts_and_says_why() -> None:
    found = worst([row(0, error=1), row(3600, error=5, sampled_out=95), row(7200)])
    assert (found.hour, found.counts) == (3600, {"error": 5})
    assert worst([]).share == 0
