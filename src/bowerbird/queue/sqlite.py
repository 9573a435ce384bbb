"""The capture queue in an SQLite file of its own, in hand-written SQL.

A file of its own, because commits of captures then never wait for those of everything else. By hand, because
a group of 64 commits in about a millisecond, of which a query builder would take most.
"""

# ruff: noqa: S608 - statements are put together from constants of this module

import asyncio
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import create_engine

from bowerbird.errors import Busy
from bowerbird.queue import arrivals, rows
from bowerbird.queue.arrivals import ABSORBED, Arrival, Span
from bowerbird.queue.rows import COLUMNS, NO_LEASE, Row
from bowerbird.queue.sqlite_put import FEW, MOST_ROWS, PREPARE, count, put, put_few
from bowerbird.queue.tables import metadata
from bowerbird.queue.types import (
    Capture,
    Counts,
    DeadLetter,
    Failure,
    FunnelRow,
    Leased,
    Pick,
    Standing,
    Waiting,
    hour_of,
)

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

LOCK_WAIT_S = 10.0
LOCK_POLL_S = 0.0001  # SQLite's own waiting starts at 1 ms and soon sleeps 10 and more

_OF_THE_VALUES = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.ProgrammingError)  # no retry mends them
_SETUP = (
    # A commit writes each page that it changed, and the random index has it change one for nearly every row:
    # smaller pages are fewer bytes, smaller ones yet more writes.
    "PRAGMA page_size=4096",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    # At 4 MiB. Sooner, the same pages are written back more often; later, the commit that has to wait for it
    # takes longer.
    "PRAGMA wal_autocheckpoint=1024",
    "PRAGMA cache_size=-32768",
    "PRAGMA secure_delete=FAST",
    # What a statement needs to take its own changes back is otherwise a file on the disk, for each anew.
    "PRAGMA temp_store=MEMORY",
)
# Jumps from collector to collector in the index, however much waits for each.
_HEADS = """
    WITH RECURSIVE names(name) AS (
        SELECT min(collector) FROM captures
        UNION ALL
        SELECT (SELECT min(collector) FROM captures WHERE collector > name) FROM names WHERE name IS NOT NULL
    )
    SELECT name, (SELECT min(ready_at) FROM captures WHERE collector = name AND ready_at <= :now) AS head,
        (SELECT max(ready_at) FROM captures WHERE collector = name) AS latest
    FROM names WHERE head IS NOT NULL OR latest > :latest ORDER BY coalesce(head, :now)"""
_RECALL = f"""
    UPDATE captures SET ready_at = :now WHERE seq IN (
        SELECT seq FROM captures WHERE collector = :collector AND ready_at > :latest LIMIT {rows.CHUNK})"""
# The row's number in its token makes the token alone tell row and lease, which `_HELD` relies on.
_LEASE = f"""
    UPDATE captures SET attempt = attempt + 1, lost = lost + (token != {NO_LEASE}),
        alive_since = coalesce(alive_since, :now), token = :token + seq, worker = :worker, ready_at = :until
    WHERE seq IN (SELECT seq FROM captures WHERE collector = :collector AND ready_at <= :now
                  ORDER BY ready_at LIMIT :limit)
    RETURNING {COLUMNS}"""
_HELD = """
    seq IN (SELECT json_extract(value, '$[0]') FROM json_each(?1))
    AND token IN (SELECT json_extract(value, '$[1]') FROM json_each(?1))"""
_ACK = f"DELETE FROM captures WHERE {_HELD} RETURNING collector, taken_at"
_EXTEND = f"UPDATE captures SET ready_at = ?2 WHERE {_HELD}"
_POSTPONE = f"UPDATE captures SET ready_at = ?2, token = {NO_LEASE}, attempt = attempt - 1 WHERE {_HELD}"
_ONE_HELD = "WHERE seq = ?1 AND token = ?2"
_RETRY = f"UPDATE captures SET ready_at = ?3, token = {NO_LEASE}, history = ?4 {_ONE_HELD}"
_NOTE = f"""
    UPDATE captures SET ready_at = ?3, token = {NO_LEASE}, history = ?4, attempt = attempt - 1 {_ONE_HELD}"""
_BURY = f"""
    UPDATE captures SET ready_at = NULL, died_at = ?3, token = {NO_LEASE}, history = ?4
    {_ONE_HELD} RETURNING collector, taken_at"""
_KNOWN = "SELECT capture_id FROM captures WHERE fingerprint IN (SELECT value FROM json_each(?))"
_PICKED = """
    died_at IS NOT NULL
    AND (:ids IS NULL OR capture_id IN (SELECT value FROM json_each(:ids)))
    AND (:collector IS NULL OR collector = :collector)
    AND (:died_before IS NULL OR died_at < :died_before)"""
