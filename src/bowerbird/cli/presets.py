"""`bowerbird presets`: ways to collect that leave a truthful estimate."""

from clarifai_grpc.grpc.api.service_pb2 import DeleteModelsRequest, PostModelsRequest, PostWorkflowsRequest
from clarifai_grpc.grpc.api.status.status_code_pb2 import SUCCESS

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.cli import app
from bowerbird.cli.session import JsonOption, Session, fail, reason_of, show_json, show_table
from bowerbird.estimate.presets import PRESETS
from bowerbird.proto.bowerbird_v1_pb2 import (
    CollectorPreset,
    ListCollectorPresetsRequest,
    MultiCollectorPresetResponse,
)


@app.command()
def presets(as_json: JsonOption = False) -> None:
    """List the presets of `collectors create --preset`."""
    columns = ["preset", "gamma", "least chance", "what for"]
    rows = [(p.id, p.gamma, p.floor_of_rate, p.about) for p in PRESETS.values()]
    if as_json:
        show_json([dict(zip(("id", "gamma", "eta_of_rate", "about"), row, strict=True)) for row in rows])
    else:
        shown = [(id, f"{gamma:g}", f"{floor:g} of the rate", about) for id, gamma, floor, about in rows]
        show_table(columns, shown, "")


async def write_preset(s: Session, app_id: str, preset_id: str, rate: float, prefix: str) -> str:
    """Make the operators and the workflow of a preset in the app; the workflow's id."""
    place = s.place(app_id)
    wanted = await preset_of(s, app_id, preset_id, rate, prefix)
    await s.call("PostModels", PostModelsRequest(user_app_id=place, models=wanted.operators))
    request = PostWorkflowsRequest(user_app_id=place, workflows=[wanted.workflow])
    answer = await s.app.dispatcher.call(METHODS["PostWorkflows"], request, Credentials(actor=s.actor))
    if answer.status.code != SUCCESS:  # type: ignore[attr-defined]  # every response has one
        ids = [operator.id for operator in wanted.operators]
        await s.call("DeleteModels", DeleteModelsRequest(user_app_id=place, ids=ids))
        fail(reason_of(answer))
    return wanted.workflow.id


async def preset_of(s: Session, app_id: str, preset_id: str, rate: float, prefix: str) -> CollectorPreset:
    """Raises Exit for one that is not known."""
    request = ListCollectorPresetsRequest(user_app_id=s.place(app_id), rate=rate, prefix=prefix)
    answer: MultiCollectorPresetResponse = await s.call("ListCollectorPresets", request)
    found = {one.id: one for one in answer.presets}
    if preset_id not in found:
        fail(f"--preset {preset_id}: expected one of {', '.join(found)}")
    return found[preset_id]
