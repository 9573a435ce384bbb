"""What several people say of an item."""

import pytest

from bowerbird.estimate.truth import Vote, truth_of

CAT, DOG, NOTHING = frozenset({"cat"}), frozenset({"dog"}), frozenset[str]()


@pytest.mark.parametrize(
    ("votes", "truth"),
    [
        ([], NOTHING),
        ([("a", 1, CAT)], CAT),
        ([("a", 1, CAT), ("b", 2, CAT), ("c", 3, DOG)], CAT),  # the majority
        ([("a", 1, CAT), ("b", 2, DOG)], DOG),  # as many: what was said last
        ([("a", 2, CAT), ("b", 1, DOG)], CAT),
        ([("a", 1, CAT), ("a", 2, CAT), ("a", 3, DOG), ("b", 2, DOG)], DOG),  # one person, one vote
        ([("a", 1, CAT), ("a", 2, NOTHING)], NOTHING),  # taken back
        ([("a", 1, CAT), ("b", 2, NOTHING)], CAT),
        ([("a", 1, CAT | DOG)], CAT | DOG),
    ],
)
def test_the_majority_counts_each_by_their_latest_word(
    votes: list[tuple[str, float, frozenset[str]]], truth: frozenset[str]
) -> None:
    assert truth_of(Vote(who, (at, 0), said) for who, at, said in votes) == truth
