"""ListCollectorPresets: ways to collect that leave a truthful estimate, ready to be made."""

from clarifai_grpc.grpc.api.resources_pb2 import Model, NodeInput, OutputInfo, Workflow, WorkflowNode
from google.protobuf.struct_pb2 import Struct

from bowerbird.api.ids import check_id
from bowerbird.api.rpc import Call, rpc
from bowerbird.errors import OutOfRange
from bowerbird.estimate.presets import PRESETS, RATE, Preset
from bowerbird.proto.bowerbird_v1_pb2 import (
    CollectorPreset,
    ListCollectorPresetsRequest,
    MultiCollectorPresetResponse,
)

PREFIX = "collect"


@rpc
async def list_collector_presets(
    call: Call, req: ListCollectorPresetsRequest
) -> MultiCollectorPresetResponse:
    rate = req.rate or RATE
    if not 0 < rate <= 1:  # also refuses NaN
        raise OutOfRange(f"rate: {req.rate:g}; expected more than 0 and at most 1")
    prefix = check_id("prefix", req.prefix) if req.prefix else PREFIX
    return MultiCollectorPresetResponse(
        presets=[_shown(preset, rate, f"{prefix}-{preset.id}") for preset in PRESETS.values()]
    )


def _shown(preset: Preset, rate: float, id: str) -> CollectorPreset:
    sampler = _operator(f"{id}-sampler", "weighted-sample", preset.parameters(rate))
    dedup = _operator(f"{id}-dedup", "dedup", {"method": "exact"})
    nodes = [
        WorkflowNode(id="sampler", model=Model(id=sampler.id)),
        WorkflowNode(id="dedup", model=Model(id=dedup.id), node_inputs=[NodeInput(node_id="sampler")]),
    ]
    return CollectorPreset(
        id=preset.id,
        title=preset.title,
        description=preset.about,
        operators=[sampler, dedup],
        workflow=Workflow(id=id, nodes=nodes),
    )


def _operator(id: str, type_id: str, params: dict[str, str | float]) -> Model:
    values = Struct()
    values.update(params)
    return Model(id=id, model_type_id=type_id, output_info=OutputInfo(params=values))