_DEAD = f"""
    SELECT {COLUMNS} FROM captures
    WHERE {_PICKED} AND (:died_at IS NULL OR (died_at, seq) < (:died_at, :seq))
    ORDER BY died_at DESC, seq DESC LIMIT :limit"""
_THESE_DEAD = "seq IN (SELECT value FROM json_each(?)) AND died_at IS NOT NULL RETURNING collector, taken_at"
_REDRIVE = f"""
    UPDATE captures SET ready_at = taken_at, died_at = NULL, alive_since = NULL, attempt = 0, lost = 0
    WHERE {_THESE_DEAD}"""
_PURGE = f"DELETE FROM captures WHERE {_THESE_DEAD}"
_DROP = """
    DELETE FROM captures WHERE seq IN (SELECT value FROM json_each(?)) AND died_at IS NULL
    RETURNING collector, taken_at"""
_COUNTERS = """
    SELECT collector, hour, kind, n FROM capture_counts
    WHERE hour >= :hour"""
_COUNTERS_OF_SOME = f"{_COUNTERS} AND collector IN (SELECT value FROM json_each(:collectors))"
_COUNT_DEAD = "SELECT count(*) FROM captures WHERE died_at IS NOT NULL"
_NAMED = """
    SELECT payload_key FROM captures
    WHERE payload_key != '' AND payload_key IN (SELECT value FROM json_each(?))"""
_WAITING = "SELECT count(*), min(taken_at) FROM captures WHERE ready_at IS NOT NULL"
_STANDINGS = """
    WITH asked(name) AS (SELECT value FROM json_each(?))
    SELECT collector, count(*), min(taken_at), 0 FROM captures
    WHERE ready_at IS NOT NULL AND collector IN asked GROUP BY collector
    UNION ALL
    SELECT collector, 0, NULL, count(*) FROM captures
    WHERE died_at IS NOT NULL AND collector IN asked GROUP BY collector"""

# A message that is there already under its number is new when it was published at another time.
_ARRIVE = """
    INSERT INTO arrivals (stream, seq, published, collector, hour)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
        json_extract(value, '$[3]'), json_extract(value, '$[4]') FROM json_each(?) WHERE true
    ON CONFLICT (stream, seq) DO UPDATE
        SET published = excluded.published, collector = excluded.collector, hour = excluded.hour
        WHERE arrivals.published != excluded.published
    RETURNING seq"""
_ABSORBED = "FROM arrivals WHERE stream = :stream AND seq BETWEEN :first AND :last"
_AND_ABSORBED = f"UNION ALL SELECT collector, hour, '{ABSORBED}', seq {_ABSORBED}"
_FORGET = "DELETE FROM arrivals WHERE stream = ? AND seq < ? AND published < ?"


def _counters(collectors: Collection[str] | None, since: float) -> tuple[str, dict[str, object]]:
    """Of some or of all: in one statement for both SQLite would not look some up by its index."""
    where: dict[str, object] = {"hour": hour_of(since)}
    if collectors is None:
        return _COUNTERS, where
    return _COUNTERS_OF_SOME, where | {"collectors": json.dumps(list(collectors))}


def new_file(file: Path) -> None:
    """Make the queue's file if it is missing, without tables: later its page size can no longer be set."""
    connection = sqlite3.connect(file)
    for pragma in _SETUP:
        connection.execute(pragma)
    connection.close()


def create_file(file: Path) -> None:
    """Make the queue's file and its tables, where they are missing."""
    new_file(file)
    engine = create_engine(f"sqlite:///{file}")
    metadata.create_all(engine)
    engine.dispose()


