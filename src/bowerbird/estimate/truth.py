"""What an item is, from what several people say of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

Answer = frozenset[str]  # ids of concepts


@dataclass(frozen=True, slots=True)
class Vote:
    """What somebody said, and when: `at` orders the votes on one item."""

    voter: str
    at: tuple[float, int]
    answer: Answer


def truth_of(votes: Iterable[Vote]) -> Answer:
    """What most people say, each by their latest vote; if as many say different things, what was said last.

    Empty when nobody says anything.
    """
    latest: dict[str, Vote] = {}
    for vote in sorted(votes, key=lambda vote: vote.at):
        latest[vote.voter] = vote
    said = [vote for vote in latest.values() if vote.answer]
    counts = Counter(vote.answer for vote in said)
    best = max(said, key=lambda vote: (counts[vote.answer], vote.at), default=None)
    return best.answer if best else frozenset()
