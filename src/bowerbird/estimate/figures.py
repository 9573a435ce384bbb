"""Figures that may be shown, and the refusal of those that would mislead."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from bowerbird.estimate.intervals import Interval, strata_of, stratified, z_of
from bowerbird.estimate.means import effective_size, horvitz_thompson
from bowerbird.estimate.sample import Bools, Codes, Floats, Sample, outcomes, wrong

HEADLINE_SIZE = 100  # effective items below which there is no headline
CLASS_SIZE = 30  # effective items below which a class has bounds, but no number
MOST_LOST = 0.01  # share of the predictions
CONFIDENCE = 0.95


class Reason(StrEnum):
    """Why there is no figure. A closed set."""

    UNREACHED = "unreached"
    LOST = "lost"
    UNLABELLED = "unlabelled"
    TOO_FEW = "too_few"
    EXPLORATION = "exploration"
    PREDICTING = "predicting"


@dataclass(frozen=True, slots=True)
class Refused:
    """There is no figure that could be trusted; `how_to_mend` is for people."""

    reason: Reason
    how_to_mend: str


@dataclass(frozen=True, slots=True)
class Basis:
    """What a figure rests on. items + unlabelled + unknown is what was kept."""

    items: int  # labelled, with a known π
    unlabelled: int  # left out: with a known π, but nobody has told the truth
    unknown: int  # left out: π is unknown
    effective: float  # Kish's effective size of `items`, or of those in the class
    confidence: float


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure that may be shown by itself: an estimate in 0..1 with its bounds."""

    value: float
    lower: float
    upper: float
    basis: Basis


@dataclass(frozen=True, slots=True)
class TooFew:
    """Bounds without a number between them: what so few items allow to say."""

    lower: float
    upper: float
    basis: Basis
    note: str = "too few"


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """The m items that count: labelled, with a known π."""

    chosen: Bools  # (n,): which of the sample they are
    weights: Floats
    strata: Codes
    drawn: Floats  # π times the labelled part: what was seen of all such predictions
    basis: Basis

    def endless(self) -> "Observed":
        """The same items as a part of traffic without end, of which any number is nothing."""
        return replace(self, drawn=np.zeros_like(self.drawn))

    def interval(self, y: Floats) -> Interval:
        """Of the mean of (m,) outcomes."""
        return stratified(y, self.weights, self.strata, self.drawn, z_of(self.basis.confidence))


def observe(sample: Sample, labelled: Bools, confidence: float = CONFIDENCE) -> Observed:
    """The items to count, given (n,) whether each is labelled.

    Those are taken for a random part of what was kept, so that one factor stands for the labelling.
    """
    chosen = sample.is_known & labelled
    known, items = int(sample.is_known.sum()), int(chosen.sum())
    pi, weights = sample.pi[chosen], sample.weights[chosen]
    return Observed(
        chosen=chosen,
        weights=weights,
        strata=_strata(sample, pi, chosen),
        drawn=pi * (items / max(1, known)),
        basis=Basis(items, known - items, len(sample.pi) - known, effective_size(weights), confidence),
    )


def headline(sample: Sample, y: npt.ArrayLike, confidence: float = CONFIDENCE) -> Headline | Refused:
    """The mean of (n,) outcomes in 0..1 over what was offered; NaN: not labelled. Raises Invalid."""
    values = outcomes("y", y, sample.pi.shape)
    return _mean(sample, values, observe(sample, ~np.isnan(values), confidence))


def outlook(sample: Sample, y: npt.ArrayLike, confidence: float = CONFIDENCE) -> Headline | Refused:
    """As `headline`, over endless traffic like that which was offered. Raises Invalid.

    Who labels all that was offered knows what it was, yet not what comes: only here are there still bounds.
    """
    values = outcomes("y", y, sample.pi.shape)
    return _mean(sample, values, observe(sample, ~np.isnan(values), confidence).endless())


def error_rate(
    sample: Sample, truth: npt.ArrayLike, predicted: npt.ArrayLike, confidence: float = CONFIDENCE
) -> Headline | Refused:
    """Share of the offered predictions that were wrong, from (n,) class codes; -1: truth not known."""
    return headline(sample, wrong(truth, predicted), confidence)


