"""Workflows as YAML, in the form that the official SDK reads and writes.

What its form has no room for is written as the API calls it, and only where it is used: of a workflow its
description and the like, of a node suppress_output and output_info_override, of a model its concepts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from clarifai_grpc.grpc.api.resources_pb2 import Concept, Model, OutputInfo, Workflow, WorkflowNode
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import Message

from bowerbird.workflows.marked import Marked, read

DESCRIBING = ("description", "notes", "use_cases", "check_consents", "metadata", "visibility", "image")
NODE = ("id", "model", "node_inputs", "suppress_output", "output_info_override")
REFERENCE = ("model_id", "user_id", "app_id", "model_version_id")
MODEL = (*REFERENCE, "model_type_id", "description", "output_info")
INFO = ("params", "data")
Fields = dict[str, Any]  # as YAML has them


@dataclass(frozen=True, slots=True)
class Written:
    """A workflow of a file; its models as the nodes name or describe them, each with its place."""

    workflow: Workflow
    models: tuple[Marked, ...]


def parse(text: str) -> Written:
    """The workflow that is written there. Raises Invalid, naming line and field."""
    whole = read(text).fields(["workflow"], ["workflow"])["workflow"]
    fields = whole.fields(("id", "nodes", *DESCRIBING), ("id", "nodes"))
    workflow = Workflow(id=fields["id"].text())
    for name in DESCRIBING:
        if name in fields:
            _fill(workflow, {name: fields[name].value()}, fields[name])
    models = []
    for item in fields["nodes"].items():
        node = item.fields(NODE, ("id", "model"))
        workflow.nodes.append(_node(node))
        models.append(node["model"])
    return Written(workflow, tuple(models))


def text_of(workflow: Workflow) -> str:
    """The inverse of `parse`: a model with a type is described, others are only named."""
    return yaml.safe_dump({"workflow": fields_of(workflow)}, sort_keys=False, allow_unicode=True)


def fields_of(workflow: Workflow) -> Fields:
    """What a file says of it."""
    written: Fields = {"id": workflow.id}
    described = MessageToDict(workflow, preserving_proto_field_name=True)
    written |= {name: described[name] for name in DESCRIBING if name in described}
    if written.get("visibility") == {"gettable": "PRIVATE"}:
        del written["visibility"]  # as it is when nothing is said
    written["nodes"] = [_written_node(node, workflow) for node in workflow.nodes]
    return written


def _node(fields: Mapping[str, Marked]) -> WorkflowNode:
    node = WorkflowNode(id=fields["id"].text(), model=_model(fields["model"]))
    if "node_inputs" in fields:
        for item in fields["node_inputs"].items():
            node.node_inputs.add(node_id=item.fields(["node_id"], ["node_id"])["node_id"].text())
    if "suppress_output" in fields:
        node.suppress_output = fields["suppress_output"].flag()
    if "output_info_override" in fields:
        node.output_info_override.CopyFrom(_info(fields["output_info_override"]))
    return node


def _model(marked: Marked) -> Model:
    fields = marked.fields(MODEL, ["model_id"])
    described = [name for name in fields if name not in REFERENCE]
    if "model_version_id" in fields and described:
        raise fields[described[0]].wrong("expected either model_version_id, or what describes the model")
    model = Model(id=fields["model_id"].text())
    for name in ("user_id", "app_id", "model_type_id", "description"):
        if name in fields:
            setattr(model, name, fields[name].text())
    if "model_version_id" in fields:
        model.model_version.id = fields["model_version_id"].text()
    if "output_info" in fields:
        model.output_info.CopyFrom(_info(fields["output_info"]))
    return model


def _info(marked: Marked) -> OutputInfo:
    info = OutputInfo()
    for name, field in marked.fields(INFO).items():
        _fill(info, {name: field.value()}, field)
    return info


def _fill(message: Message, value: Fields, marked: Marked) -> None:
    try:
        ParseDict(value, message)
    except (ParseError, TypeError, ValueError) as error:
        raise marked.wrong(str(error)) from None


def _written_node(node: WorkflowNode, workflow: Workflow) -> Fields:
    written: Fields = {"id": node.id, "model": _written_model(node.model, workflow)}
    if node.node_inputs:
        written["node_inputs"] = [{"node_id": link.node_id} for link in node.node_inputs]
    if node.suppress_output:
        written["suppress_output"] = True
    if node.HasField("output_info_override"):
        written["output_info_override"] = written_info(node.output_info_override)
    return written


def _written_model(model: Model, workflow: Workflow) -> Fields:
    written: Fields = {"model_id": model.id}
    place = (model.user_id or workflow.user_id, model.app_id or workflow.app_id)
    if place != (workflow.user_id, workflow.app_id):
        written |= {"user_id": place[0], "app_id": place[1]}
    if model.model_version.id:
        return written | {"model_version_id": model.model_version.id}
    for name in ("model_type_id", "description"):
        if value := getattr(model, name):
            written[name] = value
    if info := written_info(model.output_info):
        written["output_info"] = info
    return written


def written_info(info: OutputInfo) -> Fields:
    """The parameters and concepts of a model or node as they are written."""
    written: Fields = {}
    if info.params.fields:
        written["params"] = MessageToDict(info.params)
    if info.data.concepts:
        written["data"] = {"concepts": [MessageToDict(_bare(concept)) for concept in info.data.concepts]}
    return written


def _bare(concept: Concept) -> Concept:
    name = "" if concept.name == concept.id else concept.name
    return Concept(id=concept.id, name=name, value=concept.value)
