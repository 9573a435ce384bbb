"""`bowerbird zoo`: the public models and workflows, and the slots that wait for a model of yours."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Annotated, Any

import typer
from clarifai_grpc.grpc.api.resources_pb2 import Workflow
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteModelVersionRequest,
    GetWorkflowRequest,
    ListModelsRequest,
    ListModelVersionsRequest,
    PatchWorkflowsRequest,
    PostModelVersionsRequest,
)

from bowerbird.api.zoo import SHIPPED, workflow_nodes
from bowerbird.api.zoo_models import MODELS, WORKFLOWS, ZooModel, find_model, nodes_of
from bowerbird.auth.actors import PUBLIC_APP
from bowerbird.cli import app, manifests
from bowerbird.cli.model_files import (
    ActivationOption,
    HuggingFaceOption,
    InputNameOption,
    LabelsOption,
    ManifestOption,
    MeanOption,
    OnnxOption,
    OutputNameOption,
    ScaleOption,
    SizeOption,
    StdOption,
    from_file,
    from_hub,
    said,
)
from bowerbird.cli.session import (
    DataOption,
    JsonOption,
    Session,
    console,
    fail,
    public_session,
    run,
    settings_of,
    show_json,
    show_table,
)

zoo = typer.Typer(help="Public models and workflows, and slots for models of yours.", no_args_is_help=True)
app.add_typer(zoo, name="zoo")

SlotArgument = Annotated[str, typer.Argument(help="A public model's id, or an older id of it.")]
EMPTY, READY = "empty", "ready"


@zoo.command("list")
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the public models: which are ready, which are empty slots, and what to install for the others."""
    settings = settings_of(data)

    async def work() -> Any:  # the Models
        async with public_session(settings) as s:
            return await _models(s)

    found = run(work)
    columns = ["id", "type", "state", "older ids"]
    rows = [_row(model, found[model.id]) for model in MODELS if model.id in found]
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        short = [(id, state, "\n".join(older)) for id, _, state, older in rows]  # whole ids, in 80 columns
        show_table(["id", "state", "older ids"], short, "")


@zoo.command()
def install(data: DataOption = None) -> None:
    """Put back what is missing of the public models and workflows, as each start does."""
    settings = settings_of(data)

    async def work() -> Any:  # the Models
        async with public_session(settings) as s:  # which installs them
            return await _models(s)

    count = len(run(work))
    console.print(f"{count} public models and {len(WORKFLOWS)} workflows are in clarifai/main.")


@zoo.command()
def fill(
    slot: SlotArgument,
    onnx: OnnxOption = None,
    huggingface: HuggingFaceOption = "",
    manifest: ManifestOption = None,
    input_name: InputNameOption = "",
    size: SizeOption = "",
    mean: MeanOption = "",
    std: StdOption = "",
    scale: ScaleOption = 1 / 255,
    labels: LabelsOption = None,
    output_name: OutputNameOption = "",
    activation: ActivationOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a model of yours behind a public id. Again: its next version."""
    settings = settings_of(data)
    model = _model(slot)
    if (onnx is None) == (not huggingface):
        fail("Say either --onnx FILE or --huggingface FOLDER_OR_ID.")
    told = said(
        kind="text" if model.type.startswith("text") else "",
        input_name=input_name,
        size=size,
        mean=mean,
        std=std,
        scale=scale,
        output_name=output_name,
        output_kind="embedding" if model.type.endswith("embedder") else "",
        activation=activation,
    )
    names = manifests.labels_in(labels) if labels else []
    made = from_file(onnx, manifest, told, names) if onnx else from_hub(huggingface, names)

    async def work() -> Any:  # the Model
        async with public_session(settings) as s:
            request = PostModelVersionsRequest(
                user_app_id=s.place(PUBLIC_APP), model_id=model.id, model_versions=[made.version]
            )
            filled = (await s.call("PostModelVersions", request)).model
            await _fit_workflows(s, await _filled(s))
            return filled

    filled = run(work)
    if as_json:
        show_json({"model": model.id, "version": filled.model_version.id, "understood": made.understood})
    else:
        console.print(f"{model.id} answers with version {filled.model_version.id}.", highlight=False)


@zoo.command()
def empty(slot: SlotArgument, data: DataOption = None) -> None:
    """Take away what a slot was filled with; what came with Bowerbird is back, if anything did."""
    settings = settings_of(data)
    model = _model(slot)

    async def work() -> None:
        async with public_session(settings) as s:
            place = s.place(PUBLIC_APP)
            listing = ListModelVersionsRequest(user_app_id=place, model_id=model.id, per_page=1000)
            versions = (await s.call("ListModelVersions", listing)).model_versions
            own = [version.id for version in versions if version.id != SHIPPED]
            if not own:
                fail(f"{model.id} is not filled.")
            await _fit_workflows(s, await _filled(s) - {model.id})  # first: they could not run without
            for id in own:
                request = DeleteModelVersionRequest(user_app_id=place, model_id=model.id, version_id=id)
                await s.call("DeleteModelVersion", request)

    run(work)
    console.print(f"{model.id} is {EMPTY if model.is_slot else 'as it came'}.", highlight=False)


def _model(name: str) -> ZooModel:
    found = find_model(name)
    if found is None:
        fail(f"There is no public model {name!r}. There are: {', '.join(model.id for model in MODELS)}")
    return found


async def _models(s: Session) -> Mapping[str, Any]:  # the Models, by id
    request = ListModelsRequest(user_app_id=s.place(PUBLIC_APP), per_page=1000)
    return {model.id: model for model in (await s.call("ListModels", request)).models}


async def _filled(s: Session) -> set[str]:
    """The public models that have a version."""
    return {id for id, model in (await _models(s)).items() if model.model_version.id}


async def _fit_workflows(s: Session, filled: set[str]) -> None:
    """Give the public workflows the nodes of filled slots, and no others; not those that an admin changed."""
    place = s.place(PUBLIC_APP)
    for one in WORKFLOWS:
        request = GetWorkflowRequest(user_app_id=place, workflow_id=one.id)
        pairs = [(node.id, node.model.id) for node in (await s.call("GetWorkflow", request)).workflow.nodes]
        came = [(node.id, node.model) for node in nodes_of(one, {model for _, model in pairs})]
        nodes = workflow_nodes(one, filled)
        if pairs == came and len(nodes) != len(pairs):
            workflow = Workflow(id=one.id, nodes=nodes)
            patch = PatchWorkflowsRequest(user_app_id=place, workflows=[workflow], action="overwrite")
            await s.call("PatchWorkflows", patch)


def _row(model: ZooModel, found: Any) -> tuple[str, str, str, Sequence[str]]:  # a Model
    return model.id, found.model_type_id, _state(model, found.model_version), model.aliases


def _state(model: ZooModel, version: Any) -> str:  # a ModelVersion
    if not version.id:
        return EMPTY
    if version.id != SHIPPED:
        return f"filled: {version.id}"
    lacking = [package for package in model.packages if find_spec(package) is None]
    return f"needs: pip install 'bowerbird[{model.extra}]'" if lacking else READY
