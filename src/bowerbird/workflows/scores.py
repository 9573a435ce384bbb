"""Scores of a prediction: how sure the model was, and how much it found."""

import json
import math
from collections.abc import Callable, Collection, Iterable, Sequence

from bowerbird.workflows.view import Region, View

Score = Callable[[View], float | None]  # None where the output holds nothing that could be scored
Aggregate = Callable[[Sequence[float]], float]  # of several values, at least one, makes one

LONGEST_JSON = 65_536  # characters
REMAINDER = 1e-4  # a list whose values fall short of 1 by more than this is taken for the top of a longer one


def max_prob(view: View) -> float | None:
    """p1, the greatest value among the concepts."""
    return view.ranked[0] if view.ranked else None


def min_prob(view: View) -> float | None:
    return view.ranked[-1] if view.ranked else None


def least_confidence(view: View) -> float | None:
    """(1 - p1)·K/(K - 1), at most 1. The remainder of a top-k list is one more class in K."""
    if not view.ranked:
        return None
    classes = len(view.ranked) + (_remainder(view.ranked) > 0)
    return min(1.0, (1 - view.ranked[0]) * classes / (classes - 1)) if classes > 1 else 0.0


def margin(view: View) -> float | None:
    """1 - (p1 - p2). Of a list of one, p2 is the remainder, which can be no greater than p1."""
    if not view.ranked:
        return None
    first = view.ranked[0]
    second = view.ranked[1] if len(view.ranked) > 1 else min(first, _remainder(view.ranked))
    return 1 - (first - second)


def ratio(view: View) -> float | None:
    """p2/p1. Of a list of one, p2 is as for the margin."""
    if not view.ranked or view.ranked[0] <= 0:
        return None if not view.ranked else 0.0
    first = view.ranked[0]
    second = view.ranked[1] if len(view.ranked) > 1 else min(first, _remainder(view.ranked))
    return second / first


def entropy(view: View) -> float | None:
    """-Σ p ln p / ln K, in 0..1. The remainder of a top-k list is one more class; independent concepts,
    whose values sum to more than 1, are divided by their sum."""
    return _entropy(view.ranked) if view.ranked else None


def binary_entropy(aggregate: Aggregate) -> Score:
    """-q log2 q - (1 - q) log2(1 - q), in 0..1, of each concept by itself: for independent concepts."""
    return lambda view: aggregate([_bits(q) for q in view.ranked]) if view.ranked else None


def concept_in(concepts: Collection[str]) -> Score:
    """1 if the concept with the greatest value is one of these, else 0; in an output of regions, if that
    holds for any of them."""
    wanted = frozenset(concepts)

    def score(view: View) -> float | None:
        lists = [view.values] if view.values else [region.values for region in view.regions if region.values]
        return float(any(max(v, key=v.__getitem__) in wanted for v in lists)) if lists else None

    return score


def region_count(view: View) -> float:
    return len(view.output.regions) if view.origin is None else len(view.regions)


def max_region_prob(view: View) -> float | None:
    """The greatest value of a region or of a concept in one."""
    return max(map(_confidence, view.regions), default=None)


def confident_regions(concept: str, threshold: float) -> Score:
    """How many regions have the concept (any, if it is empty) with at least that value."""
    return lambda view: float(sum(value >= threshold for value in _certainties(view, concept)))


def uncertain_regions(concept: str, threshold: float, epsilon: float) -> Score:
    """How many regions have the concept (any, if it is empty) at threshold - ε or more, but below
    threshold + ε."""
    low, high = threshold - epsilon, threshold + epsilon
    return lambda view: float(sum(low <= value < high for value in _certainties(view, concept)))


def region_uncertainty(aggregate: Aggregate) -> Score:
    """1 - c of each region, c being its greatest value."""
    return lambda view: aggregate([1 - _confidence(r) for r in view.regions]) if view.regions else None


def region_entropy(aggregate: Aggregate) -> Score:
    """The entropy over the concepts of each region."""

    def score(view: View) -> float | None:
        found = [_entropy(sorted(r.values.values(), reverse=True)) for r in view.regions if r.values]
        return aggregate(found) if found else None

    return score


def region_areas(view: View) -> list[float]:
    """Of the regions that have a box, the share of the image that it covers."""
    infos = [view.output.regions[region.index].region_info for region in view.regions]
    boxes = [info.bounding_box for info in infos if info.HasField("bounding_box")]
    return [(b.bottom_row - b.top_row) * (b.right_col - b.left_col) for b in boxes]


def max_region_area(view: View) -> float | None:
    return max(region_areas(view), default=None)


def text_has(phrases: Iterable[str]) -> Score:
    """1 if the text holds any of the phrases, in capitals or not, else 0: refusals, apologies.

    Plain phrases: a regular expression of Python's can take for ever, and a prediction is waiting.
    """
    wanted = tuple(phrase.casefold() for phrase in phrases)

    def score(view: View) -> float | None:
        if not view.output.HasField("text"):
            return None
        text = view.text.casefold()
        return float(any(phrase in text for phrase in wanted))

    return score


def text_is_json(view: View) -> float | None:
    """1 if the text can be read as JSON, else 0; None also for one that is too long to try."""
    if not view.output.HasField("text") or len(view.text) > LONGEST_JSON:
        return None
    try:
        json.loads(view.text)
    except (ValueError, RecursionError):
        return 0.0
    return 1.0


def text_length(view: View) -> float | None:
    """In characters."""
    return len(view.text) if view.output.HasField("text") else None


def concept_prob(concept: str) -> Score:
    """The value of one concept; 0 when it is not in the list."""
    return lambda view: view.values.get(concept, 0.0) if view.values else None


def distance_to_threshold(concept: str, threshold: float) -> Score:
    """|p - t| of one concept; p is 0 when it is not in the list."""
    return lambda view: abs(view.values.get(concept, 0.0) - threshold) if view.values else None


def _certainties(view: View, concept: str) -> list[float]:
    if not concept:
        return [_confidence(region) for region in view.regions]
    return [region.values[concept] for region in view.regions if concept in region.values]


def _confidence(region: Region) -> float:
    return max(region.value, *region.values.values(), 0.0)


def _entropy(ranked: Sequence[float]) -> float:
    rest = _remainder(ranked)
    total = max(1.0, sum(ranked))
    classes = [value / total for value in (*ranked, rest) if value > 0]
    count = len(ranked) + (rest > 0)
    return -sum(p * math.log(p) for p in classes) / math.log(count) if count > 1 else 0.0


def _bits(q: float) -> float:
    return -q * math.log2(q) - (1 - q) * math.log2(1 - q) if 0 < q < 1 else 0.0


def _remainder(ranked: Sequence[float]) -> float:
    rest = 1 - math.fsum(ranked)
    return rest if rest > REMAINDER else 0.0
