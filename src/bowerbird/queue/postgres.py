"""The capture queue in PostgreSQL, in hand-written SQL.

Each call that changes something is one statement, which is a transaction by itself: the change, and the
counters of what it returned. That spares three round trips in a put, so that a group of 64 is committed at
about the speed of COPY.
"""

# ruff: noqa: S608 - statements are put together from constants of this module

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from secrets import token_hex
from typing import Self

import asyncpg

from bowerbird.errors import Busy
from bowerbird.queue import arrivals, rows
from bowerbird.queue.arrivals import ABSORBED, Arrival, Span
from bowerbird.queue.rows import COLUMNS, NO_LEASE, NOBODY, Row
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
from bowerbird.queue.unsure import Unsure

CONNECTIONS = 4
CONNECT_S = 10.0
CALL_S = 30.0
WRITERS_S = 86_400.0  # how long one that is gone is remembered

# Sorted, so that two statements never wait for each other's counters.
_TALLY = """
    INSERT INTO capture_counts AS c (collector, hour, kind, n)
    SELECT collector, hour, kind, sum(n) FROM delta GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (collector, hour, kind) DO UPDATE SET n = c.n + excluded.n"""
_HOUR = "floor(taken_at / 3600)::bigint * 3600"
_GIVEN = "SELECT * FROM unnest({}::text[], {}::bigint[], {}::text[], {}::bigint[]) AS g"
# Does nothing when the last put of this writer was the same: it happened, and its answer was lost. Without a
# writer whoever calls knows that it is none.
_PUT = f"""
    WITH first AS (
        INSERT INTO capture_writers AS w (writer, put, put_at)
        SELECT writer, put, extract(epoch FROM now()) FROM (VALUES ($12::text, $13::text)) AS g(writer, put)
        WHERE writer IS NOT NULL
        ON CONFLICT (writer) DO UPDATE SET put = excluded.put, put_at = excluded.put_at
            WHERE w.put <> excluded.put
        RETURNING 1
    ), go AS (
        SELECT 1 FROM first UNION ALL SELECT 1 WHERE $12 IS NULL
    ), offered AS (
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::float8[], $5::text[], $6::text[],
                             $7::bytea[])
            AS o(capture_id, fingerprint, collector, taken_at, blob_keys, payload_key, payload)
        WHERE EXISTS (SELECT FROM go)
    ), new AS (
        INSERT INTO captures
            (capture_id, fingerprint, collector, taken_at, ready_at, alive_since, blob_keys, payload_key,
             payload, token, worker)
        SELECT capture_id, fingerprint, collector, taken_at, taken_at, taken_at, blob_keys, payload_key,
               payload, {NO_LEASE}, '{NOBODY}'
        FROM offered ORDER BY fingerprint ON CONFLICT (fingerprint) DO NOTHING
        RETURNING capture_id, collector, taken_at
    ), delta AS (
        SELECT collector, {_HOUR} AS hour, 'taken' AS kind, 1 AS n FROM new
        UNION ALL SELECT collector, {_HOUR}, 'duplicate', 1 FROM offered
        UNION ALL SELECT collector, {_HOUR}, 'duplicate', -1 FROM new
        UNION ALL {_GIVEN.format("$8", "$9", "$10", "$11")} WHERE EXISTS (SELECT FROM go)
    ), tally AS ({_TALLY})
    SELECT capture_id FROM new"""
_FORGET_WRITERS = "DELETE FROM capture_writers WHERE put_at < extract(epoch FROM now()) - $1"
_COUNT = f"WITH delta(collector, hour, kind, n) AS ({_GIVEN.format('$1', '$2', '$3', '$4')}) {_TALLY}"
# Jumps from collector to collector in the index, however much waits for each.
_HEADS = """
    WITH RECURSIVE names(name) AS (
        SELECT min(collector) FROM captures
        UNION ALL
        SELECT (SELECT min(collector) FROM captures WHERE collector > name) FROM names WHERE name IS NOT NULL
    ), heads AS (
        SELECT name, (SELECT min(ready_at) FROM captures WHERE collector = name AND ready_at <= $1) AS head,
            (SELECT max(ready_at) FROM captures WHERE collector = name) > $3 AS is_ahead
        FROM names WHERE name <> ALL ($2::text[])
    )
    SELECT name, is_ahead FROM heads WHERE head IS NOT NULL OR is_ahead ORDER BY coalesce(head, $1)"""
_RECALL = f"""
    UPDATE captures SET ready_at = $1 WHERE seq IN (
        SELECT seq FROM captures WHERE collector = $2 AND ready_at > $3 LIMIT {rows.CHUNK}
        FOR UPDATE SKIP LOCKED)"""
