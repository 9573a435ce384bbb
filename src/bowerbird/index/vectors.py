"""The rows of embeddings: of unit length, as float16, an input's whole and each of its regions."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.store.bulk import insert_missing
from bowerbird.store.tables import vector_stamps, vectors

Floats = npt.NDArray[np.float32]
STORED = np.dtype("<f2")
LONGEST = 16_384  # numbers of an embedding
WHOLE = 0  # the region that is the whole input


@dataclass(frozen=True, slots=True)
class Vector:
    """An embedding of an input, or of one of its regions, which count from 1."""

    version: str
    region: int
    numbers: Floats


def unit(numbers: Iterable[float]) -> Floats | None:
    """The vector at length 1; None for what points nowhere, or cannot be kept."""
    found = np.asarray(numbers, dtype=np.float64)
    length = float(np.linalg.norm(found)) if found.size else 0.0
    if not 0 < length < np.inf or found.size > LONGEST:  # also refuses NaN
        return None
    scaled: Floats = (found / length).astype(np.float32)
    return scaled


async def renew_vectors(
    conn: AsyncConnection, app: int, seqs: Sequence[int], found: Iterable[tuple[int, Vector]]
) -> None:
    """Let these inputs, given by their row numbers, have these vectors and no others."""
    rows = [
        {
            "app": app,
            "input": seq,
            "version": v.version,
            "region": v.region,
            "dim": len(v.numbers),
            "vector": v.numbers.astype(STORED).tobytes(),
        }
        for seq, v in found
    ]
    had = await _any_of(conn, seqs)
    if not (rows or had):
        return
    # The stamp's row is locked first: vectors of an app become visible in the order of their numbers.
    await _stamp(conn, app, is_changed=had)
    if had:
        await conn.execute(delete(vectors).where(vectors.c.input.in_(seqs)))
    await insert_missing(conn, vectors, rows)


async def note_removed(conn: AsyncConnection, app: int) -> None:
    """Say that inputs of the app are deleted with this transaction, and their vectors with them."""
    # An app without vectors has no row, and pays nothing.
    row = vector_stamps.c.app == app
    await conn.execute(update(vector_stamps).where(row).values(stamp=uuid.uuid4().hex))


async def _any_of(conn: AsyncConnection, seqs: Sequence[int]) -> bool:
    query = select(vectors.c.seq).where(vectors.c.input.in_(seqs)).limit(1)
    return (await conn.execute(query)).first() is not None


async def _stamp(conn: AsyncConnection, app: int, *, is_changed: bool) -> None:
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    fresh = dialect.insert(vector_stamps).values(app=app, stamp=uuid.uuid4().hex)
    new = fresh.excluded.stamp if is_changed else vector_stamps.c.stamp
    await conn.execute(fresh.on_conflict_do_update(index_elements=["app"], set_={"stamp": new}))


async def newest_version(conn: AsyncConnection, app: int) -> str | None:
    """The model version whose vector was kept last; None when the app has no vectors."""
    query = select(vectors.c.version).where(vectors.c.app == app).order_by(vectors.c.seq.desc()).limit(1)
    return (await conn.execute(query)).scalar()


async def stamp_of(conn: AsyncConnection, app: int) -> str:
    query = select(vector_stamps.c.stamp).where(vector_stamps.c.app == app)
    return (await conn.execute(query)).scalar() or ""


async def count_of(conn: AsyncConnection, app: int, version: str) -> int:
    query = select(func.count()).where(vectors.c.app == app, vectors.c.version == version)
    return int((await conn.execute(query)).scalar_one())


async def vectors_of(conn: AsyncConnection, input: int, version: str) -> Floats:
    """The vectors of an input and of its regions, the whole first: a row each."""
    where = (vectors.c.input == input, vectors.c.version == version)
    query = select(vectors.c.vector).where(*where).order_by(vectors.c.region)
    return matrix([row.vector for row in await conn.execute(query)])


def matrix(stored: Sequence[bytes]) -> Floats:
    """The vectors of rows, a row each."""
    if not stored:
        return np.zeros((0, 0), np.float32)
    whole = np.frombuffer(b"".join(stored), STORED).reshape(len(stored), -1)
    return whole.astype(np.float32)
