"""What people and models say of some inputs: their annotations, sorted."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from clarifai_grpc.grpc.api.resources_pb2 import Annotation
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.annotation_rows import read
from bowerbird.store.tables import annotations


@dataclass(slots=True)
class Said:
    """Of one input."""

    by_people: list[Annotation] = field(default_factory=list)
    by_models: list[Annotation] = field(default_factory=list)

    @property
    def is_labelled(self) -> bool:
        return any(one.trusted for one in self.by_people)


async def said_of(conn: AsyncConnection, inputs: Sequence[int]) -> dict[int, Said]:
    """Of each of these inputs, by its row number; the oldest first."""
    found: dict[int, Said] = defaultdict(Said)
    query = select(annotations).where(annotations.c.input.in_(inputs)).order_by(annotations.c.seq)
    for one in await read(conn, query):
        said = found[one.row["input"]]
        (said.by_models if one.row["model_version_id"] else said.by_people).append(one.message)
    return found


def labelled(input: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether somebody has labelled the input with this row number."""
    return exists().where(annotations.c.input == input, annotations.c.trusted)
