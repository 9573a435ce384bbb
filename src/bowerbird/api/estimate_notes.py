"""What to know before believing an estimate, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from bowerbird.collect.losses import Loss
from bowerbird.estimate.figures import MOST_LOST
from bowerbird.estimate.means import total_weight
from bowerbird.estimate.presets import exploration_guard
from bowerbird.estimate.report import Evidence, Report, value_of
from bowerbird.estimate.sample import Sample

FAR = 4.0  # standard deviations: so far off, a total is no chance


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known beside the items themselves."""

    unreached: str  # why some predictions have no chance; empty: all have one
    loss: Loss
    explores: bool  # a coin beside rules
    older: int  # items from before the collector was last changed
    versions: int  # of the model, that the items came from


def notes(evidence: Evidence, told: Report, known: Circumstances) -> Iterator[str]:
    sample = evidence.sample
    if known.unreached:
        yield known.unreached
    if known.loss.share > MOST_LOST:
        yield _loss(known.loss)
    yield from _labels(evidence)
    if unknown := int((~sample.is_known).sum()):
        yield f"{unknown:,} kept items have an unknown inclusion probability and are left out."
    if known.older:
        yield (
            f"{known.older:,} kept items come from before the collector was last changed. Whether all "
            "traffic had a chance then is not known: to be sure, estimate from the change on (since)."
        )
    if known.versions > 1:
        yield f"The items come from {known.versions} versions; each counts with what its own said."
    if not known.unreached and known.explores:
        guard = exploration_guard(int(sample.explored.sum()), len(sample.pi), value_of(told.accuracy))
        if guard is not None:
            yield guard.how_to_mend
    if told.left_out:
        yield f"{told.left_out:,} classes with the fewest items are not shown."
    yield from _total(sample)


def _labels(evidence: Evidence) -> Iterator[str]:
    truth, kept = evidence.truth, len(evidence.truth)
    labelled = sum(map(bool, truth))
    if 0 < labelled < kept:
        if evidence.is_chosen:
            yield (
                f"{labelled:,} of {kept:,} kept items are labelled, and they are no random part: their "
                "inclusion probabilities differ clearly from the others'. Label a random part of the rest."
            )
        else:
            yield (
                f"{labelled:,} of {kept:,} kept items are labelled. Whether they are a random part is not "
                "known: if the easy ones were labelled first, or hard ones skipped, the figures are wrong."
            )
    pairs = [(t, p) for t, p in zip(truth, evidence.predicted, strict=True) if t]
    if silent := sum(not p for _, p in pairs):
        yield f"{silent:,} labelled items have no prediction and count for the class shares only."
    said = {p for _, p in pairs if p}
    if said and not said & {name for t, _ in pairs for name in t}:
        yield (
            "Labels and predictions have no concept in common. Are labels called as the model's concepts are?"
        )


def _loss(loss: Loss) -> str:
    hour = datetime.fromtimestamp(loss.hour, UTC).strftime("%Y-%m-%d %H:00 UTC")
    counts = ", ".join(f"{reason} {n:,}" for reason, n in loss.counts.items())
    return f"The worst hour is {hour}: {loss.share:.1%} of its traffic is not represented ({counts})."


def _total(sample: Sample) -> Iterator[str]:
    """The kept items must stand for about as many predictions as were offered, or something is missing."""
    if not sample.reaches_all or not sample.is_known.all() or not len(sample.pi):
        return
    total, deviation = total_weight(sample.pi, sample.repeats)
    if abs(total - sample.offered) > FAR * deviation + MOST_LOST * sample.offered:
        yield (
            f"The kept items stand for {total:,.0f} predictions, but {sample.offered:,} were offered. Were "
            "some deleted, added by hand, or not posted yet?"
        )
