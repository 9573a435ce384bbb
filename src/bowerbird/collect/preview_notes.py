"""What to know before believing the figures of a preview, in words."""

from collections.abc import Iterator

from bowerbird.collect.preview import Draft, Preview, Trial

FEW = 400  # recorded predictions; a share of a half may then be off by 5 points


def notes(draft: Draft, trial: Trial, found: Preview, part: float) -> Iterator[str]:
    """`part` of all predictions was recorded."""
    yield from _about_what_was_recorded(draft, trial, found)
    if found.recorded:
        yield from _about_chances(draft, trial, found)
        yield from _about_memory(draft, part)
    if named := draft.collector.post_queue_workflow_id:
        yield f"What {named!r} would drop later, looking at the inputs, is not taken into account."


def _about_what_was_recorded(draft: Draft, trial: Trial, found: Preview) -> Iterator[str]:
    if not found.recorded:
        yield "Nothing was recorded in this time: nothing can be said. Is recording on? Does anybody call?"
        return
    if found.recorded < found.answered:
        yield f"Recorded were {found.recorded:,} of {found.answered:,} answered, at random in each hour."
    if found.recorded < FEW:
        off = max(found.share[2] - found.share[0], found.share[0] - found.share[1])
        yield (
            f"Only {found.recorded:,} predictions were recorded: the share may be off by "
            f"{100 * off:.1f} points."
        )
    if found.hours < 24:
        yield (
            f"Only {_spell(found.hours)} of traffic were seen; the figures per day take the rest of it to be "
            "alike, and count less than an hour as a whole one."
        )
    if found.unseen and not draft.only_caller:  # how much others ask is not everybody's business
        yield f"{found.unseen:,} more were answered in hours of which nothing was recorded."
    if trial.incomplete:
        yield f"Of {trial.incomplete:,} the media or texts were too large to be recorded; they are not shown."


def _spell(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 1 else f"{max(1, round(60 * hours))} min"


def _about_chances(draft: Draft, trial: Trial, found: Preview) -> Iterator[str]:
    kinds = {stop.kind for stop in trial.plan.stops}
    has_coin = trial.plan.fraction < 1 or bool(trial.plan.gates) or "sampler" in kinds
    hopeless = trial.skipped["filtered"]
    if "blind-sampler" in kinds:
        yield "The probabilities of a rate-limit are unknown: figures about production cannot be had from it."
    elif hopeless:
        what = "whatever the coins" if has_coin else "as there is no random part in the rule"
        least = "At least " if trial.plan.fraction < 1 or trial.plan.gates else ""  # they are thrown first
        yield (
            f"{least}{hopeless:,} of {found.recorded:,} had no chance at all, {what}: figures about "
            "production cannot be had without them. A random-sample beside the other operators gives each "
            "a chance."
        )
    if has_coin and not draft.collector.id:
        yield "The coins hang on the collector's id: under another they fall differently."


def _about_memory(draft: Draft, part: float) -> Iterator[str]:
    names = sorted({one.id for one in draft.operators if one.remembers})
    if names:
        yield f"What remembers started afresh: {', '.join(names)}."
    if part >= 1:
        return
    scaled = sorted({one.id for one in draft.operators if one.amounts})
    if scaled:
        yield f"As {100 * part:.2g} % were recorded, so much was allowed to {', '.join(scaled)}."
    blurred = sorted({one.id for one in draft.operators if one.remembers and one.kind == "filter"})
    if blurred:
        yield f"In a sample {', '.join(blurred)} meets fewer repeats; of all, less would be kept."
