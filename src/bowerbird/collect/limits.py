"""The budgets that a workflow sets."""

from collections.abc import Iterator
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import Workflow

from bowerbird.workflows.graph import Graph
from bowerbird.workflows.operators import find
from bowerbird.workflows.periods import Period
from bowerbird.workflows.types import find_type

BUDGET = "budget-sample"


@dataclass(frozen=True, slots=True)
class Limit:
    """How many a node keeps in a period at most."""

    node_id: str
    most: int
    period: Period


def limits_of(workflow: Workflow) -> Iterator[Limit]:
    """Of a workflow that was made whole. Raises ApiError for one that cannot run."""
    for node in Graph.of(workflow, lambda model: find_type(model.model_type_id)).nodes:
        operator = find(node.type.id)
        if operator is not None and operator.id == BUDGET:
            given = {parameter.name: parameter.read(node.info) for parameter in operator.parameters}
            most = int(given["limit"])  # type: ignore[call-overload]  # a number, by its field
            yield Limit(node.id, most, Period(str(given["period"])))
