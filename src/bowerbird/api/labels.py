"""The concepts that people and models put on inputs."""

import math
from collections.abc import Iterable

from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data

from bowerbird.api.concepts import ensure_concepts
from bowerbird.api.ids import check_id, shown
from bowerbird.api.rpc import Call
from bowerbird.errors import ApiError
from bowerbird.index.postings import all_concepts


def check_concepts(field: str, data: Data, error: type[ApiError]) -> None:
    """Raises `error` unless each has an id and a value of 0 to 1, and none is given twice in one place."""
    for concept in all_concepts(data):
        check_id(f"{field}.concepts.id", concept.id)
        if math.isnan(concept.value) or not 0 <= concept.value <= 1:
            raise error(
                f"{field}.concepts: the value of {shown(concept.id)} is {concept.value:g}; expected 0 to 1"
            )
    ids = [c.id for c in data.concepts]
    if len(set(ids)) < len(ids):
        twice = next(id for id in ids if ids.count(id) > 1)
        raise error(f"{field}.concepts: {shown(twice)} is given twice")


async def ensure_all(call: Call, many: Iterable[Data]) -> dict[str, Concept]:
    """The concepts of all that data, by id, made where the app lacks them."""
    wanted = [c for data in many for c in all_concepts(data)]
    return await ensure_concepts(call, wanted) if wanted else {}


def name_concepts(data: Data, known: dict[str, Concept]) -> None:
    """Say of each concept of the data, in place, what the app knows of it; the value stays."""
    for concept in all_concepts(data):
        found = known[concept.id]
        concept.CopyFrom(Concept(id=found.id, name=found.name, value=concept.value, app_id=found.app_id))
