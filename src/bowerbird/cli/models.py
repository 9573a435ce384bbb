"""`bowerbird models`: models in production, here or on another server."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer
from clarifai_grpc.grpc.api.resources_pb2 import (
    Model,
    ModelVersion,
    Visibility,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    GetModelRequest,
    ListModelsRequest,
    PostModelsRequest,
    PostModelVersionsRequest,
)
from clarifai_grpc.grpc.api.status.status_code_pb2 import SUCCESS
from google.protobuf.json_format import MessageToDict
from rich.markup import escape

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.cli import app, manifests
from bowerbird.cli.model_files import (
    ActivationOption,
    HuggingFaceOption,
    InputNameOption,
    KindOption,
    LabelsOption,
    ManifestOption,
    MeanOption,
    OnnxOption,
    OutputKindOption,
    OutputNameOption,
    ScaleOption,
    SizeOption,
    StdOption,
    from_file,
    from_hub,
    said,
)
from bowerbird.cli.model_sources import (
    ELSEWHERE,
    ConfigOption,
    HeaderOption,
    MaxTokensOption,
    MemoryOption,
    OpenaiOption,
    PathOption,
    PromptOption,
    PythonOption,
    SecretHeaderOption,
    SecretOption,
    SystemOption,
    TemperatureOption,
    TimeoutOption,
    UrlOption,
    chat,
    given,
    header_of,
    named,
    open_inference,
)
from bowerbird.cli.model_sources import python as python_class
from bowerbird.cli.session import (
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
    show_table,
)

models = typer.Typer(help="Models in production, here or on another server.", no_args_is_help=True)
app.add_typer(models, name="models")

InApp = Annotated[str, typer.Option("--app", "-a", help="The app.")]
Id = Annotated[str, typer.Argument(help="The model's id.")]


@models.command()
def add(
    id: Id,
    app_id: InApp,
    onnx: OnnxOption = None,
    huggingface: HuggingFaceOption = "",
    url: UrlOption = "",
    openai: OpenaiOption = "",
    python: PythonOption = "",
    external: Annotated[
        bool,
        typer.Option(
            "--external",
            rich_help_panel=ELSEWHERE,
            help="It is not called from here: what it said is sent, logged or imported.",
        ),
    ] = False,
    model: Annotated[str, typer.Option(rich_help_panel=ELSEWHERE, help="Its name there; default: ID.")] = "",
    model_version: Annotated[str, typer.Option(rich_help_panel=ELSEWHERE, help="Its version there.")] = "",
    header: HeaderOption = None,
    secret: SecretOption = None,
    secret_header: SecretHeaderOption = None,
    timeout_ms: TimeoutOption = None,
    retries: Annotated[int, typer.Option(rich_help_panel=ELSEWHERE)] = 2,
    system: SystemOption = None,
    prompt: PromptOption = None,
    max_tokens: MaxTokensOption = None,
    temperature: TemperatureOption = None,
    path: PathOption = None,
    config: ConfigOption = None,
    memory_mb: MemoryOption = None,
    manifest: ManifestOption = None,
    kind: KindOption = "",
    input_name: InputNameOption = "",
    size: SizeOption = "",
    mean: MeanOption = "",
    std: StdOption = "",
    scale: ScaleOption = 1 / 255,
    labels: LabelsOption = None,
    output_name: OutputNameOption = "",
    output_kind: OutputKindOption = "",
    activation: ActivationOption = "",
    type_id: Annotated[
        str, typer.Option("--type", help="Model type; default: by what goes in and out.")
    ] = "",
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Put a model into production: a file, a class, or one on another server. Again: its next version."""
    settings = settings_of(data)
    ways = [onnx is not None, bool(huggingface), bool(url), bool(openai), bool(python), external]
    if ways.count(True) != 1:
        fail(
            "Say one of --onnx FILE, --huggingface FOLDER_OR_ID, --url ADDRESS, --openai ADDRESS, "
            "--python MODULE:CLASS and --external."
        )
    told = said(
        kind=kind,
        input_name=input_name,
        size=size,
        mean=mean,
        std=std,
        scale=scale,
        output_name=output_name,
        output_kind=output_kind,
        activation=activation,
    )
    names = manifests.labels_in(labels) if labels else []
    whole = manifests.read_json(manifest) if manifest and onnx is None else {}
    place: manifests.Json = {"model_name": model or id, "headers": dict(map(header_of, header or ()))}
    place |= given(retries=retries, secret=secret, secret_header=secret_header, timeout_ms=timeout_ms)
    if onnx is not None:
        made = from_file(onnx, manifest, told, names)
    elif huggingface:
        made = from_hub(huggingface, names)
    elif external:
        made = named("external", {}, whole or manifests.of_logs(told), names)
    elif openai:
        asked = given(system=system, prompt=prompt, max_tokens=max_tokens, temperature=temperature)
        made = chat({**place, "url": openai}, asked | whole, told, names)
    elif python:
        asked = given(timeout_ms=timeout_ms, memory_mb=memory_mb)
        asked |= {"config": manifests.read_json(config)} if config else {}
        made = python_class(python, path, asked | whole, told, names)
    else:
        place |= {"url": url, "model_version": model_version}
        made = open_inference(place, whole, told, names, settings)

    async def work() -> Any:  # the Model
        async with session(settings, user) as s:
            return await _post(s, app_id, Model(id=id, model_type_id=type_id or made.type), made.version)

    show_added(run(work), made.understood, as_json)


