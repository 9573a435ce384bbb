"""What base workflows say is in an input, in SQL: kept for search, and never a label."""

from collections.abc import Iterable, Mapping, Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Data
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.index.postings import all_concepts
from bowerbird.store.bulk import insert_missing
from bowerbird.store.tables import predicted

MOST = 50  # concepts of an input, the most probable ones
LONGEST_ID = 200


def predicted_concepts(outputs: Iterable[Data]) -> dict[str, float]:
    """The greatest value of each concept, wherever in the outputs it is said."""
    best: dict[str, float] = {}
    for data in outputs:
        for concept in all_concepts(data):
            id = concept.id or concept.name
            if 0 < len(id) <= LONGEST_ID and "\0" not in id and 0 < concept.value <= 1:
                best[id] = max(concept.value, best.get(id, 0.0))
    return dict(sorted(best.items(), key=lambda found: -found[1])[:MOST])


async def renew_predicted(
    conn: AsyncConnection, app: int, seqs: Sequence[int], found: Iterable[tuple[int, Mapping[str, float]]]
) -> None:
    """Let these inputs, given by their row numbers, have these predicted concepts and no others."""
    await conn.execute(delete(predicted).where(predicted.c.input.in_(seqs)))
    rows = [
        {"app": app, "concept": id, "input": seq, "value": value}
        for seq, concepts in found
        for id, value in concepts.items()
    ]
    await insert_missing(conn, predicted, rows)