_LEASE = f"""
    UPDATE captures SET attempt = attempt + 1, lost = lost + (token <> {NO_LEASE})::int,
        alive_since = coalesce(alive_since, $5), token = $1, worker = $2, ready_at = $3
    WHERE seq IN (SELECT seq FROM captures WHERE collector = $4 AND ready_at <= $5
                  ORDER BY ready_at LIMIT $6 FOR UPDATE SKIP LOCKED)
    RETURNING {COLUMNS}"""
_HELD = "FROM unnest($1::bigint[], $2::bigint[]) AS h(s, t) WHERE seq = h.s AND token = h.t"
_EXTEND = f"UPDATE captures SET ready_at = $3 {_HELD}"
_POSTPONE = f"UPDATE captures SET ready_at = $3, token = {NO_LEASE}, attempt = attempt - 1 {_HELD}"
_HELD_WITH_HISTORY = """
    FROM unnest($1::bigint[], $2::bigint[], $4::text[]) AS h(s, t, entries) WHERE seq = h.s AND token = h.t"""
_RETRY = f"UPDATE captures SET ready_at = $3, token = {NO_LEASE}, history = h.entries {_HELD_WITH_HISTORY}"
_KNOWN = "SELECT capture_id FROM captures WHERE fingerprint = ANY ($1::bigint[])"
_NOTE = f"""
    UPDATE captures SET ready_at = $3, token = {NO_LEASE}, history = h.entries, attempt = attempt - 1
    {_HELD_WITH_HISTORY}"""
_PICKED = """
    died_at IS NOT NULL AND ($1::text[] IS NULL OR capture_id = ANY ($1))
    AND ($2::text IS NULL OR collector = $2) AND ($3::float8 IS NULL OR died_at < $3)"""
_DEAD_ROWS = f"SELECT seq FROM captures WHERE {_PICKED}"
_DEAD = f"""
    SELECT {COLUMNS} FROM captures
    WHERE {_PICKED} AND ($4::float8 IS NULL OR (died_at, seq) < ($4, $5::bigint))
    ORDER BY died_at DESC, seq DESC LIMIT $6"""
_COUNTERS = """
    SELECT collector, hour, kind, n FROM capture_counts
    WHERE hour >= $2 AND ($1::text[] IS NULL OR collector = ANY ($1))"""
_FUNNEL = f"{_COUNTERS} ORDER BY hour, collector"
_COUNT_DEAD = "SELECT count(*) FROM captures WHERE died_at IS NOT NULL"
_NAMED = "SELECT payload_key FROM captures WHERE payload_key != '' AND payload_key = ANY ($1::text[])"
_WAITING = """
    SELECT count(*), min(taken_at) FROM captures
    WHERE ready_at IS NOT NULL AND ($1::text IS NULL OR collector = $1)"""

_STANDINGS = """
    SELECT collector, count(*), min(taken_at), 0 FROM captures
    WHERE ready_at IS NOT NULL AND collector = ANY($1::text[]) GROUP BY collector
    UNION ALL
    SELECT collector, 0, NULL, count(*) FROM captures
    WHERE died_at IS NOT NULL AND collector = ANY($1::text[]) GROUP BY collector"""

# A message that is there already under its number is new when it was published at another time.
_ARRIVE = """
    INSERT INTO arrivals (stream, seq, published, collector, hour)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[])
    ON CONFLICT (stream, seq) DO UPDATE
        SET published = excluded.published, collector = excluded.collector, hour = excluded.hour
        WHERE arrivals.published <> excluded.published
    RETURNING seq"""
_ABSORBED = "SELECT collector, hour, seq FROM arrivals WHERE stream = $1 AND seq BETWEEN $2 AND $3"
_COUNTERS_AND_ABSORBED = f"""{_COUNTERS} UNION ALL
    SELECT collector, hour, '{ABSORBED}', seq FROM arrivals WHERE stream = $3 AND seq BETWEEN $4 AND $5"""
_FORGET = "DELETE FROM arrivals WHERE stream = $1 AND seq < $2 AND published < $3"


def _counted(change: str, kinds: dict[str, int]) -> str:
    """A statement that makes the change, counts each changed row as `kinds` say, and answers their number."""
    values = ", ".join(f"('{kind}', {n})" for kind, n in kinds.items())
    return f"""
        WITH changed AS ({change} RETURNING collector, taken_at), delta AS (
            SELECT collector, {_HOUR} AS hour, kind, n FROM changed CROSS JOIN (VALUES {values}) AS k(kind, n)
        ), tally AS ({_TALLY}) SELECT count(*) FROM changed"""


