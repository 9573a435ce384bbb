"""What `models add` makes of a model that comes in no file: on another server, behind a chat, or a class."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from clarifai_grpc.grpc.api.resources_pb2 import ImportInfo, ModelVersion
from google.protobuf.struct_pb2 import Struct

from bowerbird.cli import manifests
from bowerbird.cli.manifests import Json, Said
from bowerbird.cli.model_files import HERE, Prepared
from bowerbird.cli.session import fail
from bowerbird.settings import Settings

ELSEWHERE, CHAT = "A model elsewhere", "A chat model"

UrlOption = Annotated[
    str,
    typer.Option(
        rich_help_panel=ELSEWHERE,
        help="Server of the Open Inference Protocol (KServe, Triton, …): http, https, grpc, grpcs.",
    ),
]
OpenaiOption = Annotated[
    str, typer.Option(rich_help_panel=ELSEWHERE, help="OpenAI-compatible server, such as http://host:8000/v1")
]
HeaderOption = Annotated[
    list[str] | None, typer.Option(rich_help_panel=ELSEWHERE, help="'Name: value' that the server wants.")
]
SecretOption = Annotated[
    str | None,
    typer.Option(rich_help_panel=ELSEWHERE, help="Secret of this host to send: see `bowerbird secrets`."),
]
SecretHeaderOption = Annotated[
    str | None, typer.Option(rich_help_panel=ELSEWHERE, help="Its header; default: Authorization.")
]
TimeoutOption = Annotated[
    int | None, typer.Option(rich_help_panel=ELSEWHERE, help="Longest time of a call, with its retries.")
]
SystemOption = Annotated[
    str | None, typer.Option(rich_help_panel=CHAT, help="What the model is told before all else.")
]
PromptOption = Annotated[
    str | None,
    typer.Option(rich_help_panel=CHAT, help="What it is asked; {text} and {labels} are filled in."),
]
MaxTokensOption = Annotated[
    int | None, typer.Option(rich_help_panel=CHAT, help="Longest answer; default: 256.")
]
TemperatureOption = Annotated[float | None, typer.Option(rich_help_panel=CHAT, help="Default: 0.")]
PythonOption = Annotated[str, typer.Option(rich_help_panel=HERE, help="A class, as package.module:Class.")]
PathOption = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, rich_help_panel=HERE, help="The folder of its module."),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, rich_help_panel=HERE, help="JSON that the class is given."),
]
MemoryOption = Annotated[
    int | None, typer.Option(rich_help_panel=HERE, help="Most memory of the class; default: 4096, 0: any.")
]


def given(**options: object) -> Json:
    """Those that were said; the others have the server's own defaults."""
    return {name: value for name, value in options.items() if value is not None}


def open_inference(
    place: Json, whole: Json, said: Said, labels: Sequence[str], settings: Settings
) -> Prepared:
    """A model on a server of the protocol, which is asked what it takes unless `whole` says it."""
    if not whole:
        there = {name: value for name, value in place.items() if name != "model_version"}
        whole = manifests.manifest(manifests.of_server(there, place["model_version"], settings), said)
    return named("open-inference", place, whole, labels)


def chat(place: Json, asked: Json, said: Said, labels: Sequence[str]) -> Prepared:
    """A model behind an OpenAI-compatible address: a classifier when there are labels."""
    understood = {
        "input": {"kind": said.kind or "text"},
        "output": {"kind": said.output_kind or ("concepts" if labels else "text")},
        **asked,
    }
    return named("openai", place, understood, labels)


def python(name: str, path: Path | None, asked: Json, said: Said, labels: Sequence[str]) -> Prepared:
    """A class on this host."""
    understood = {
        "input": {"kind": said.kind or "image"},
        "output": {"kind": said.output_kind or "concepts"},
        **asked,
    }
    place = {"python": name, "path": str(path.resolve()) if path else ""}
    return named("python", place, understood, labels)


def named(runtime: str, place: Json, understood: Json, labels: Sequence[str]) -> Prepared:
    """What was understood, and the version that names what serves it."""
    if labels:
        understood = {**understood, "labels": list(labels)}
    params = Struct()
    params.update({"runtime": runtime, **place, **understood})
    return Prepared(understood, ModelVersion(import_info=ImportInfo(params=params)))


def header_of(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        fail(f"--header {text}: expected 'Name: value'")
    return name.strip(), value.strip()