class SqliteQueue:
    """A Queue on one connection, used by one thread: the executor's only one, or the caller's if None."""

    def __init__(self, file: Path, executor: Executor | None) -> None:
        self._file = file
        self._executor = executor
        self._open: sqlite3.Connection | None = None

    async def put_many(self, captures: Sequence[Capture], counts: Counts) -> set[str]:
        if captures and not counts and len(captures) <= FEW:
            with suppress(sqlite3.IntegrityError):  # some are there already
                return await self._single(partial(put_few, captures))
        return await self._change(partial(put, captures, counts))

    async def add_counts(self, counts: Counts) -> None:
        await self._change(partial(count, counts))

    async def lease(
        self, limit: int, *, now: float, ttl: float, worker: str, exclude: Collection[str] = ()
    ) -> list[Leased]:
        lease = {
            "now": now,
            "until": now + ttl,
            "latest": rows.latest_due(now, ttl),
            "worker": rows.fixed_width(worker),
            "token": rows.new_token(),
        }
        return await self._call(partial(self._lease, limit, frozenset(exclude), lease))

    async def extend(self, leased: Sequence[Leased], *, until: float) -> int:
        return await self._change(lambda db: db.execute(_EXTEND, (_held(leased), until)).rowcount)

    async def ack(self, leased: Sequence[Leased]) -> int:
        return await self._change(partial(_moved, _ACK, (_held(leased),), {"posted": 1}))

    async def discard(self, leased: Sequence[Leased]) -> int:
        kinds = {"taken": -1, "filtered": 1}
        return await self._change(partial(_moved, _ACK, (_held(leased),), kinds))

    async def retry(
        self, leased: Sequence[Leased], *, not_before: float, error: Failure | None, burn: bool = True
    ) -> int:
        if error is None:
            return await self._change(lambda db: db.execute(_POSTPONE, (_held(leased), not_before)).rowcount)
        change, history = (_RETRY, rows.history_with) if burn else (_NOTE, rows.history_noting)
        changes = [(one.seq, one.token, not_before, history(one, error)) for one in leased]
        return await self._change(lambda db: db.executemany(change, changes).rowcount)

    async def bury(self, leased: Sequence[Leased], *, error: Failure) -> int:
        return await self._change(partial(_bury, leased, error))

    async def holds(self, ids: Collection[str]) -> set[str]:
        prints = (json.dumps([rows.fingerprint(id) for id in ids]),)
        found = await self._single(lambda db: db.execute(_KNOWN, prints).fetchall())
        return {capture_id for (capture_id,) in found} & set(ids)

    async def dead(
        self, pick: Pick, *, after: tuple[float, int] | None = None, limit: int = 50
    ) -> list[DeadLetter]:
        died_at, seq = after or (None, None)
        page = _picked(pick) | {"died_at": died_at, "seq": seq, "limit": limit}
        return [rows.letter(row) for row in await self._single(lambda db: db.execute(_DEAD, page).fetchall())]

    async def redrive(self, pick: Pick) -> int:
        return await self._in_chunks(await self._dead_rows(pick), _REDRIVE, {"dead": -1})

    async def purge(self, pick: Pick) -> int:
        return await self._in_chunks(await self._dead_rows(pick), _PURGE, {"dead": -1, "purged": 1})

    async def drop_collector(self, collector: str) -> int:
        find = "SELECT seq FROM captures WHERE collector = ?"
        waiting = await self._single(lambda db: db.execute(find, (collector,)).fetchall())
        dropped = await self._in_chunks(waiting, _DROP, {"purged": 1})
        return dropped + await self.purge(Pick(collector=collector))

    async def funnel(self, collector: str | None = None, *, since: float = 0) -> list[FunnelRow]:
        return await self._funnel(None if collector is None else [collector], since)

    async def funnels(self, collectors: Collection[str], *, since: float = 0) -> list[FunnelRow]:
        return await self._funnel(collectors, since)

    async def _funnel(self, collectors: Collection[str] | None, since: float) -> list[FunnelRow]:
        query, where = _counters(collectors, since)
        query = f"{query} ORDER BY hour, collector"
        return rows.funnel_rows(await self._single(lambda db: db.execute(query, where).fetchall()))

    async def waiting(self, collector: str | None = None) -> Waiting:
        query = _WAITING if collector is None else f"{_WAITING} AND collector = :collector"
        where = {"collector": collector}
        return Waiting(*await self._single(lambda db: db.execute(query, where).fetchone()))

    async def standings(self, collectors: Collection[str]) -> dict[str, Standing]:
        names = (json.dumps(list(collectors)),)
        return rows.standings(await self._single(lambda db: db.execute(_STANDINGS, names).fetchall()))

    async def count_dead(self) -> int:
        [count] = await self._single(lambda db: db.execute(_COUNT_DEAD).fetchone())
        return int(count)

    async def named(self, payload_keys: Collection[str]) -> set[str]:
        keys = (json.dumps(list(payload_keys)),)
        return {key for (key,) in await self._single(lambda db: db.execute(_NAMED, keys).fetchall())}

    async def under_way(self) -> tuple[int, int]:
        return 1, 0  # what was put can be leased

    async def absorb(self, arrived: Sequence[Arrival]) -> None:
        await self._change(partial(_absorb, arrived))

    async def absorbed(self, span: Span) -> list[tuple[str, int, int]]:
        query = f"SELECT collector, hour, seq {_ABSORBED}"
        return await self._single(lambda db: db.execute(query, asdict(span)).fetchall())

    async def counters(
        self, collectors: Collection[str] | None, since: float, span: Span
    ) -> list[tuple[str, int, str, int]]:
        query, where = _counters(collectors, since)
        query, where = f"{query} {_AND_ABSORBED}", where | asdict(span)
        return await self._single(lambda db: db.execute(query, where).fetchall())

    async def forget(self, stream: str, *, before: int, published_before: int) -> None:
        await self._change(lambda db: db.execute(_FORGET, (stream, before, published_before)))

    async def close(self) -> None:
        await self._call(self._close)
        if self._executor:
            self._executor.shutdown(wait=False)

    async def _dead_rows(self, pick: Pick) -> list[Row]:
        find = f"SELECT seq FROM captures WHERE {_PICKED}"
        return await self._single(lambda db: db.execute(find, _picked(pick)).fetchall())

    async def _in_chunks(self, found: Sequence[Row], change: str, kinds: dict[str, int]) -> int:
        changed = 0
        for start in range(0, len(found), rows.CHUNK):
            seqs = json.dumps([seq for (seq,) in found[start : start + rows.CHUNK]])
            changed += await self._change(partial(_moved, change, (seqs,), kinds))
        return changed

    def _lease(self, limit: int, exclude: Collection[str], lease: dict[str, Any]) -> list[Leased]:
        heads = self._patiently(lambda db: db.execute(_HEADS, lease).fetchall())
        due = [(head[0], head[2] > lease["latest"]) for head in heads if head[0] not in exclude]
        if not due:  # an idle poll takes no lock
            return []
        return self._patiently(partial(_transaction, partial(_lease, due, limit, lease)))

    async def _single(self, work: Work[T]) -> T:
        """A single statement is a transaction of its own."""
        return await self._call(partial(self._patiently, work))

    async def _change(self, work: Work[T]) -> T:
        return await self._call(partial(self._patiently, partial(_transaction, work)))

    async def _call(self, work: Callable[[], T]) -> T:
        if self._executor is None:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _patiently(self, work: Work[T]) -> T:
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                return work(self._connection())
            except _OF_THE_VALUES:
                raise
            except sqlite3.DatabaseError as error:
                is_locked = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
                if not is_locked or time.monotonic() > deadline:
                    self._close()  # the next call finds the file that is there then
                    raise Busy(f"capture queue: {error}") from error
                time.sleep(LOCK_POLL_S)

    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            self._open = _connect(self._file)
        return self._open

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


