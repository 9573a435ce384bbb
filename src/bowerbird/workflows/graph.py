"""Workflows as graphs that are known to be able to run."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import Self

from clarifai_grpc.grpc.api.resources_pb2 import Model, ModelType, OutputInfo, Workflow, WorkflowNode

from bowerbird.errors import WorkflowGraphInvalid
from bowerbird.workflows.operators import find

MAX_NODES = 20
NODE_ID = re.compile(r"[A-Za-z0-9_-]{1,48}")
ANYTHING = frozenset({"any"})
CROPS = "regions[...].data.image"
# What an input can hold by itself. Everything else has to come from a model.
GIVEN = {"image", "video", "audio", "text", "any"}

TypeOf = Callable[[Model], ModelType]


@dataclass(frozen=True, slots=True)
class Node:
    """A node with its model, its model's type, and the ids of the nodes that it reads from."""

    id: str
    model: Model
    type: ModelType
    inputs: tuple[str, ...]
    info: OutputInfo  # of the model version, as the node overrides it
    suppress_output: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """A workflow's nodes, checked: ids unique, links existing, no cycle, fields that fit."""

    nodes: tuple[Node, ...]  # as the workflow has them
    order: tuple[Node, ...]  # every node after those that it reads from

    @classmethod
    def of(cls, workflow: Workflow, type_of: TypeOf) -> Self:
        """The nodes' models must be whole, as they are stored. Raises WorkflowGraphInvalid."""
        if not 1 <= len(workflow.nodes) <= MAX_NODES:
            raise WorkflowGraphInvalid(f"a workflow has 1 to {MAX_NODES} nodes, not {len(workflow.nodes)}")
        nodes = tuple(_node(node, type_of) for node in workflow.nodes)
        _check_links(nodes)
        nodes = _linked(nodes)
        graph = cls(nodes, _sorted(nodes))
        _check_fields(graph)
        return graph

    @property
    def roots(self) -> tuple[Node, ...]:
        """The nodes that read from no other."""
        return tuple(node for node in self.nodes if not node.inputs)

    @property
    def terminals(self) -> tuple[Node, ...]:
        """The nodes that no other reads from."""
        read = {name for node in self.nodes for name in node.inputs}
        return tuple(node for node in self.nodes if node.id not in read)

    def serving(self, kind: str) -> "Graph | None":
        """The part that can run on an input of this kind of media; None when nothing can."""
        kept: dict[str, Node] = {}
        for node in self.order:
            inputs = tuple(name for name in node.inputs if name in kept)
            if inputs or (not node.inputs and _takes(node, kind)):
                kept[node.id] = replace(node, inputs=inputs)
        nodes = tuple(kept[node.id] for node in self.nodes if node.id in kept)
        return Graph(nodes, tuple(kept.values())) if kept else None


def _takes(node: Node, kind: str) -> bool:
    """Whether a node that reads from no other takes that kind; what takes images takes videos by frames."""
    fields = set(node.type.input_fields)
    return bool(fields & {kind, "any"}) or (kind == "video" and "image" in fields)


def _node(node: WorkflowNode, type_of: TypeOf) -> Node:
    if not NODE_ID.fullmatch(node.id):
        raise WorkflowGraphInvalid(f"node id {node.id!r}: 1 to 48 of letters, digits, - and _")
    inputs = tuple(dict.fromkeys(link.node_id for link in node.node_inputs))
    return Node(node.id, node.model, type_of(node.model), inputs, _info(node), node.suppress_output)


def _info(node: WorkflowNode) -> OutputInfo:
    """The version's output_info, else the model's; the node may override its concepts and parameters."""
    version = node.model.model_version
    stored = version.output_info if version.output_info.ByteSize() else node.model.output_info
    if not node.HasField("output_info_override"):
        return stored
    override = node.output_info_override
    info = OutputInfo()
    info.CopyFrom(stored)
    if override.data.concepts:
        del info.data.concepts[:]
        info.data.concepts.extend(override.data.concepts)
    for name, value in override.params.fields.items():
        info.params.fields[name].CopyFrom(value)
    return info


def _check_links(nodes: Sequence[Node]) -> None:
    ids = [node.id for node in nodes]
    for node in nodes:
        if ids.count(node.id) > 1:
            raise WorkflowGraphInvalid(f"two nodes are called {node.id!r}")
        for name in node.inputs:
            if name not in ids:
                raise WorkflowGraphInvalid(f"node {node.id!r} reads from {name!r}, which does not exist")


def _linked(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Link nodes that name no inputs, but need what only a model before them makes, to the last such."""
    linked: list[Node] = []
    for node in nodes:
        source = None if node.inputs or GIVEN & set(node.type.input_fields) else _maker_for(node, linked)
        linked.append(replace(node, inputs=(source.id,)) if source else node)
    return tuple(linked)


def _maker_for(node: Node, earlier: Sequence[Node]) -> Node | None:
    for maker in reversed(earlier):
        made = set(maker.type.output_fields) - set(maker.type.input_fields) - ANYTHING
        if _fits(made, node.type.input_fields):
            return maker
    return None


def _sorted(nodes: Sequence[Node]) -> tuple[Node, ...]:
    by_id = {node.id: node for node in nodes}
    try:
        return tuple(
            by_id[name] for name in TopologicalSorter({n.id: n.inputs for n in nodes}).static_order()
        )
    except CycleError as error:
        cycle = " -> ".join(error.args[1])
        raise WorkflowGraphInvalid(f"the nodes read from each other in a circle: {cycle}") from None


def _check_fields(graph: Graph) -> None:
    """Every node that reads from others must find a field there that it can take."""
    made: dict[str, frozenset[str]] = {}
    for node in graph.order:
        offered = frozenset().union(*(made[name] for name in node.inputs)) if node.inputs else ANYTHING
        if _by_crops(node.type, offered):
            made[node.id] = frozenset(f"regions[...].data.{field}" for field in node.type.output_fields)
            continue
        if not _fits(offered, node.type.input_fields):
            sources = " and ".join(repr(name) for name in node.inputs)
            raise WorkflowGraphInvalid(
                f"node {node.id!r} ({node.type.id}) takes {_listed(node.type.input_fields)}, "
                f"but {sources} gives {_listed(sorted(offered))}"
            )
        passes_on = "any" in node.type.output_fields
        made[node.id] = offered if passes_on else frozenset(node.type.output_fields)


def _by_crops(type: ModelType, offered: frozenset[str]) -> bool:
    """Whether a model that takes images is to look at those of regions, since there is no other."""
    is_model = not find(type.id)
    return is_model and "image" in type.input_fields and CROPS in offered and not offered & {"image", "any"}


def _fits(offered: Iterable[str], wanted: Iterable[str]) -> bool:
    wanted = list(wanted)
    return "any" in wanted or any(o == "any" or _overlaps(o, w) for o in offered for w in wanted)


def _overlaps(a: str, b: str) -> bool:
    """Whether two field paths are the same, or one lies within the other."""
    short, long = sorted((a.replace("[...]", ""), b.replace("[...]", "")), key=len)
    return long == short or long.startswith(f"{short}.")


def _listed(fields: Iterable[str]) -> str:
    return ", ".join(fields)
