"""`bowerbird workflows`: the rules by which collectors keep predictions."""

import json
import shlex
from typing import Annotated, Any

import typer
from clarifai_grpc.grpc.api.resources_pb2 import Model, OutputInfo, Workflow, WorkflowNode
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteModelsRequest,
    ListWorkflowsRequest,
    PostModelsRequest,
    PostWorkflowsRequest,
)
from clarifai_grpc.grpc.api.status.status_code_pb2 import SUCCESS
from google.protobuf.struct_pb2 import Struct

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.cli import app
from bowerbird.cli.session import (
    DataOption,
    JsonOption,
    UserOption,
    console,
    fail,
    reason_of,
    run,
    session,
    settings_of,
    show_json,
    show_table,
)

workflows = typer.Typer(help="The rules by which collectors keep predictions.", no_args_is_help=True)
app.add_typer(workflows, name="workflows")

InApp = Annotated[str, typer.Option("--app", "-a", help="The app.")]


@workflows.command()
def create(
    id: Annotated[str, typer.Argument(help="The workflow's id.")],
    app_id: InApp,
    keep: Annotated[
        list[str],
        typer.Option(help="'TYPE name=value …', such as 'prediction-score-filter score=max_prob hi=0.8'."),
    ],
    data: DataOption = None,
    user: UserOption = "",
) -> None:
    """Make a workflow that keeps what any of these operators keeps."""
    settings = settings_of(data)
    operators = [_operator(f"{id}-{n}", text) for n, text in enumerate(keep, 1)]

    async def work() -> None:
        async with session(settings, user) as s:
            place = s.place(app_id)
            await s.call("PostModels", PostModelsRequest(user_app_id=place, models=operators))
            nodes = [WorkflowNode(id=o.id, model=Model(id=o.id)) for o in operators]
            request = PostWorkflowsRequest(user_app_id=place, workflows=[Workflow(id=id, nodes=nodes)])
            answer: Any = await s.app.dispatcher.call(  # the answer of PostWorkflows
                METHODS["PostWorkflows"], request, Credentials(actor=s.actor)
            )
            if answer.status.code != SUCCESS:
                undo = DeleteModelsRequest(user_app_id=place, ids=[o.id for o in operators])
                await s.call("DeleteModels", undo)
                fail(reason_of(answer))

    run(work)
    console.print(f"Workflow {app_id}/{id}.", highlight=False)


@workflows.command("list")
def list_(app_id: InApp, data: DataOption = None, user: UserOption = "", as_json: JsonOption = False) -> None:
    """List an app's workflows."""
    settings = settings_of(data)

    async def work() -> Any:  # the Workflows
        async with session(settings, user) as s:
            request = ListWorkflowsRequest(user_app_id=s.place(app_id), per_page=1000)
            found = (await s.call("ListWorkflows", request)).workflows
            return [w for w in found if (w.user_id, w.app_id) == (s.user_id, app_id)]  # not the public ones

    columns = ["id", "nodes"]
    rows = [(w.id, ", ".join(_shown(node) for node in w.nodes)) for w in run(work)]
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show_table(columns, rows, "No workflows yet.")


def _operator(id: str, text: str) -> Model:
    """The model of "TYPE name=value …"; values are JSON, or else texts."""
    type_id, *given = shlex.split(text) or [""]
    params = Struct()
    for one in given:
        name, is_given, value = one.partition("=")
        if not is_given:
            fail(f"--keep '{text}': expected TYPE name=value …; {one!r} has no value")
        params.update({name: _value(value)})
    return Model(id=id, model_type_id=type_id, output_info=OutputInfo(params=params))


def _value(text: str) -> Any:  # JSON
    try:
        return json.loads(text)
    except ValueError:
        return text


def _shown(node: WorkflowNode) -> str:
    """A node and those that feed it."""
    return " < ".join([node.id, *(before.node_id for before in node.node_inputs)])
