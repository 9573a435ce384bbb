"""Outputs, models, workflows and plans, in as few words as tests want to spend on them."""

from collections.abc import Mapping, Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Data, Model, OutputInfo, Workflow

from bowerbird.workflows.graph import Graph
from bowerbird.workflows.plain import to_value
from bowerbird.workflows.types import find_type
from bowerbird.workflows.view import View


def output(concepts: Mapping[str, float] | None = None, regions: Sequence[Mapping[str, float]] = ()) -> Data:
    data = Data()
    for name, value in (concepts or {}).items():
        data.concepts.add(id=name, name=name.title(), value=value)
    for place, region in enumerate(regions):
        added = data.regions.add(id=f"r{place}")
        for name, value in region.items():
            added.data.concepts.add(id=name, value=value)
    return data


def asked(metadata: Mapping[str, object] | None = None, at: tuple[float, float] | None = None) -> Data:
    """The data of a request's input; `at` is longitude and latitude."""
    data = Data()
    for name, value in (metadata or {}).items():
        data.metadata.fields[name].CopyFrom(to_value(value))
    if at:
        data.geo.geo_point.longitude, data.geo.geo_point.latitude = at
    return data


def view(
    data: Data | None = None, *, given: Data | None = None, caller: str = "alice", key: str = "request:0"
) -> View:
    return View.of(data if data is not None else Data(), input=given, caller=caller, key=key)


def info(thresholds: Mapping[str, float] | None = None, /, **params: object) -> OutputInfo:
    made = OutputInfo()
    for name, value in (thresholds or {}).items():
        made.data.concepts.add(id=name, value=value)
    for name, param in params.items():
        made.params.fields[name].CopyFrom(to_value(param))
    return made


def model(model_type_id: str, output_info: OutputInfo | None = None) -> Model:
    return Model(id=f"a-{model_type_id}", model_type_id=model_type_id, output_info=output_info)


def workflow(nodes: Mapping[str, tuple[Model, Sequence[str]]]) -> Workflow:
    """Nodes by id, each with its model and the ids that it reads from."""
    made = Workflow(id="flow")
    for name, (of, sources) in nodes.items():
        node = made.nodes.add(id=name)
        node.model.CopyFrom(of)
        for source in sources:
            node.node_inputs.add(node_id=source)
    return made


def graph(nodes: Mapping[str, tuple[Model, Sequence[str]]]) -> Graph:
    return Graph.of(workflow(nodes), lambda model: find_type(model.model_type_id))


def sample(fraction: float, **params: object) -> Model:
    return model("random-sample", info(keep_fraction=fraction, **params))


def above(thresholds: Mapping[str, float]) -> Model:
    return model("concept-thresholder", info(thresholds))