@models.command("list")
def list_(app_id: InApp, data: DataOption = None, user: UserOption = "", as_json: JsonOption = False) -> None:
    """List an app's models."""
    settings = settings_of(data)

    async def work() -> Any:  # the Models
        async with session(settings, user) as s:
            request = ListModelsRequest(user_app_id=s.place(app_id), per_page=1000, dont_fetch_from_main=True)
            return (await s.call("ListModels", request)).models

    _show(run(work), as_json)


@models.command()
def show(
    id: Id, app_id: InApp, data: DataOption = None, user: UserOption = "", as_json: JsonOption = False
) -> None:
    """Show a model and what it tells."""
    settings = settings_of(data)

    async def work() -> Any:  # the Model
        async with session(settings, user) as s:
            request = GetModelRequest(user_app_id=s.place(app_id), model_id=id)
            return (await s.call("GetModel", request)).model

    found = run(work)
    if as_json:
        show_json(MessageToDict(found, preserving_proto_field_name=True))
        return
    _show([found], as_json=False)
    concepts = [c.id for c in found.model_version.output_info.data.concepts]
    if concepts:
        console.print(
            f"\nconcepts: {', '.join(concepts[:50])}{' …' if len(concepts) > 50 else ''}", markup=False
        )


async def _post(s: Session, app_id: str, model: Model, version: ModelVersion) -> Any:  # the Model
    """The new model, or the one there is with a new version."""
    # Who holds the data folder may have the server call any host: the check of hosts is not against them.
    chief = Session(s.app, replace(s.actor, is_admin=True, is_host=True))
    place = s.place(app_id)
    found: Any = await s.app.dispatcher.call(  # the answer of GetModel
        METHODS["GetModel"], GetModelRequest(user_app_id=place, model_id=model.id), Credentials(actor=s.actor)
    )
    if found.status.code == SUCCESS:
        again = PostModelVersionsRequest(user_app_id=place, model_id=model.id, model_versions=[version])
        return (await chief.call("PostModelVersions", again)).model
    model.model_version.CopyFrom(version)
    return (await chief.call("PostModels", PostModelsRequest(user_app_id=place, models=[model]))).model


def show_added(added: Any, understood: manifests.Json, as_json: bool) -> None:  # a Model
    where = f"{added.user_id}/{added.app_id}/{added.id}"
    if as_json:
        show_json({"model": where, "version": added.model_version.id, "understood": understood})
        return
    if understood:
        shown = {**understood, "labels": f"{len(understood.get('labels', ()))} of them"}
        console.print(f"[dim]Understood: {escape(json.dumps(shown))}[/]", highlight=False)
    console.print(f"Model {where}, version {added.model_version.id}.", highlight=False)


def _show(found: Sequence[Any], as_json: bool) -> None:  # Models
    columns = ["id", "type", "version", "runtime", "visible to"]
    rows = [_row(model) for model in found]
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show_table(columns, rows, "No models yet. Add one: bowerbird models add ID --app APP --onnx FILE")


def _row(model: Any) -> Sequence[str]:  # a Model
    version = model.model_version
    params = version.import_info.params
    runtime = params["runtime"] if "runtime" in params.fields else ""
    is_public = model.visibility.gettable == Visibility.PUBLIC
    return (
        model.id,
        model.model_type_id,
        version.id,
        runtime,
        "everybody" if is_public else "members",
    )
