"""`bowerbird why`: why each collector took a prediction, or did not."""

from typing import Annotated

import typer

from bowerbird.cli import app
from bowerbird.cli.previews import plain
from bowerbird.cli.session import (
    DataOption,
    JsonOption,
    UserOption,
    console,
    run,
    session,
    settings_of,
    show_json,
    show_table,
)
from bowerbird.proto.bowerbird_v1_pb2 import (
    CollectorReason,
    GetPredictionReasonsRequest,
    PredictionReasonsResponse,
)


@app.command()
def why(
    request_id: Annotated[str, typer.Argument(help="The request's id; answers carry it.")],
    app_id: Annotated[str, typer.Option("--app", "-a", help="The app that the collectors are in.")],
    input_index: Annotated[int, typer.Option("--input", min=0, help="Which input of the request.")] = 0,
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show why each collector took a prediction, or did not, step by step."""
    settings = settings_of(data)

    async def work() -> PredictionReasonsResponse:
        async with session(settings, user) as s:
            request = GetPredictionReasonsRequest(
                user_app_id=s.place(app_id), request_id=request_id, input_index=input_index
            )
            answer: PredictionReasonsResponse = await s.call("GetPredictionReasons", request)
            return answer

    found = run(work)
    if as_json:
        show_json(plain(found))
        return
    for reason in found.collectors:
        _show_reason(reason)


def _show_reason(reason: CollectorReason) -> None:
    done = "took it" if reason.taken else f"left it out: {reason.reason.replace('_', ' ')}"
    chance = ""
    if reason.HasField("inclusion_probability"):
        chance = f" (probability {reason.inclusion_probability:.4g})"
    console.print(f"{reason.collector_id} {done}{chance}", style="bold", highlight=False, markup=False)
    if reason.note:
        console.print(reason.note, highlight=False, markup=False)
    rows = [
        (
            step.node_id or "(collector)",
            step.operator,
            step.verdict,
            step.value,
            step.against,
            f"{step.coin:.4f} < {step.probability:.4g}?" if step.HasField("coin") else "",
        )
        for step in reason.steps
    ]
    if rows:
        show_table(["node", "operator", "verdict", "value", "expected", "coin"], rows, "")
    console.print()
