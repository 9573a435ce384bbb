"""Nearest neighbours found exactly: every vector is compared, in a thread, from a copy kept in memory."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.errors import Invalid
from bowerbird.index.nearest import Neighbour
from bowerbird.index.vectors import Floats, count_of, matrix, newest_version, stamp_of, unit
from bowerbird.store.db import Database
from bowerbird.store.tables import vectors

CHUNK = 4096  # rows that are read at once
Numbers = npt.NDArray[np.int64]
Key = tuple[int, str, int]  # app, model version, length of the vectors


class Block:
    """Vectors of one app and model version as they were when last looked at. Grows by doubling."""

    def __init__(self, stamp: str) -> None:
        self.stamp = stamp
        self.last = 0  # the greatest row number that was read
        self.count = 0
        self._seqs: Numbers = np.zeros(0, np.int64)
        self._inputs: Numbers = np.zeros(0, np.int64)
        self._rows: Floats = np.zeros((0, 0), np.float32)

    @property
    def nbytes(self) -> int:
        return self._rows.nbytes + self._inputs.nbytes + self._seqs.nbytes

    def add(self, seqs: Sequence[int], inputs: Numbers, rows: Floats) -> None:
        end = self.count + len(rows)
        if end > len(self._rows):
            room = max(end, 2 * self.count, 64) if self.count else end
            self._seqs, self._inputs = _wider(self._seqs, room), _wider(self._inputs, room)
            grown = np.zeros((room, rows.shape[1]), np.float32)
            grown[: self.count] = self._rows[: self.count] if self.count else 0
            self._rows = grown
        self._seqs[self.count : end] = seqs
        self._inputs[self.count : end] = inputs
        self._rows[self.count : end] = rows
        self.count, self.last = end, int(seqs[-1])

    def keep_only(self, seqs: Numbers) -> None:
        """Let go of the rows that are no longer there."""
        left = np.flatnonzero(np.isin(self._seqs[: self.count], seqs, assume_unique=True))
        # New arrays: a search that is under way in a thread goes on with the old ones.
        self._seqs, self._inputs, self._rows = self._seqs[left], self._inputs[left], self._rows[left]
        self.count = len(left)

    def view(self) -> tuple[Numbers, Floats]:
        return self._inputs[: self.count], self._rows[: self.count]


def _wider(numbers: Numbers, room: int) -> Numbers:
    wide = np.zeros(room, np.int64)
    wide[: len(numbers)] = numbers
    return wide


class ExactNearest:
    """Compares with all vectors of an app. Those used last stay in memory, up to so many bytes."""

    def __init__(self, db: Database, *, max_bytes: int) -> None:
        self._db = db
        self._max_bytes = max_bytes
        self._blocks: OrderedDict[Key, Block] = OrderedDict()
        self._locks: dict[Key, asyncio.Lock] = {}

    @property
    def nbytes(self) -> int:
        """What is in memory, in bytes."""
        return sum(block.nbytes for block in self._blocks.values())

    async def nearest(self, app: int, embedding: Sequence[float], k: int) -> list[Neighbour]:
        """The nearest among the vectors of the model version that was indexed last; see `Nearest`."""
        async with self._db.read() as conn:
            version = await newest_version(conn, app)
        return await self.among(app, version, embedding, k) if version else []

    async def among(
        self,
        app: int,
        version: str,
        embedding: Sequence[float],
        k: int,
        *,
        inputs: Sequence[int] | None = None,
        floor: float = -1.0,
    ) -> list[Neighbour]:
        """The nearest of these inputs, or of all, by the vectors of one model version.

        An input counts by the most similar of its regions. Raises Invalid for a vector of another length,
        and for one that points nowhere.
        """
        wanted = unit(embedding)
        if wanted is None:
            raise Invalid("the embedding has no direction: it is empty, all zero, or holds what is no number")
        if k <= 0:
            return []
        only = None if inputs is None else np.asarray(inputs, np.int64)
        best, key = Best(k, floor), (app, version, len(wanted))
        try:
            async with self._locks.setdefault(key, asyncio.Lock()), self._db.read() as conn:
                block = await self._fresh(conn, key)
                if block is None:
                    async for own, rows in _read(conn, key):
                        await asyncio.to_thread(best.look, own, rows, wanted, only)
                elif not block.count:
                    await _check_length(conn, key)
        finally:
            if key not in self._blocks:
                self._locks.pop(key, None)  # or those who ask for any length would fill the memory
        if block is not None:
            await asyncio.to_thread(best.look, *block.view(), wanted, only)
        return best.neighbours()

    async def _fresh(self, conn: AsyncConnection, key: Key) -> Block | None:
        """The block as the database has it now; None when it is too large to be kept."""
        app, version, dim = key
        stamp = await stamp_of(conn, app)
        block = self._blocks.get(key)
        if block is None:
            if 4 * dim * await count_of(conn, app, version) > self._max_bytes:
                return None
            block = Block(stamp)
        elif block.stamp != stamp:
            there = (await conn.execute(select(vectors.c.seq).where(*_are(key)))).scalars().all()
            seqs = np.array(there, np.int64)
            await asyncio.to_thread(block.keep_only, seqs)
            block.stamp = stamp
        await _load(conn, key, block)
        if block.count:
            self._keep(key, block)
        else:
            self._blocks.pop(key, None)
        return block

    def _keep(self, key: Key, block: Block) -> None:
        self._blocks[key] = block
        self._blocks.move_to_end(key)
        total = self.nbytes
        while total > self._max_bytes and self._blocks:
            gone, dropped = self._blocks.popitem(last=False)
            self._locks.pop(gone, None)
            total -= dropped.nbytes


class Best:
    """The best so far: of each input the most similar vector."""

    def __init__(self, k: int, floor: float) -> None:
        self._k = k
        self._floor = floor
        self._found: dict[int, float] = {}

    def look(self, inputs: Numbers, rows: Floats, wanted: Floats, only: Numbers | None) -> None:
        if only is not None:
            chosen = np.flatnonzero(np.isin(inputs, only))
            inputs, rows = inputs[chosen], rows[chosen]
        if not len(inputs):
            return
        scores = rows @ wanted
        for place in self._candidates(inputs, scores):
            input, score = int(inputs[place]), float(scores[place])
            if score >= self._floor:
                self._found[input] = max(score, self._found.get(input, -2.0))
        kept = sorted(self._found.items(), key=_order)[: self._k]
        self._found = dict(kept)

    def _candidates(self, inputs: Numbers, scores: Floats) -> Numbers:
        """The places of the best vectors, of at least `k` inputs if there are as many."""
        most = self._k
        while most < len(scores):
            best: Numbers = np.argpartition(scores, -most)[-most:]
            if len(np.unique(inputs[best])) >= self._k:
                # Equal scores at the edge: the newest inputs go first, whichever were picked.
                return np.flatnonzero(scores >= scores[best].min())
            most *= 2
        return np.arange(len(scores))

    def neighbours(self) -> list[Neighbour]:
        ranked = sorted(self._found.items(), key=_order)
        return [Neighbour(input, min(1.0, max(-1.0, score))) for input, score in ranked]


def _order(found: tuple[int, float]) -> tuple[float, int]:
    """The most similar first; of equals the newest."""
    return -found[1], -found[0]


def _are(key: Key) -> tuple[ColumnElement[bool], ...]:
    app, version, dim = key
    return vectors.c.app == app, vectors.c.version == version, vectors.c.dim == dim


async def _chunk(conn: AsyncConnection, key: Key, after: int) -> tuple[Sequence[int], Numbers, Floats]:
    """The rows that come next: their numbers, their inputs' and their vectors."""
    query = select(vectors.c.seq, vectors.c.input, vectors.c.vector).where(*_are(key), vectors.c.seq > after)
    rows = (await conn.execute(query.order_by(vectors.c.seq).limit(CHUNK))).all()
    numbers = await asyncio.to_thread(matrix, [row.vector for row in rows])
    return [row.seq for row in rows], np.array([row.input for row in rows], np.int64), numbers


async def _check_length(conn: AsyncConnection, key: Key) -> None:
    """Raises Invalid when the app has vectors of that model version, but of another length."""
    app, version, dim = key
    query = select(vectors.c.dim).where(vectors.c.app == app, vectors.c.version == version).limit(1)
    other = (await conn.execute(query)).scalar()
    if other:
        raise Invalid(f"the embedding has {dim} numbers, those of the app have {other}: another model's")


async def _load(conn: AsyncConnection, key: Key, block: Block) -> None:
    """Add what was kept since."""
    while (found := await _chunk(conn, key, block.last))[0]:
        block.add(*found)


async def _read(conn: AsyncConnection, key: Key) -> AsyncIterator[tuple[Numbers, Floats]]:
    last = 0
    while (found := await _chunk(conn, key, last))[0]:
        seqs, inputs, rows = found
        yield inputs, rows
        last = seqs[-1]
