"""Rows that carry a message: insert, find, page, save, delete."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message
from sqlalchemy import ColumnElement, Row, RowMapping, Select, Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.errors import ApiError, Duplicate, NotFound, OutOfRange

M = TypeVar("M", bound=Message)
Owner = int | str  # an app's number, a user's id
PER_PAGE = 128
MOST_PER_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: `number` counts from 1."""

    number: int
    size: int

    @classmethod
    def of(cls, number: int, size: int) -> "Page":
        """The page that a request asks for; 0 means the default. Raises OutOfRange."""
        if size > MOST_PER_PAGE:
            raise OutOfRange(f"per_page is {size}; it can be 1 to {MOST_PER_PAGE}")
        return cls(number or 1, size or PER_PAGE)

    def cut(self, query: Select[Any]) -> Select[Any]:  # any columns
        return query.limit(self.size).offset((self.number - 1) * self.size)


@dataclass(frozen=True, slots=True)
class Stored(Generic[M]):
    """A message with its row."""

    seq: int
    message: M
    row: RowMapping  # columns differ from table to table


@dataclass(frozen=True, slots=True)
class Kind(Generic[M]):
    """A kind of thing that is stored: where, as what message, and what its errors are.

    `columns` gives the columns that are derived from the message: they are an index of it, never the truth.
    `owner` is the column under which ids are unique: the app's, or that of the thing it is part of.
    `id` is the column of the ids.
    """

    word: str
    table: Table
    message: type[M]
    columns: Callable[[M], dict[str, object]]
    missing: type[ApiError] = NotFound
    duplicate: type[ApiError] = Duplicate
    owner: str = "app"
    id: str = "id"

    async def find(self, conn: AsyncConnection, owner: Owner, ids: Iterable[str]) -> dict[str, Stored[M]]:
        """Those of `ids` that exist, by id."""
        return await self._found(conn, self.select(owner), ids)

    async def row(self, conn: AsyncConnection, owner: Owner, id: str) -> Stored[M]:
        """The one with this id. Raises `missing`."""
        found = await self.find(conn, owner, [id])
        if id not in found:
            raise self.missing(f"{self.word} {id!r}")
        return found[id]

    async def one(self, conn: AsyncConnection, owner: Owner, id: str) -> M:
        """The message with this id. Raises `missing`."""
        return (await self.row(conn, owner, id)).message

    async def rows(self, conn: AsyncConnection, owner: Owner, ids: Iterable[str]) -> list[Stored[M]]:
        """All of `ids`, in their order. Raises `missing`, naming the first that does not exist."""
        wanted = list(ids)
        return self._all(wanted, await self.find(conn, owner, wanted))

    async def locked(self, conn: AsyncConnection, owner: Owner, ids: Iterable[str]) -> list[Stored[M]]:
        """As `rows`, and nobody else changes them before this transaction ends."""
        wanted = list(ids)
        return self._all(wanted, await self._found(conn, self.select(owner).with_for_update(), wanted))

    async def page(
        self,
        conn: AsyncConnection,
        owner: Owner,
        page: Page,
        *where: ColumnElement[bool],
        order: Sequence[ColumnElement[Any]] = (),  # any type can be ordered by
    ) -> list[Stored[M]]:
        query = self.select(owner).where(*where).order_by(*order, self.table.c.seq)
        return [self.stored(row) for row in await conn.execute(page.cut(query))]

    async def insert(
        self, conn: AsyncConnection, owner: Owner, messages: Sequence[M], **columns: object
    ) -> list[str]:
        """Add all; the ids of those that are in already, and so were not added."""
        if not messages:
            return []
        values = [
            {**self.columns(m), self.owner: owner, "message": m.SerializeToString(), **columns}
            for m in messages
        ]
        dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
        add = dialect.insert(self.table).values(values).on_conflict_do_nothing()
        added = set((await conn.execute(add.returning(self.table.c[self.id]))).scalars())
        return [str(v[self.id]) for v in values if v[self.id] not in added]

    async def add(
        self, conn: AsyncConnection, owner: Owner, messages: Sequence[M], **columns: object
    ) -> None:
        """Add all. Raises `duplicate` when one is in already."""
        taken = await self.insert(conn, owner, messages, **columns)
        if taken:
            raise self.duplicate(f"{self.word} {taken[0]!r} exists already; choose another id")

    async def save(self, conn: AsyncConnection, seq: int, message: M, **columns: object) -> None:
        values = {**self.columns(message), "message": message.SerializeToString(), **columns}
        await conn.execute(update(self.table).where(self.table.c.seq == seq).values(values))

    async def delete(self, conn: AsyncConnection, owner: Owner, ids: Sequence[str]) -> None:
        """Delete all of `ids`. Raises `missing` when one does not exist, and deletes none."""
        rows = await self.rows(conn, owner, ids)
        await conn.execute(delete(self.table).where(self.table.c.seq.in_([r.seq for r in rows])))

    async def _found(
        self, conn: AsyncConnection, query: Select[Any], ids: Iterable[str]
    ) -> dict[str, Stored[M]]:
        # PostgreSQL takes no text that holds a zero byte; nothing has such an id.
        wanted = [id for id in dict.fromkeys(ids) if "\0" not in id]
        if not wanted:
            return {}
        rows = await conn.execute(query.where(self.table.c[self.id].in_(wanted)))
        return {row._mapping[self.id]: self.stored(row) for row in rows}

    def _all(self, wanted: Sequence[str], found: Mapping[str, Stored[M]]) -> list[Stored[M]]:
        for id in wanted:
            if id not in found:
                raise self.missing(f"{self.word} {id!r}")
        return [found[id] for id in wanted]

    def select(self, owner: Owner) -> Select[Any]:  # all columns of any table
        return select(self.table).where(self.table.c[self.owner] == owner)

    def stored(self, row: Row[Any]) -> Stored[M]:
        message = self.message()
        message.ParseFromString(row.message)
        return Stored(row.seq, message, row._mapping)
