"""`bowerbird feedback`: say that a prediction was wrong, or what would have been right."""

from typing import Annotated

import typer
from clarifai_grpc.grpc.api.resources_pb2 import Concept, UserAppIDSet

from bowerbird.app import collecting
from bowerbird.cli import app
from bowerbird.cli.session import (
    DataOption,
    JsonOption,
    UserOption,
    console,
    fail,
    run,
    session,
    settings_of,
    show_json,
)
from bowerbird.proto.bowerbird_v1_pb2 import PostFeedbackRequest


@app.command()
def feedback(
    request_id: Annotated[str, typer.Argument(help="The id of the request, as the answer carried it.")],
    model: Annotated[str, typer.Option(help="USER/APP/MODEL that made the prediction.")],
    wrong: Annotated[bool, typer.Option("--wrong", help="It was wrong.")] = False,
    concept: Annotated[list[str] | None, typer.Option(help="What would have been right; repeatable.")] = None,
    comment: Annotated[str, typer.Option(help="In words.")] = "",
    index: Annotated[int, typer.Option(min=0, help="The place of the input in the request.")] = 0,
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say that a prediction was wrong; collectors of the model keep it because of that."""
    parts = model.split("/")
    if len(parts) != 3 or not all(parts):
        fail(f"--model {model}: expected USER/APP/MODEL")
    settings = settings_of(data)

    async def work() -> list[str]:
        async with session(settings, user) as s, collecting(s.app):
            request = PostFeedbackRequest(
                user_app_id=UserAppIDSet(user_id=parts[0], app_id=parts[1]),
                model_id=parts[2],
                request_id=request_id,
                input_index=index,
                concepts=[Concept(id=id, value=1.0) for id in concept or ()],
                was_wrong=wrong,
                comment=comment,
            )
            return list((await s.call("PostFeedback", request)).collector_ids)

    kept = run(work)
    if as_json:
        show_json({"collector_ids": kept})
    elif kept:
        console.print(f"Noted. Kept because of it: {', '.join(kept)}.")
    else:
        console.print("Noted. No collector keeps it because of that: those that want it have it already.")
