"""Coins: as good as chance, and the same whenever they are thrown again."""

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.workflows.draws import HashedDraw, digest

KEYS = [digest(f"request-{number}:0") for number in range(40_000)]
CELLS = 16


def chi_squared(counts: dict[object, int], cells: int) -> float:
    expected = len(KEYS) / cells
    missing = cells - len(counts)
    return sum((count - expected) ** 2 / expected for count in counts.values()) + missing * expected


def is_plausible(statistic: float, cells: int) -> bool:
    """Within five standard deviations of what chance gives."""
    freedom = cells - 1
    return abs(statistic - freedom) < 5 * math.sqrt(2 * freedom)


def tally(*draws: HashedDraw) -> dict[object, int]:
    counts: dict[object, int] = {}
    for key in KEYS:
        cell = tuple(int(draw.u(key) * CELLS) for draw in draws)
        counts[cell] = counts.get(cell, 0) + 1
    return counts


@pytest.mark.parametrize("node", ["", "sample", "sample-2"])
def test_u_is_uniform(node: str) -> None:
    assert is_plausible(chi_squared(tally(HashedDraw("collector", node)), CELLS), CELLS)


DRAWS = [HashedDraw(salt, node) for salt in ("alice", "bob") for node in ("", "first", "second")]


@pytest.mark.parametrize(("one", "other"), list(combinations(DRAWS, 2)))
def test_nodes_and_collectors_throw_independent_coins(one: HashedDraw, other: HashedDraw) -> None:
    assert is_plausible(chi_squared(tally(one, other), CELLS**2), CELLS**2)


def test_three_coins_thrown_together_are_independent() -> None:
    assert is_plausible(chi_squared(tally(*DRAWS[:3]), CELLS**3), CELLS**3)


def test_keys_that_follow_each_other_have_independent_coins() -> None:
    draw = HashedDraw("collector", "node")
    counts: dict[object, int] = {}
    for one, other in zip(KEYS, KEYS[1:] + KEYS[:1], strict=True):
        cell = int(draw.u(one) * CELLS), int(draw.u(other) * CELLS)
        counts[cell] = counts.get(cell, 0) + 1
    assert is_plausible(chi_squared(counts, CELLS**2), CELLS**2)


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_raising_the_share_keeps_the_earlier_sample(key: str, p: float, q: float) -> None:
    draw = HashedDraw("collector", "node")
    low, high = sorted((p, q))
    assert draw.coin(high, digest(key)) or not draw.coin(low, digest(key))


@given(st.text(), st.text(), st.text())
def test_a_share_of_none_or_all_is_exact(salt: str, node: str, key: str) -> None:
    draw = HashedDraw(salt, node)
    assert draw.coin(1.0, digest(key))
    assert not draw.coin(0.0, digest(key))


def test_salt_and_node_cannot_be_mistaken_for_each_other() -> None:
    assert HashedDraw("ab", "c").a != HashedDraw("a", "bc").a


def test_coins_never_change_between_releases() -> None:
    draw = HashedDraw("collector", "node")
    assert [round(draw.u(digest(key)), 6) for key in ("a", "b")] == [0.381355, 0.97386]
