"""`bowerbird collectors preview`: what a collector would keep, before it is made."""

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from clarifai_grpc.grpc.api.resources_pb2 import (
    APIPostModelOutputsCollectorSource,
    Collector,
    CollectorSource,
    Data,
)
from clarifai_grpc.grpc.api.service_pb2 import GetCollectorRequest
from google.protobuf.json_format import MessageToDict

from bowerbird.cli.presets import preset_of
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
from bowerbird.estimate.presets import RATE
from bowerbird.proto.bowerbird_v1_pb2 import (
    CollectorPreviewResponse,
    EstimateOutlook,
    PostCollectorPreviewsRequest,
    PredictionReasonsResponse,
    PreviewExample,
)

InApp = Annotated[str, typer.Option("--app", "-a", help="The app that it posts into.")]
LONGEST_SHOWN = 60  # characters of an example


def preview(
    app_id: InApp,
    id: Annotated[str, typer.Argument(help="The id that it would get: its coins hang on it.")] = "",
    like: Annotated[str, typer.Option(help="Try a collector that there is, changed by what is given.")] = "",
    source: Annotated[str, typer.Option(help="USER/APP/MODEL or USER/APP/MODEL/VERSION to watch.")] = "",
    sample: Annotated[float, typer.Option(help="Share to keep, 0 to 1.")] = 0.0,
    preset: Annotated[str, typer.Option(help="Try a preset, as `collectors create` would make it.")] = "",
    rate: Annotated[float, typer.Option(help="With --preset: share to keep on the whole, about.")] = RATE,
    pre_queue: Annotated[str, typer.Option(help="Workflow that judges the model's output.")] = "",
    post_queue: Annotated[str, typer.Option(help="Workflow that judges the original input.")] = "",
    caller: Annotated[str, typer.Option(help="Collect this user's calls only.")] = "",
    hours: Annotated[float, typer.Option(help="How far to look back.")] = 24.0,
    examples: Annotated[int, typer.Option(help="How many examples of each kind.")] = 5,
    data: DataOption = None,
    user: UserOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show what a collector would have taken of the recorded predictions, before it is made."""
    settings = settings_of(data)
    if not (source or like):
        fail("Say which model to watch, with --source, or which collector to try, with --like.")
    draft = Collector(
        id=id,
        pre_queue_random_sample=sample,
        pre_queue_workflow_id=pre_queue,
        post_queue_workflow_id=post_queue,
        collector_source=CollectorSource(
            api_post_model_outputs_collector_source=source_of(source, caller)
            if source
            else APIPostModelOutputsCollectorSource(caller_user_id=caller)
        ),
    )

    async def work() -> CollectorPreviewResponse:
        async with session(settings, user) as s:
            tried = await _like(s, app_id, like, draft) if like else draft
            request = PostCollectorPreviewsRequest(
                user_app_id=s.place(app_id), collector=tried, hours=hours, examples=examples
            )
            if preset:
                wanted = await preset_of(s, app_id, preset, rate, id)
                request.workflow.CopyFrom(wanted.workflow)
                request.operators.extend(wanted.operators)
            answer: CollectorPreviewResponse = await s.call("PostCollectorPreviews", request)
            return answer

    found = run(work)
    if as_json:
        show_json(plain(found))
    else:
        _show_preview(found)


def source_of(source: str, caller: str) -> APIPostModelOutputsCollectorSource:
    parts = source.split("/")
    if len(parts) not in (3, 4) or not all(parts):
        fail(f"--source {source}: expected USER/APP/MODEL or USER/APP/MODEL/VERSION")
    return APIPostModelOutputsCollectorSource(
        model_user_id=parts[0],
        model_app_id=parts[1],
        model_id=parts[2],
        model_version_id="".join(parts[3:]),
        caller_user_id=caller,
    )


async def _like(s: Session, app_id: str, like: str, changed: Collector) -> Collector:
    """A collector that there is, with what was given in place of what it has; its key is not needed."""
    request = GetCollectorRequest(user_app_id=s.place(app_id), collector_id=like)
    draft: Collector = (await s.call("GetCollector", request)).collector
    draft.ClearField("status")
    draft.MergeFrom(changed)
    draft.collector_source.api_post_model_outputs_collector_source.ClearField("post_inputs_key_id")
    return draft


def plain(answer: CollectorPreviewResponse | PredictionReasonsResponse) -> object:
    plain = MessageToDict(answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    del plain["status"]
    return plain


def _show_preview(found: CollectorPreviewResponse) -> None:
    show_table(["", "predictions"], _figures(found), "")
    if found.nodes:
        console.print()
        nodes = [(n.node_id or "-", n.operator, f"{n.reached:,}", f"{n.passed:,}") for n in found.nodes]
        show_table(["node", "operator", "came to it", "passed"], nodes, "")
    if found.mix:
        console.print()
        mix = [(s.concept_id, f"{s.before:.1%}", f"{s.kept:.1%}") for s in found.mix[:10]]
        show_table(["best concept", "of all", "of what is kept"], mix, "")
    kinds = (
        ("would be kept", found.kept),
        ("just missed", found.just_missed),
        ("would be left out", found.left_out),
    )
    for title, examples in kinds:
        if examples:
            console.print()
            show_table(["request", title, "input", "why"], map(_example, examples), "")
    if found.notes:
        console.print()
    for note in found.notes:
        console.print(f"- {note}", highlight=False, markup=False)


def _figures(found: CollectorPreviewResponse) -> Iterable[Sequence[str]]:
    yield "answered", f"{found.answered:,}"
    yield "recorded", f"{found.recorded:,}"
    for reason, n in sorted(found.skipped.items()):
        yield f"  skipped: {reason.replace('_', ' ')}", f"{n:,}"
    yield "would be taken", f"{found.taken:,}"
    yield "share", f"{found.kept_share:.2%} ({found.kept_share_low:.2%} to {found.kept_share_high:.2%})"
    yield "a day", f"{found.per_day:,.0f} ({found.per_day_low:,.0f} to {found.per_day_high:,.0f})"
    yield "an estimate after a day", _outlook(found.outlook)
    yield "cost of a decision", f"{found.cost_us:,.0f} µs"


def _outlook(outlook: EstimateOutlook) -> str:
    if outlook.refused:
        return outlook.refused
    if not outlook.HasField("accuracy_half_width"):
        return f"too few; after {outlook.days_until_figure:,.1f} days"
    return f"accuracy ± {100 * outlook.accuracy_half_width:.1f} points"


def _example(one: PreviewExample) -> Sequence[str]:
    chance = f"probability {one.inclusion_probability:.3g}" if one.HasField("inclusion_probability") else ""
    return (
        f"{one.request_id} {one.input_index}",
        _concepts(one.output),
        _input(one.input),
        one.reason or chance,
    )


def _concepts(output: Data) -> str:
    best = sorted(output.concepts, key=lambda c: -c.value)[:2]
    return ", ".join(f"{c.name or c.id} {c.value:.2f}" for c in best) or _kind(output)


def _input(data: Data) -> str:
    text = data.text.raw or data.text.url or data.image.url or data.video.url or data.audio.url
    return text[:LONGEST_SHOWN] if text else _kind(data)


def _kind(data: Data) -> str:
    return ", ".join(field.name for field, _ in data.ListFields() if field.name != "metadata")
