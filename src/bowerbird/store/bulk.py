"""Many rows in one statement."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from google.protobuf.message import Message
from sqlalchemy import Column, Table, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.store.resources import Kind

M = TypeVar("M", bound=Message)


async def insert_returning(
    conn: AsyncConnection, table: Table, rows: Sequence[Mapping[str, object]], *columns: Column[Any]
) -> list[tuple[Any, ...]]:
    """Add the rows whose keys are free; those columns of the rows that were added."""
    if not rows:
        return []
    add = _insert(conn, table).on_conflict_do_nothing().returning(*columns)
    return [tuple(row) for row in await conn.execute(add, rows)]


async def insert_missing(conn: AsyncConnection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Add the rows whose keys are free."""
    if rows:
        await conn.execute(_insert(conn, table).on_conflict_do_nothing(), rows)


async def save_all(conn: AsyncConnection, kind: Kind[M], changed: Sequence[tuple[int, M]]) -> None:
    """Put each message in the place of the one in the row of that number."""
    if not changed:
        return
    rows = [{**kind.columns(m), "message": m.SerializeToString()} for _, m in changed]
    # SQLAlchemy keeps the columns' own names for values; the key goes by another.
    values: dict[str, Any] = {name: bindparam(f"to_{name}") for name in rows[0]}
    bound = [
        {"row": seq, **{f"to_{name}": value for name, value in row.items()}}
        for (seq, _), row in zip(changed, rows, strict=True)
    ]
    await conn.execute(update(kind.table).where(kind.table.c.seq == bindparam("row")).values(values), bound)


def _insert(conn: AsyncConnection, table: Table) -> Any:  # the dialects' own inserts have no common type
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)
