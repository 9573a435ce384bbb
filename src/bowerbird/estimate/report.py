"""All figures of a collector at once, from what its items are and what models said of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bowerbird.estimate.classes import Figures, class_means, class_shares
from bowerbird.estimate.compare import Comparison, compare
from bowerbird.estimate.figures import Headline, Reason, Refused, TooFew, headline
from bowerbird.estimate.sample import Floats, Sample
from bowerbird.estimate.truth import Answer

MOST_CLASSES = 200  # those with the most items
APART = 3.0  # standard deviations: further off, the labelled items are no random part
TINY = 1e-9

ByClass = Mapping[str, Headline | TooFew]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The n kept items: what each is (empty: not labelled), and what was said of it (empty: not known)."""

    sample: Sample
    truth: Sequence[Answer]
    predicted: Sequence[str]
    challenger: Sequence[str] | None  # of the other version; None: there is no other

    @property
    def is_chosen(self) -> bool:
        """Whether the labelled items had clearly other chances than the rest: then they are no random part.

        That nothing is seen proves nothing: they may be chosen by what no chance shows.
        """
        is_known = self.sample.is_known
        told = np.array([bool(answer) for answer in self.truth], np.bool_)[is_known]
        chances = np.log(self.sample.pi[is_known])
        if min(told.sum(), (~told).sum()) < 2:
            return False
        spread = chances.var() * (1 / told.sum() + 1 / (~told).sum())
        return bool(abs(chances[told].mean() - chances[~told].mean()) > APART * np.sqrt(spread) + TINY)


@dataclass(frozen=True, slots=True)
class Report:
    """The figures, or why there are none."""

    accuracy: Headline | Refused
    error_rate: Headline | Refused
    shares: ByClass | Refused
    errors: ByClass | Refused
    false_alarms: ByClass | Refused
    difference: Comparison | Refused | None
    left_out: int  # classes beyond the most


def report(evidence: Evidence) -> Report:
    """Numbers only; takes a moment for many items and classes."""
    sample, truth = evidence.sample, evidence.truth
    wrong = errors_of(truth, evidence.predicted)
    names, left_out = _classes(evidence)
    are, said = _members(truth, names), _said(evidence.predicted, names)
    return Report(
        accuracy=headline(sample, 1 - wrong),
        error_rate=headline(sample, wrong),
        shares=_by_name(names, class_shares(sample, are)),
        errors=_by_name(names, class_means(sample, wrong, are)),
        false_alarms=_by_name(names, class_means(sample, wrong, said)),
        difference=_difference(evidence, wrong),
        left_out=left_out,
    )


def predicting(report: Report, left: int) -> Report:
    """The same without what rests on predictions, of which some have still to be made."""
    refused = Refused(Reason.PREDICTING, f"{left:,} labelled items have still to be predicted: ask again.")
    return Report(
        accuracy=refused,
        error_rate=refused,
        shares=report.shares,
        errors=refused,
        false_alarms=refused,
        difference=None if report.difference is None else refused,
        left_out=report.left_out,
    )


def errors_of(truth: Sequence[Answer], predicted: Sequence[str]) -> Floats:
    """(n,): 1 where what was said is not among what is, 0 where it is; NaN where either is not known."""
    return np.array(
        [
            float(said not in answer) if answer and said else np.nan
            for answer, said in zip(truth, predicted, strict=True)
        ],
        np.float64,
    )


def value_of(figure: Headline | Refused) -> float | None:
    return figure.value if isinstance(figure, Headline) else None


def _difference(evidence: Evidence, wrong: Floats) -> Comparison | Refused | None:
    if evidence.challenger is None:
        return None
    return compare(evidence.sample, wrong, errors_of(evidence.truth, evidence.challenger))


def _classes(evidence: Evidence) -> tuple[list[str], int]:
    counts = Counter(name for answer in evidence.truth for name in answer)
    for answer, said in zip(evidence.truth, evidence.predicted, strict=True):
        if answer and said:
            counts[said] += 0
    most = [name for name, _ in counts.most_common(MOST_CLASSES)]
    return sorted(most), len(counts) - len(most)


def _members(truth: Sequence[Answer], names: Sequence[str]) -> Floats:
    rows = [[float(name in answer) if answer else np.nan for name in names] for answer in truth]
    return np.array(rows, np.float64).reshape(len(truth), len(names))


def _said(predicted: Sequence[str], names: Sequence[str]) -> Floats:
    rows = [[float(name == said) if said else np.nan for name in names] for said in predicted]
    return np.array(rows, np.float64).reshape(len(predicted), len(names))


def _by_name(names: Sequence[str], found: Figures | Refused) -> ByClass | Refused:
    return found if isinstance(found, Refused) else dict(zip(names, found, strict=True))
