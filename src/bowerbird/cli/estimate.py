"""`bowerbird estimate`: what production does, from what was collected and labelled."""

import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from google.protobuf.timestamp_pb2 import Timestamp

from bowerbird.cli import app
from bowerbird.cli.session import (
    AppOption,
    DataOption,
    JsonOption,
    UserOption,
    console,
    fail,
    run,
    session,
    settings_of,
    show_json,
    show_table,
)
from bowerbird.proto.bowerbird_v1_pb2 import CollectorEstimateResponse, Figure, GetCollectorEstimateRequest

AGO = re.compile(r"(\d+)([hd])")
UNITS = {"h": 3600, "d": 86_400}
COLUMNS = ("", "value", "95 % interval", "labelled", "effective")
CLASS_COLUMNS = ("class", "share", "of it wrong", "so called, wrong", "labelled", "effective")
CLASS_FIELDS = ("class_shares", "class_errors", "class_false_alarms")
VERDICTS = {
    "promote": "The challenger is better: promote it.",
    "contradicted": "The challenger looks better, but not on the exploration items: keep the incumbent.",
    "worse": "The challenger is worse: keep the incumbent.",
    "undecided": "Neither is surely better: keep the incumbent, or label more.",
}


@app.command()
def estimate(
    collector: Annotated[str, typer.Argument(help="The collector's id.")],
    app_id: AppOption,
    challenger: Annotated[str, typer.Option(help="Version to compare with the one in production.")] = "",
    version: Annotated[str, typer.Option(help="Version to tell of; default: what was collected from.")] = "",
    since: Annotated[str, typer.Option(help="As 24h, 7d or 2026-05-01; default: all of it.")] = "",
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Estimate accuracy, classes and the better of two versions from labelled, collected inputs."""
    settings = settings_of(data, models_in_process=True)
    start = _since(since)

    async def work() -> CollectorEstimateResponse:
        async with session(settings, user) as s:
            request = GetCollectorEstimateRequest(
                user_app_id=s.place(app_id),
                collector_id=collector,
                since=start,
                model_version_id=version,
                challenger_version_id=challenger,
            )
            answer: CollectorEstimateResponse = await s.call("GetCollectorEstimate", request)
            while answer.left_to_predict:
                answer = await s.call("GetCollectorEstimate", request)
            return answer

    answer = run(work)
    if as_json:
        show_json(_plain(answer))
    else:
        show_estimate(answer)


def show_estimate(answer: CollectorEstimateResponse) -> None:
    """The figures, then what to know of them."""
    console.print(
        f"{answer.offered:,} offered, {answer.kept:,} kept, {answer.labelled:,} labelled.", highlight=False
    )
    told = [answer.accuracy, answer.error_rate]
    if answer.HasField("difference"):
        told.append(answer.difference)
    show_table(COLUMNS, map(_row, told), "")
    if answer.class_shares:
        show_table(CLASS_COLUMNS, _classes(answer), "")
    if answer.verdict in VERDICTS:
        console.print(VERDICTS[answer.verdict], highlight=False)
    for note in (*_refusals(told), *answer.notes):
        console.print(f"- {note}", highlight=False, markup=False)


def _row(figure: Figure) -> tuple[str, ...]:
    if not figure.HasField("low"):
        return figure.name, "refused", figure.reason.replace("_", " "), "", ""
    return (
        figure.name,
        f"{figure.value:.1%}",
        f"{figure.low:.1%} to {figure.high:.1%}",
        f"{figure.items:,}",
        f"{figure.effective_items:,.0f}",
    )


def _classes(answer: CollectorEstimateResponse) -> Iterator[tuple[str, ...]]:
    columns = ({one.name: one for one in getattr(answer, field)} for field in CLASS_FIELDS)
    shares, errors, alarms = columns
    for name, share in shares.items():
        cells = [_cell(of[name]) for of in (shares, errors, alarms) if name in of]
        yield (name, *cells, f"{share.items:,}", f"{share.effective_items:,.0f}")


def _cell(figure: Figure) -> str:
    bounds = f"{figure.low:.0%}-{figure.high:.0%}"
    return f"{figure.value:.0%} ({bounds})" if figure.HasField("value") else f"{bounds}, too few"


def _refusals(told: Sequence[Figure]) -> list[str]:
    """Why there is no figure, each reason once."""
    return list(dict.fromkeys(figure.note for figure in told if figure.note))


def _plain(message: Any) -> Any:  # a message, a list of them or a value: as JSON has it
    """With every field; what cannot be told is null."""
    if not hasattr(message, "DESCRIPTOR"):
        return [_plain(one) for one in message] if isinstance(message, list) else message
    plain: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        if field.name == "status":
            continue
        value = getattr(message, field.name)
        if field.is_repeated:
            plain[field.name] = _plain(list(value))
        elif field.has_presence and not message.HasField(field.name):
            plain[field.name] = None
        else:
            plain[field.name] = _plain(value)
    return plain


def _since(text: str) -> Timestamp | None:
    if not text:
        return None
    if ago := AGO.fullmatch(text):
        return Timestamp(seconds=int(time.time()) - int(ago[1]) * UNITS[ago[2]])
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        fail(f"--since {text}: expected hours or days ago, as 24h or 7d, or a date as 2026-05-01")
    return Timestamp(seconds=int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()))
