"""An estimate as the API answers it."""

from collections.abc import Iterator

from bowerbird.api.estimate_notes import Circumstances, notes
from bowerbird.estimate.compare import Comparison
from bowerbird.estimate.figures import CLASS_SIZE, Headline, Reason, Refused, TooFew, wanting
from bowerbird.estimate.report import ByClass, Evidence, Report
from bowerbird.proto.bowerbird_v1_pb2 import CollectorEstimateResponse, Figure


def shown(evidence: Evidence, told: Report, known: Circumstances, left: int) -> CollectorEstimateResponse:
    sample = evidence.sample
    answer = CollectorEstimateResponse(
        kept=len(sample.pi),
        labelled=sum(map(bool, evidence.truth)),
        accuracy=_figure("accuracy", told.accuracy),
        error_rate=_figure("error rate", told.error_rate),
        class_shares=_figures(told.shares),
        class_errors=_figures(told.errors),
        class_false_alarms=_figures(told.false_alarms),
        offered=sample.offered,
        unknown=int((~sample.is_known).sum()),
        lost=sample.lost,
        left_to_predict=left,
        notes=notes(evidence, told, known),
    )
    if told.difference is not None:
        _compare(answer, told.difference)
    return answer


def _figures(found: ByClass | Refused) -> Iterator[Figure]:
    """None at all for a refusal: it is that of the headline, or its like."""
    if not isinstance(found, Refused):
        for name, figure in found.items():
            yield _figure(name, figure)


def _figure(name: str, found: Headline | TooFew | Refused) -> Figure:
    if isinstance(found, Refused):
        return Figure(name=name, note=found.how_to_mend, reason=found.reason)
    figure = Figure(
        name=name,
        low=found.lower,
        high=found.upper,
        items=found.basis.items,
        effective_items=found.basis.effective,
    )
    if isinstance(found, Headline):
        figure.value = found.value
    else:
        figure.note = f"{found.note}: {wanting(found.basis, CLASS_SIZE)}"
        figure.reason = Reason.TOO_FEW
    return figure


def _compare(answer: CollectorEstimateResponse, found: Comparison | Refused) -> None:
    if isinstance(found, Refused):
        answer.difference.CopyFrom(_figure("difference", found))
        answer.verdict = "refused"
        return
    answer.difference.CopyFrom(
        Figure(
            name="difference",
            value=found.difference,
            low=found.lower,
            high=found.upper,
            items=found.basis.items,
            effective_items=found.basis.effective,
        )
    )
    answer.difference_bound = found.bound
    answer.explored_items = found.explored_items
    if found.explored is not None:
        answer.explored_difference = found.explored
    answer.verdict = _verdict(found)


def _verdict(found: Comparison) -> str:
    if found.promotes:
        return "promote"
    if found.bound < 0:
        return "contradicted"
    return "worse" if found.lower > 0 else "undecided"
