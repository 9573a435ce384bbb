"""How captures and counts get into the SQLite queue with few calls into SQLite.

Each call gives up the interpreter's lock, and has to wait until an event loop that is busy lets it have that
again: in the middle of a commit that somebody waits for.
"""

# ruff: noqa: S608 - statements are put together from constants of this module

import json
import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain

from bowerbird.queue import rows
from bowerbird.queue.rows import NO_LEASE, NOBODY
from bowerbird.queue.types import Capture, Counts, hour_of

MOST_ROWS = 64  # put by one statement; the statement of each number is compiled once
FEW = 16  # go through the view

_COLUMNS = """
    capture_id, fingerprint, collector, taken_at, ready_at, alive_since, blob_keys, payload_key, payload,
    token, worker"""
_PUT = f"""
    INSERT INTO captures ({_COLUMNS})
    SELECT column1, column2, column3, column4, column4, column4, column5, column6, column7,
        {NO_LEASE}, '{NOBODY}'
    FROM (VALUES %s) WHERE true
    ON CONFLICT (fingerprint) DO NOTHING"""
_COUNT = """
    INSERT INTO capture_counts (collector, hour, kind, n)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
        json_extract(value, '$[3]') FROM json_each(?) WHERE true
    ON CONFLICT (collector, hour, kind) DO UPDATE SET n = n + excluded.n"""
# What is put into the view is put into the queue and counted by one statement, which is a transaction.
_VIEW = """
    CREATE TEMP VIEW few (capture_id, fingerprint, collector, taken_at, blob_keys, payload_key, payload, hour)
    AS VALUES (0, 0, 0, 0, 0, 0, 0, 0)"""
_TRIGGER = f"""
    CREATE TEMP TRIGGER put_few INSTEAD OF INSERT ON few BEGIN
        INSERT INTO captures ({_COLUMNS})
        VALUES (NEW.capture_id, NEW.fingerprint, NEW.collector, NEW.taken_at, NEW.taken_at, NEW.taken_at,
            NEW.blob_keys, NEW.payload_key, NEW.payload, {NO_LEASE}, '{NOBODY}');
        INSERT INTO capture_counts (collector, hour, kind, n) VALUES (NEW.collector, NEW.hour, 'taken', 1)
        ON CONFLICT (collector, hour, kind) DO UPDATE SET n = n + 1;
    END"""
_PUT_FEW = "INSERT INTO few VALUES %s"
PREPARE = (_VIEW, _TRIGGER)  # a connection, of which they are gone with it


def put_few(captures: Sequence[Capture], db: sqlite3.Connection) -> set[str]:
    """Put at most FEW captures, outside of a transaction; raises IntegrityError unless all are new."""
    values = [value for one in captures for value in (*rows.put_row(one), hour_of(one.taken_at))]
    db.execute(_of_rows(_PUT_FEW, len(captures), 8), values)
    return {capture.capture_id for capture in captures}


def put(captures: Sequence[Capture], counts: Counts, db: sqlite3.Connection) -> set[str]:
    """Put what is new of the captures, and count all; the ids of those that were new."""
    parts = [captures[start : start + MOST_ROWS] for start in range(0, len(captures), MOST_ROWS)]
    inserted = sum(_insert(part, db) for part in parts)
    if inserted == len(captures):
        new = {capture.capture_id for capture in captures}
    else:
        find = "SELECT capture_id FROM captures ORDER BY seq DESC LIMIT ?"
        new = {capture_id for (capture_id,) in db.execute(find, (inserted,))}
    count(rows.tally_of_put(captures, new, counts), db)
    return new


def _insert(captures: Sequence[Capture], db: sqlite3.Connection) -> int:
    values = list(chain.from_iterable(map(rows.put_row, captures)))
    return db.execute(_of_rows(_PUT, len(captures), 7), values).rowcount


@cache
def _of_rows(statement: str, count: int, columns: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return statement % ", ".join([row] * count)


def count(tally: Mapping[tuple[str, int, str], int] | Counts, db: sqlite3.Connection) -> None:
    if tally:
        db.execute(_COUNT, (json.dumps([(*key, n) for key, n in tally.items()]),))