def accuracy(
    sample: Sample, truth: npt.ArrayLike, predicted: npt.ArrayLike, confidence: float = CONFIDENCE
) -> Headline | Refused:
    """Share of the offered predictions that were right: 1 - error rate."""
    return headline(sample, 1 - wrong(truth, predicted), confidence)


def total_share(sample: Sample, y: npt.ArrayLike) -> float | None:
    """Horvitz and Thompson's mean of (n,) outcomes, for those who know why they want it.

    None if π of a kept item is unknown, for its part of the total is, or if nothing is labelled.
    """
    values = outcomes("y", y, sample.pi.shape)
    seen = observe(sample, ~np.isnan(values))
    if seen.basis.unknown or not seen.basis.items:
        return None
    labelled = seen.basis.items / len(sample.pi)
    return horvitz_thompson(values[seen.chosen], seen.weights / labelled, sample.offered)


def refusal(sample: Sample, basis: Basis, needed: float) -> Refused | None:
    """Why a figure of the whole traffic cannot be told, if it cannot: the gravest reason."""
    if not sample.reaches_all:
        return Refused(Reason.UNREACHED, _UNREACHED)
    if basis.unknown and not basis.items and not basis.unlabelled:
        return Refused(Reason.UNLABELLED, _NO_CHANCE)
    if sample.lost > MOST_LOST:
        return Refused(Reason.LOST, _LOST.format(lost=sample.lost, most=MOST_LOST))
    if not basis.items:
        return Refused(Reason.UNLABELLED, _NO_CHANCE if basis.unknown else _UNLABELLED)
    if basis.effective < needed:
        return Refused(Reason.TOO_FEW, wanting(basis, needed))
    return None


def wanting(basis: Basis, needed: float) -> str:
    """What is missing to that effective size, and how to come by it."""
    if not basis.items:
        return f"0 of {needed:.0f} labelled: label more."
    more = math.ceil(round(basis.items * (needed / basis.effective - 1), 6))
    even = math.isclose(basis.items, basis.effective, rel_tol=1e-6)
    told = _EVEN if even else _UNEVEN
    advice = told.format(basis=basis, needed=needed, more=more)
    if more <= basis.unlabelled:
        return advice
    return advice + (_KEPT.format(basis=basis) if basis.unlabelled else _ALL_LABELLED)


def _mean(sample: Sample, values: Floats, seen: Observed) -> Headline | Refused:
    refused = refusal(sample, seen.basis, HEADLINE_SIZE)
    if refused:
        return refused
    found = seen.interval(values[seen.chosen])
    return Headline(found.value, found.lower, found.upper, seen.basis)


def _strata(sample: Sample, pi: Floats, chosen: Bools) -> Codes:
    return strata_of(pi) if sample.strata is None else sample.strata[chosen]


_UNREACHED = (
    "Some predictions had no chance to be kept, so nothing is known of them. Give the collector an "
    "exploration share, or weighted-sample in place of its filter, and estimate from what it keeps then."
)
_LOST = (
    "{lost:.1%} of the predictions were lost before a coin was thrown; {most:.0%} may be. Lower the rate "
    "of the collector or give the server more room, and estimate from a time without losses."
)
_UNLABELLED = "Nothing is labelled yet. Label a random part of what was kept."
_NO_CHANCE = (
    "No labelled item has a known inclusion probability. Label some that have; if there are none, take the "
    "rate limit out of the workflow: budget-sample bounds the number as well and knows its probability."
)
_EVEN = "{basis.items:,} of {needed:.0f} labelled: label {more:,} more."
_UNEVEN = (
    "{basis.items:,} labelled items tell as much as {basis.effective:.0f} drawn evenly; {needed:.0f} are "
    "needed: label about {more:,} more, or collect with less uneven chances."
)
_ALL_LABELLED = " All that was kept is labelled: let it collect more."
_KEPT = " Only {basis.unlabelled:,} more are kept so far: let it collect."
