"""`bowerbird inputs`: what an app holds."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from clarifai_grpc.grpc.api.resources_pb2 import Annotation, Data, Filter, Query, Search
from clarifai_grpc.grpc.api.service_pb2 import Pagination, PostInputsSearchesRequest
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

from bowerbird.cli import app
from bowerbird.cli.session import (
    DataOption,
    JsonOption,
    UserOption,
    run,
    session,
    settings_of,
    show_json,
    show_table,
)

inputs = typer.Typer(help="What an app holds.", no_args_is_help=True)
app.add_typer(inputs, name="inputs")


@inputs.command("list")
def list_(
    app_id: Annotated[str, typer.Option("--app", "-a", help="The app.")],
    collector: Annotated[str, typer.Option(help="Only what this collector kept.")] = "",
    page: Annotated[int, typer.Option(min=1)] = 1,
    per_page: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """List inputs, the newest first."""
    settings = settings_of(data)

    async def work() -> Any:  # the Hits
        async with session(settings, user) as s:
            request = PostInputsSearchesRequest(
                user_app_id=s.place(app_id),
                searches=[Search(query=_query(collector))],
                pagination=Pagination(page=page, per_page=per_page),
            )
            return (await s.call("PostInputsSearches", request)).hits

    found = [hit.input for hit in run(work)]
    columns = ["id", "kind", "status", "created", "collector", "probability"]
    rows = [_row(i) for i in found]
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show_table(columns, rows, "No inputs.")


def _query(collector: str) -> Query:
    if not collector:
        return Query()
    metadata = Struct()
    metadata["collector_id"] = collector
    return Query(filters=[Filter(annotation=Annotation(data=Data(metadata=metadata)))])


def _row(found: Any) -> tuple[object, ...]:  # an Input
    metadata = MessageToDict(found.data.metadata)
    chance = metadata.get("capture", {}).get("inclusion_probability")
    kind = next((k for k in ("image", "text", "video", "audio") if found.data.HasField(k)), "")
    created = datetime.fromtimestamp(found.created_at.seconds, UTC)
    return (
        found.id,
        kind,
        found.status.description,
        f"{created:%Y-%m-%d %H:%M:%S}",
        metadata.get("collector_id", ""),
        "" if chance is None else f"{chance:.3g}",
    )