def _connect(file: Path) -> sqlite3.Connection:
    # "rw": a file that is gone is an error, not a new and empty queue.
    address = f"{file.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(
        address,
        timeout=0,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=4 * MOST_ROWS,
        uri=True,
    )
    for statement in (*_SETUP, *PREPARE):
        connection.execute(statement)
    return connection


def _transaction(work: Work[T], db: sqlite3.Connection) -> T:
    db.execute("BEGIN IMMEDIATE")
    with db:  # commits, or takes everything back
        return work(db)


def _absorb(arrived: Sequence[Arrival], db: sqlite3.Connection) -> None:
    fresh = {seq for (seq,) in db.execute(_ARRIVE, (json.dumps(arrivals.rows_of(arrived)),))}
    put(*arrivals.contents(arrived, fresh), db)


def _lease(
    due: Iterable[tuple[str, bool]], limit: int, lease: dict[str, Any], db: sqlite3.Connection
) -> list[Leased]:
    taken: list[Row] = []
    for collector, is_ahead in due:
        if len(taken) >= limit:
            break
        wanted = lease | {"collector": collector, "limit": limit - len(taken)}
        if is_ahead:
            db.execute(_RECALL, wanted)
        found = db.execute(_LEASE, wanted).fetchall()
        taken += sorted(found, key=lambda row: (row[3], row[0]))
    return [rows.leased(row) for row in taken]


def _moved(change: str, values: tuple[object, ...], kinds: dict[str, int], db: sqlite3.Connection) -> int:
    """Run a change that returns collector and taken_at of its rows; count each of them as `kinds` say."""
    changed = db.execute(change, values).fetchall()
    hours = Counter((collector, hour_of(taken_at)) for collector, taken_at in changed)
    count({(*hour, kind): n * sign for hour, n in hours.items() for kind, sign in kinds.items()}, db)
    return len(changed)


def _bury(leased: Sequence[Leased], error: Failure, db: sqlite3.Connection) -> int:
    buried = 0
    for one in leased:
        change = (one.seq, one.token, error.at, rows.history_with(one, error))
        buried += _moved(_BURY, change, {"dead": 1}, db)
    return buried


def _held(leased: Iterable[Leased]) -> str:
    return json.dumps([(one.seq, one.token) for one in leased])


def _picked(pick: Pick) -> dict[str, object]:
    ids = None if pick.ids is None else json.dumps(pick.ids)
    return {"ids": ids, "collector": pick.collector, "died_before": pick.died_before}