_REMOVE = f"DELETE FROM captures USING {_HELD.removeprefix('FROM ')}"
_ACK = _counted(_REMOVE, {"posted": 1})
_DISCARD = _counted(_REMOVE, {"taken": -1, "filtered": 1})
_BURY = _counted(
    f"UPDATE captures SET ready_at = NULL, died_at = $3, token = {NO_LEASE}, history = h.entries"
    + _HELD_WITH_HISTORY,
    {"dead": 1},
)
_THESE_DEAD = "WHERE seq = ANY ($1::bigint[]) AND died_at IS NOT NULL"
_REDRIVE = _counted(
    "UPDATE captures SET ready_at = taken_at, died_at = NULL, alive_since = NULL, attempt = 0, lost = 0"
    f" {_THESE_DEAD}",
    {"dead": -1},
)
_PURGE = _counted(f"DELETE FROM captures {_THESE_DEAD}", {"dead": -1, "purged": 1})
_DROP = _counted("DELETE FROM captures WHERE seq = ANY ($1::bigint[]) AND died_at IS NULL", {"purged": 1})


class PostgresQueue:
    """A Queue on a pool of connections, for the event loop that it was opened in."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._writer = token_hex(12)
        self._unsure = Unsure()
        self._is_known = False  # among the writers

    @classmethod
    async def open(cls, url: str) -> Self:
        """`url` may name a driver, as SQLAlchemy wants it. Connects only when a call needs to."""
        scheme, _, rest = url.partition("://")
        dsn = f"{scheme.partition('+')[0]}://{rest}"
        limits = {"min_size": 0, "max_size": CONNECTIONS, "timeout": CONNECT_S, "command_timeout": CALL_S}
        return cls(await asyncpg.create_pool(dsn, **limits))

    async def put_many(self, captures: Sequence[Capture], counts: Counts) -> set[str]:
        with self._unsure.put(captures, counts) as (name, is_repeat):
            if not self._is_known:
                await self._rows(_FORGET_WRITERS, WRITERS_S)
            new = await self._rows(_PUT, *_put_values(captures, counts), self._writer, name)
        self._is_known = True
        # What a first try put in may have been posted since: that it is new is all that can be said of it.
        return {capture.capture_id for capture in captures} if is_repeat else {row[0] for row in new}

    async def add_counts(self, counts: Counts) -> None:
        await self._rows(_COUNT, *_given(counts))

    async def lease(
        self, limit: int, *, now: float, ttl: float, worker: str, exclude: Collection[str] = ()
    ) -> list[Leased]:
        token, holder, taken = rows.new_token(), rows.fixed_width(worker), list[Row]()
        latest = rows.latest_due(now, ttl)
        for collector, is_ahead in await self._rows(_HEADS, now, list(exclude), latest):
            if len(taken) >= limit:
                break
            if is_ahead:
                await self._changed(_RECALL, now, collector, latest)
            left = limit - len(taken)
            found = await self._rows(_LEASE, token, holder, now + ttl, collector, now, left)
            taken += sorted(found, key=lambda row: (row[3], row[0]))
        return [rows.leased(row) for row in taken]

    async def extend(self, leased: Sequence[Leased], *, until: float) -> int:
        return await self._changed(_EXTEND, *_held(leased), until)

    async def ack(self, leased: Sequence[Leased]) -> int:
        return await self._count(_ACK, *_held(leased))

    async def discard(self, leased: Sequence[Leased]) -> int:
        return await self._count(_DISCARD, *_held(leased))

    async def retry(
        self, leased: Sequence[Leased], *, not_before: float, error: Failure | None, burn: bool = True
    ) -> int:
        if error is None:
            return await self._changed(_POSTPONE, *_held(leased), not_before)
        if not burn:
            noted = [rows.history_noting(one, error) for one in leased]
            return await self._changed(_NOTE, *_held(leased), not_before, noted)
        return await self._changed(_RETRY, *_held(leased), not_before, _histories(leased, error))

    async def bury(self, leased: Sequence[Leased], *, error: Failure) -> int:
        return await self._count(_BURY, *_held(leased), error.at, _histories(leased, error))

    async def holds(self, ids: Collection[str]) -> set[str]:
        found = await self._rows(_KNOWN, [rows.fingerprint(id) for id in ids])
        return {row[0] for row in found} & set(ids)

    async def dead(
        self, pick: Pick, *, after: tuple[float, int] | None = None, limit: int = 50
    ) -> list[DeadLetter]:
        page = (*_picked(pick), *(after or (None, None)), limit)
        return [rows.letter(row) for row in await self._rows(_DEAD, *page)]

    async def redrive(self, pick: Pick) -> int:
        return await self._in_chunks(await self._rows(_DEAD_ROWS, *_picked(pick)), _REDRIVE)

    async def purge(self, pick: Pick) -> int:
        return await self._in_chunks(await self._rows(_DEAD_ROWS, *_picked(pick)), _PURGE)

    async def drop_collector(self, collector: str) -> int:
        waiting = await self._rows("SELECT seq FROM captures WHERE collector = $1", collector)
        dropped = await self._in_chunks(waiting, _DROP)
        return dropped + await self.purge(Pick(collector=collector))

    async def funnel(self, collector: str | None = None, *, since: float = 0) -> list[FunnelRow]:
        return await self._funnel(None if collector is None else [collector], since)

    async def funnels(self, collectors: Collection[str], *, since: float = 0) -> list[FunnelRow]:
        return await self._funnel(list(collectors), since)

    async def _funnel(self, collectors: list[str] | None, since: float) -> list[FunnelRow]:
        counters = await self._rows(_FUNNEL, collectors, hour_of(since))
        return rows.funnel_rows((row[0], row[1], row[2], row[3]) for row in counters)

    async def waiting(self, collector: str | None = None) -> Waiting:
        [row] = await self._rows(_WAITING, collector)
        return Waiting(row[0], row[1])

    async def standings(self, collectors: Collection[str]) -> dict[str, Standing]:
        return rows.standings(await self._rows(_STANDINGS, list(collectors)))

    async def count_dead(self) -> int:
        [[count]] = await self._rows(_COUNT_DEAD)
        return int(count)

    async def named(self, payload_keys: Collection[str]) -> set[str]:
        return {row[0] for row in await self._rows(_NAMED, list(payload_keys))}

    async def under_way(self) -> tuple[int, int]:
        return 1, 0  # what was put can be leased

    async def absorb(self, arrived: Sequence[Arrival]) -> None:
        columns = list(zip(*arrivals.rows_of(arrived), strict=True)) or [()] * 5
        with _store_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                fresh = {row[0] for row in await connection.fetch(_ARRIVE, *columns)}
                values = _put_values(*arrivals.contents(arrived, fresh))
                await connection.execute(_PUT, *values, None, None)

    async def absorbed(self, span: Span) -> list[tuple[str, int, int]]:
        found = await self._rows(_ABSORBED, span.stream, span.first, span.last)
        return [(row[0], row[1], row[2]) for row in found]

    async def counters(
        self, collectors: Collection[str] | None, since: float, span: Span
    ) -> list[tuple[str, int, str, int]]:
        wanted = None if collectors is None else list(collectors)
        where = (wanted, hour_of(since), span.stream, span.first, span.last)
        return [(row[0], row[1], row[2], row[3]) for row in await self._rows(_COUNTERS_AND_ABSORBED, *where)]

    async def forget(self, stream: str, *, before: int, published_before: int) -> None:
        await self._rows(_FORGET, stream, before, published_before)

    async def close(self) -> None:
        await self._pool.close()

    async def _in_chunks(self, found: Sequence[Row], change: str) -> int:
        changed = 0
        for start in range(0, len(found), rows.CHUNK):
            changed += await self._count(change, [row[0] for row in found[start : start + rows.CHUNK]])
        return changed

    async def _rows(self, sql: str, *values: object) -> list[Row]:
        with _store_errors():
            found: list[Row] = await self._pool.fetch(sql, *values)
        return found

    async def _count(self, sql: str, *values: object) -> int:
        [[count]] = await self._rows(sql, *values)
        return int(count)

    async def _changed(self, sql: str, *values: object) -> int:
        with _store_errors():
            tag: str = await self._pool.execute(sql, *values)  # "UPDATE 3"
        return int(tag.rpartition(" ")[2])


@contextmanager
def _store_errors() -> Iterator[None]:
    """What another try may mend becomes Busy; a value that cannot be stored stays what it is."""
    try:
        yield
    except (asyncpg.DataError, asyncpg.CharacterNotInRepertoireError):
        raise
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise Busy(f"capture queue: {error}") from error


def _put_values(captures: Sequence[Capture], counts: Counts) -> list[Sequence[object]]:
    columns = list(zip(*map(rows.put_row, captures), strict=True)) or [()] * 7
    return [*columns, *_given(counts)]


def _given(counts: Counts) -> tuple[list[str], list[int], list[str], list[int]]:
    keys = list(counts)
    return [key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys], list(counts.values())


def _held(leased: Iterable[Leased]) -> tuple[list[int], list[int]]:
    leased = list(leased)
    return [one.seq for one in leased], [one.token for one in leased]


def _histories(leased: Iterable[Leased], error: Failure) -> list[str]:
    return [rows.history_with(one, error) for one in leased]


def _picked(pick: Pick) -> tuple[list[str] | None, str | None, float | None]:
    return (None if pick.ids is None else list(pick.ids)), pick.collector, pick.died_before
