"""The rows of hosted files: an input's original and what was made of it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.store.bulk import insert_missing
from bowerbird.store.tables import inputs, media

ORIGINAL = "orig"
SMALL = "small"


@dataclass(frozen=True, slots=True)
class File:
    """A hosted file. `blob` is the SHA-256 of its content, which is here when small, else a blob."""

    name: str
    blob: str
    content_type: str
    size: int
    content: bytes | None


async def add(conn: AsyncConnection, files: Sequence[tuple[int, File]]) -> None:
    """Add files, each of the input that has that row number. One that is there already stays."""
    rows = [
        {
            "input": seq,
            "name": file.name,
            "blob": file.blob,
            "content_type": file.content_type,
            "size": file.size,
            "content": file.content,
        }
        for seq, file in files
    ]
    await insert_missing(conn, media, rows)


async def find(conn: AsyncConnection, app: int, input_id: str) -> dict[str, File]:
    """The files of an input, by name."""
    if "\0" in input_id:  # PostgreSQL takes no such text
        return {}
    query = select(media).join(inputs, inputs.c.seq == media.c.input)
    rows = await conn.execute(query.where(inputs.c.app == app, inputs.c.id == input_id))
    return {row.name: _file(row) for row in rows}


async def of_many(conn: AsyncConnection, app: int, input_ids: Sequence[str]) -> dict[str, dict[str, File]]:
    """The files of those inputs that have some, by the input's id and by name."""
    query = select(media, inputs.c.id).join(inputs, inputs.c.seq == media.c.input)
    found: dict[str, dict[str, File]] = defaultdict(dict)
    for row in await conn.execute(query.where(inputs.c.app == app, inputs.c.id.in_(input_ids))):
        found[row.id][row.name] = _file(row)
    return found


async def originals(conn: AsyncConnection, app: int, input_ids: Sequence[str]) -> dict[str, File]:
    """The originals of those inputs that have one, by the input's id."""
    query = select(media, inputs.c.id).join(inputs, inputs.c.seq == media.c.input)
    wanted = query.where(inputs.c.app == app, inputs.c.id.in_(input_ids), media.c.name == ORIGINAL)
    return {row.id: _file(row) for row in await conn.execute(wanted)}


async def sizes(conn: AsyncConnection, app: int, input_ids: Sequence[str]) -> dict[str, int]:
    """The sizes of the originals, in bytes, by the input's id."""
    query = select(inputs.c.id, media.c.size).join(inputs, inputs.c.seq == media.c.input)
    wanted = query.where(inputs.c.app == app, inputs.c.id.in_(input_ids), media.c.name == ORIGINAL)
    return {row.id: row.size for row in await conn.execute(wanted)}


def _file(row: Row[Any]) -> File:
    return File(row.name, row.blob, row.content_type, row.size, row.content)
