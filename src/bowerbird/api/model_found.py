"""Finds the versions of models."""

from collections.abc import Iterable

from clarifai_grpc.grpc.api.resources_pb2 import Model, ModelVersion
from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.errors import Code
from bowerbird.store.kinds import MODEL_VERSIONS
from bowerbird.store.resources import Stored
from bowerbird.store.tables import model_versions


async def newest(conn: AsyncConnection, models: Iterable[int]) -> dict[int, Stored[ModelVersion]]:
    """Of each model, by its number, the newest trained version, else the newest of all."""
    seq, status = model_versions.c.seq, model_versions.c.status
    trained = func.max(case((status == Code.MODEL_TRAINED, seq)))
    best = (
        select(func.coalesce(trained, func.max(seq)))
        .where(model_versions.c.model.in_(list(models)))
        .group_by(model_versions.c.model)
    )
    rows = await conn.execute(select(model_versions).where(seq.in_(best)))
    return {row.model: MODEL_VERSIONS.stored(row) for row in rows}


async def version_of(
    conn: AsyncConnection, model: Stored[Model], version_id: str
) -> Stored[ModelVersion] | None:
    """The version with this id, or without one the newest. Raises ModelNotFound."""
    if version_id:
        return await MODEL_VERSIONS.row(conn, model.seq, version_id)
    return (await newest(conn, [model.seq])).get(model.seq)
