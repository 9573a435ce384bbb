"""The recorded predictions: a bounded, uniform sample of what each model answered, hour by hour."""

import asyncio
import json
import math
from array import array
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, NamedTuple, cast

from clarifai_grpc.grpc.api.resources_pb2 import Data, Input
from sqlalchemy import (
    ColumnElement,
    CursorResult,
    and_,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import NULLTYPE

from bowerbird.collect.blocks import Block, Brief, Shelf, Stamp, concept_ids
from bowerbird.queue import hour_of
from bowerbird.services import Clock
from bowerbird.store.db import Database
from bowerbird.store.kinds import media_kind
from bowerbird.store.tables import answered, recorded

PAGE = 2000
HOUR_S = 3600
REMEMBERED_BYTES = 64 * 1024 * 1024  # of blocks; 100,000 predictions of 20 concepts have 14 MB
AT_ONCE = 100  # rows of one statement: the event loop shall not wait for more
Taken = Mapping[str, float | None]  # the keys of the collectors that took it, each with its π


class Entry(NamedTuple):
    """A prediction as it is recorded; messages are serialised. `model` is its row's number."""

    model: int
    hour: int
    hash: int
    at: float
    sampled: bool
    taken: str
    input_index: int
    request_id: str
    caller: str
    version: str
    concepts: str
    values: bytes
    output: bytes
    input: bytes  # without the bytes of its medium
    has_media: bool  # whether these, or its text, were small enough to be kept
    content: bytes  # the bytes of its medium; also empty where they were not asked for
    seq: int = 0

    @property
    def key(self) -> str:
        """What its coins hang on."""
        return f"{self.request_id}:{self.input_index}"

    def took(self) -> Taken:
        """The collectors that took it when it was made."""
        found: Taken = json.loads(self.taken) if self.taken else {}
        return found

    def output_data(self) -> Data:
        """What the model said, uncut."""
        return Data.FromString(self.output)

    def input_message(self) -> Input:
        """The input as it was sent; without its medium's bytes when `has_media` is False."""
        given = Input.FromString(self.input)
        if self.content:
            getattr(given.data, media_kind(given.data)).base64 = self.content
        return given

    def concept_values(self) -> dict[str, float]:
        """The output's concepts in their order; empty when it is of another kind."""
        return (
            dict(zip(concept_ids(self.concepts), array("f", self.values), strict=True)) if self.values else {}
        )

    def top_concept(self) -> str:
        """The concept with the greatest value; empty when the output is of another kind."""
        values = array("f", self.values).tolist()
        return concept_ids(self.concepts)[values.index(max(values))] if values else ""

    def brief(self) -> Brief:
        return Brief._make(getattr(self, name) for name in Brief._fields)


# Both drivers answer what is stored; SQLAlchemy's conversions would cost as much as the rest of a row.
_COLUMNS = [type_coerce(recorded.c[name], NULLTYPE).label(name) for name in Entry._fields]
_WITHOUT_CONTENT: list[ColumnElement[Any]] = [*_COLUMNS[:-2], literal(b"").label("content"), _COLUMNS[-1]]
_BRIEF = [type_coerce(recorded.c[name], NULLTYPE).label(name) for name in Brief._fields]


class Recorded:
    """Reads and keeps what was recorded. Models go by the numbers of their rows, which never come again."""

    def __init__(self, db: Database, clock: Clock, *, per_hour: int, hours: float) -> None:
        self._db = db
        self._clock = clock
        self._per_hour = per_hour
        self._kept_s = hours * HOUR_S
        self._shelf = Shelf(REMEMBERED_BYTES)

    async def find(self, request_id: str, input_index: int, models: Collection[int]) -> list[Entry]:
        """What these models answered to input n of a request; several when callers chose the same id, the
        latest first. Empty when it is not in the sample, or not any more."""
        if "\0" in request_id:
            return []
        query = select(*_COLUMNS).where(
            recorded.c.request_id == request_id,
            recorded.c.input_index == input_index,
            recorded.c.model.in_(list(models)),
            recorded.c.at >= self._oldest(),
        )
        async with self._db.read() as conn:
            rows = await conn.execute(query.order_by(recorded.c.at.desc()))
            return [Entry._make(row) for row in rows]

    async def find_all(self, request_ids: Collection[str], model: int) -> list[Entry]:
        """What the model answered to any input of these requests, as far as it is recorded; no media."""
        wanted = [id for id in dict.fromkeys(request_ids) if "\0" not in id]
        query = select(*_WITHOUT_CONTENT).where(
            recorded.c.request_id.in_(wanted), recorded.c.model == model, recorded.c.at >= self._oldest()
        )
        async with self._db.read() as conn:
            return [Entry._make(row) for row in await conn.execute(query)] if wanted else []

    async def with_content(self, entries: Sequence[Entry]) -> list[Entry]:
        """The same entries, with their media as far as they are recorded still."""
        query = select(recorded.c.seq, recorded.c.content)
        async with self._db.read() as conn:
            rows = await conn.execute(query.where(recorded.c.seq.in_([entry.seq for entry in entries])))
            contents = {row.seq: row.content for row in rows}
        return [entry._replace(content=contents.get(entry.seq, b"")) for entry in entries]

    async def window(
        self, model: int, since: float, *, with_content: bool = False
    ) -> AsyncIterator[list[Entry]]:
        """The uniform sample of what a model answered since then, in the order of time, some at a time.

        The media are read only if they are asked for. Of each hour it has all that were answered, or
        `record_per_hour` of them; `answered` says how many there were. So one that was recorded stands for
        answered/recorded of its hour.
        """
        columns = _COLUMNS if with_content else _WITHOUT_CONTENT
        async for rows in self._pages(columns, model, max(since, self._oldest()), math.inf):
            yield [Entry._make(row) for row in rows]

    async def blocks(self, model: int, since: float) -> AsyncIterator[Sequence[Block]]:
        """The same window by columns, hour by hour. An hour that nothing was added to is remembered."""
        begin = max(since, self._oldest())
        for hour, stamp in await self._stamps(model, begin):
            is_whole = begin <= hour
            blocks = self._shelf.find((model, hour), stamp) if is_whole else None
            if blocks is None:
                pages = self._pages(_BRIEF, model, max(begin, hour), hour + HOUR_S)
                blocks = [await asyncio.to_thread(Block.of, hour, rows) async for rows in pages]
                if is_whole:
                    self._shelf.put((model, hour), stamp, blocks)
            yield blocks

    async def _stamps(self, model: int, begin: float) -> Sequence[tuple[int, Stamp]]:
        """Of each hour that may have something from then on. What is recorded adds to what was answered; and
        what is recorded after all was forgotten is later than anything was before."""
        first = select(func.min(recorded.c.at)).where(
            recorded.c.model == model,
            recorded.c.at >= answered.c.hour,
            recorded.c.at < answered.c.hour + HOUR_S,
        )
        query = select(answered.c.hour, answered.c.n, first.scalar_subquery().label("first"))
        query = query.where(answered.c.model == model, answered.c.hour >= hour_of(begin))
        async with self._db.read() as conn:
            rows = await conn.execute(query.order_by(answered.c.hour))
            return [(row.hour, (row.n, row.first)) for row in rows]

    async def _pages(
        self, columns: Sequence[Any], model: int, since: float, until: float
    ) -> AsyncIterator[Sequence[Any]]:  # columns of SQLAlchemy, and rows of a driver
        place = [column.name for column in columns].index("at")
        at, seq = since, 0
        here = and_(recorded.c.model == model, recorded.c.sampled, recorded.c.at < until)
        while True:
            later = or_(recorded.c.at > at, and_(recorded.c.at == at, recorded.c.seq > seq))
            page = select(*columns).where(here, recorded.c.at >= at, later)
            page = page.order_by(recorded.c.at, recorded.c.seq).limit(PAGE)
            async with self._db.read() as conn:
                rows = _plain(await conn.execute(page))
            if rows:
                yield rows
                at, seq = rows[-1][place], rows[-1][-1]
            if len(rows) < PAGE:
                return

    async def whole(self, seqs: Sequence[int], *, with_content: bool = False) -> AsyncIterator[list[Entry]]:
        """Those with these numbers that are there still, in the order of time, some at a time."""
        columns = _COLUMNS if with_content else _WITHOUT_CONTENT
        for start in range(0, len(seqs), PAGE):
            query = select(*columns).where(recorded.c.seq.in_(seqs[start : start + PAGE]))
            async with self._db.read() as conn:
                rows = await conn.execute(query.order_by(recorded.c.at, recorded.c.seq))
                yield [Entry._make(row) for row in rows]

    async def answered(self, model: int, since: float) -> dict[int, int]:
        """How many predictions the model answered in each hour, from the one on that `since` lies in."""
        first = hour_of(max(since, self._oldest()))
        query = select(answered.c.hour, answered.c.n).where(answered.c.model == model)
        async with self._db.read() as conn:
            rows = await conn.execute(query.where(answered.c.hour >= first))
            return {row.hour: row.n for row in rows}

    async def size(self, model: int, since: float) -> int:
        """How many are recorded of a model, from the hour on that `since` lies in, in the sample or beside
        it: an index tells that at once."""
        here = and_(recorded.c.model == model, recorded.c.hour >= hour_of(since))
        async with self._db.read() as conn:
            query = select(func.count()).select_from(recorded).where(here)
            found: int = (await conn.execute(query)).scalar_one()
        return found

    async def part(self, model: int, since: float, answers: Mapping[int, int]) -> float:
        """Which part of what the model answered in these hours was recorded, 0..1."""
        here = and_(recorded.c.model == model, recorded.c.hour >= hour_of(since), recorded.c.sampled)
        async with self._db.read() as conn:
            kept = (await conn.execute(select(func.count()).select_from(recorded).where(here))).scalar_one()
        total = sum(answers.values())
        return min(kept / total, 1.0) if total and kept else 1.0

    async def add(self, entries: Sequence[Entry], counts: Mapping[tuple[int, int], int]) -> dict[Any, int]:
        """Keep entries, count what was answered by model and hour, at least those, and trim those hours.

        Of each (model, hour) that is full: the largest hash of those that were kept.
        """
        async with self._db.write() as conn:
            await _count(conn, counts)  # first: its rows' locks let processes pass one after the other
            for start in range(0, len(entries), AT_ONCE):
                await _insert(conn, entries[start : start + AT_ONCE])
            touched = sorted({(entry.model, entry.hour) for entry in entries})
            full = {place: await self._trim(conn, *place) for place in touched}
        return {place: largest for place, largest in full.items() if largest is not None}

    async def forget(self, models: Collection[int]) -> None:
        """Delete what was recorded of these models."""
        self._shelf.forget(models)
        async with self._db.write() as conn:
            for table in (recorded, answered):
                await conn.execute(delete(table).where(table.c.model.in_(list(models))))

    async def tidy(self) -> set[int]:
        """Delete what is too old; the models of which something is left."""
        async with self._db.read() as conn:
            rows = (await conn.execute(select(answered.c.model, answered.c.hour))).all()
        old = [(row.model, row.hour) for row in rows if row.hour + HOUR_S <= self._oldest()]
        for start in range(0, len(old), AT_ONCE):
            some = old[start : start + AT_ONCE]
            async with self._db.write() as conn:
                for table in (recorded, answered):
                    await conn.execute(delete(table).where(tuple_(table.c.model, table.c.hour).in_(some)))
        self._shelf.keep({(row.model, row.hour) for row in rows}.difference(old))
        return {row.model for row in rows}

    def _oldest(self) -> float:
        return self._clock() - self._kept_s

    async def _trim(self, conn: AsyncConnection, model: int, hour: int) -> int | None:
        """Leave the smallest hashes of the hour's sample, and of those that were only taken as many."""
        here = and_(recorded.c.model == model, recorded.c.hour == hour)
        largest = await self._last_kept(conn, here, recorded.c.sampled)
        if largest is not None:
            beyond = and_(here, recorded.c.sampled, recorded.c.hash > largest)
            await conn.execute(delete(recorded).where(beyond, recorded.c.taken == ""))
            await conn.execute(update(recorded).where(beyond).values(sampled=False))
        last = await self._last_kept(conn, here, ~recorded.c.sampled)
        if last is not None:
            await conn.execute(delete(recorded).where(here, ~recorded.c.sampled, recorded.c.hash > last))
        return largest

    async def _last_kept(self, conn: AsyncConnection, *where: Any) -> int | None:  # conditions of SQLAlchemy
        query = select(recorded.c.hash).where(*where).order_by(recorded.c.hash)
        found: int | None = (await conn.execute(query.offset(self._per_hour - 1).limit(1))).scalar()
        return found


def _plain(result: CursorResult[Any]) -> Sequence[Any]:
    """The driver's own rows, which the result has already: SQLAlchemy's would cost the event loop as much as
    all else that it has to do for them."""
    rows: Sequence[Any] = cast(Any, result.cursor).fetchall()
    return rows


async def _insert(conn: AsyncConnection, entries: Sequence[Entry]) -> None:
    """A request that is sent again is recorded once, with all the collectors that took it."""
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql  # they share no base class
    rows = [{name: value for name, value in entry._asdict().items() if name != "seq"} for entry in entries]
    insert = dialect.insert(recorded)
    again = {
        "sampled": or_(recorded.c.sampled, insert.excluded.sampled),
        "taken": case((insert.excluded.taken != "", insert.excluded.taken), else_=recorded.c.taken),
    }
    await conn.execute(
        insert.on_conflict_do_update(index_elements=["model", "hour", "hash"], set_=again), rows
    )


async def _count(conn: AsyncConnection, counts: Mapping[tuple[int, int], int]) -> None:
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    insert = dialect.insert(answered)
    more = insert.on_conflict_do_update(
        index_elements=["model", "hour"], set_={"n": answered.c.n + insert.excluded.n}
    )
    rows = [{"model": model, "hour": hour, "n": n} for (model, hour), n in sorted(counts.items())]
    if rows:
        await conn.execute(more, rows)
