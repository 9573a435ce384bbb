"""`bowerbird workflows import` and `export`: workflows as YAML files."""

from pathlib import Path
from typing import Annotated

import typer
from clarifai_grpc.grpc.api.resources_pb2 import Workflow
from clarifai_grpc.grpc.api.service_pb2 import (
    GetModelRequest,
    GetWorkflowRequest,
)

from bowerbird.cli.importing import Import
from bowerbird.cli.session import (
    REFUSED,
    DataOption,
    JsonOption,
    Session,
    UserOption,
    console,
    fail,
    run,
    session,
    settings_of,
    show_json,
)
from bowerbird.cli.workflows import InApp, workflows
from bowerbird.workflows.marked import MOST_BYTES
from bowerbird.workflows.operators import find
from bowerbird.workflows.written import text_of


@workflows.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The YAML file, in the form of the official SDK.")],
    app_id: InApp,
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make the workflow that a file describes, and the models that it describes and that are not there.

    A workflow that is there already is changed to what the file says; its versions are kept.
    """
    settings = settings_of(data)
    text = _read(file)

    async def work() -> tuple[Workflow, str, list[str]]:
        async with session(settings, user) as s:
            return await Import(s, app_id).run(text)

    made, what, models = run(work)
    if as_json:
        show_json({"id": made.id, "version": made.version.id, "outcome": what, "models": models})
    else:
        for id in models:
            console.print(f"Model {app_id}/{id}: made.", highlight=False)
        console.print(f"Workflow {app_id}/{made.id}: {what}.", highlight=False)


@workflows.command()
def export(
    id: Annotated[str, typer.Argument(help="The workflow's id.")],
    app_id: InApp,
    out: Annotated[Path | None, typer.Option(help="The file to be written; default: the terminal.")] = None,
    data: DataOption = None,
    user: UserOption = "",
) -> None:
    """Write a workflow as YAML, with the operators that it uses."""
    settings = settings_of(data)

    async def work() -> str:
        async with session(settings, user) as s:
            request = GetWorkflowRequest(user_app_id=s.place(app_id), workflow_id=id)
            return await _text(s, (await s.call("GetWorkflow", request)).workflow)

    text = run(work)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text)
    except OSError as error:
        fail(f"{out}: {error.strerror}")
    console.print(f"Workflow {app_id}/{id}: written to {out}.", highlight=False)


def _read(file: Path) -> str:
    """The file's text; a longer one is not read to its end."""
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1).decode()
    except OSError as error:
        fail(f"{file}: {error.strerror}", REFUSED)
    except UnicodeDecodeError:
        fail(f"{file}: this is no text in UTF-8", REFUSED)


async def _text(s: Session, workflow: Workflow) -> str:
    """The workflow with the operators of its own app described, as nothing but the file need know them."""
    whole = Workflow()
    whole.CopyFrom(workflow)
    place = s.place(workflow.app_id)
    place.user_id = workflow.user_id
    for node in whole.nodes:
        model = node.model
        is_own = (model.user_id, model.app_id) == (workflow.user_id, workflow.app_id)
        if is_own and not model.model_version.id and find(model.model_type_id):
            request = GetModelRequest(user_app_id=place, model_id=model.id)
            model.CopyFrom((await s.call("GetModel", request)).model)
            model.ClearField("model_version")
        else:
            for name in ("model_type_id", "description"):
                model.ClearField(name)
    return text_of(whole)
