"""A workflow made ready to run: its graph, and the steps of its operators."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self, cast

from clarifai_grpc.grpc.api.resources_pb2 import Workflow

from bowerbird.errors import ApiError, WorkflowInvalid
from bowerbird.workflows.graph import Graph
from bowerbird.workflows.operators import Learner, SlowStep, Step, find
from bowerbird.workflows.outside import Outside
from bowerbird.workflows.relations import Relations
from bowerbird.workflows.state import Memory
from bowerbird.workflows.types import find_type

MOST_REMEMBERED = 64
MemoryOf = Callable[[str], Memory | None]  # where a node remembers


@dataclass(frozen=True, slots=True)
class Flow:
    """A graph with the steps of its operators, by node; the other nodes are models."""

    graph: Graph
    steps: Mapping[str, Step]
    slow_steps: Mapping[str, SlowStep]  # of operators that are not light
    ends: frozenset[str]  # the nodes that no other reads from

    @classmethod
    def of(
        cls,
        graph: Graph,
        memory_of: MemoryOf = lambda node_id: None,
        relations: Relations | None = None,
        outside: Outside | None = None,
    ) -> Self:
        """Operators without a memory start afresh. `relations` are those of the app that it runs in,
        `outside` the doors out of it. Raises WorkflowInvalid for the parameters of an operator."""
        steps: dict[str, Step] = {}
        slow_steps: dict[str, SlowStep] = {}
        for node in graph.nodes:
            if found := find(node.type.id):
                try:
                    step = found.compile(node.info, memory_of(node.id), relations, outside)
                except ApiError as error:
                    raise WorkflowInvalid(f"node {node.id!r}: {error.details}") from error
                if found.light:
                    steps[node.id] = cast(Step, step)
                else:
                    slow_steps[node.id] = cast(SlowStep, step)
        return cls(graph, steps, slow_steps, frozenset(node.id for node in graph.terminals))

    @property
    def learns(self) -> bool:
        """Whether what becomes of one input may matter for the next."""
        return any(isinstance(step, Learner) for step in self.steps.values())


def flow_of(workflow: Workflow) -> Flow:
    """The workflow made ready, its models whole; remembered, since the same ones are run over and over.

    A remembered step is as good as a new one: nothing but `learn` changes what it knows. Raises
    WorkflowGraphInvalid, WorkflowInvalid.
    """
    return _flow(workflow.SerializeToString(deterministic=True))


@functools.lru_cache(maxsize=MOST_REMEMBERED)
def _flow(workflow: bytes) -> Flow:
    whole = Workflow.FromString(workflow)
    return Flow.of(Graph.of(whole, lambda model: find_type(model.model_type_id)))
