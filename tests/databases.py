"""Databases that one test after the other uses; each finds the cast in them, and nothing else."""

import asyncio
import shutil
import sqlite3
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from world import Tokens

from bowerbird.app import Stores
from bowerbird.queue import tables as queue
from bowerbird.store import tables as store

T = TypeVar("T")
SERVER = "postgresql://postgres@127.0.0.1:5432"
SAVED = "saved"  # the attached file that rows are copied from
TABLES = [table.name for table in (*store.metadata.sorted_tables, *queue.metadata.sorted_tables)]
EMPTY = ";".join(f"DELETE FROM {name}" for name in reversed(TABLES))


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a world is made: the cast is there, and the stores are open already."""

    data: Path
    tokens: Tokens
    stores: Stores
    database_url: str = ""

    def check(self) -> None:
        """The test gave back every connection that it took."""
        for db in (self.stores.db, self.stores.records):
            for engine in (db._reader, db._writer):
                assert engine.pool.checkedout() == 0, engine.pool.status()


class Postgres:
    """A connection for what is to be done outside of event loops, which takes milliseconds to make."""

    def __init__(self, name: str) -> None:
        self.url = f"{SERVER}/{name}"
        self._loop = asyncio.new_event_loop()
        try:
            self._connection = self._wait(asyncpg.connect(self.url, timeout=3))
        except BaseException:
            self._loop.close()
            raise

    def execute(self, *statements: str) -> None:
        self._wait(self._connection.execute(";".join(statements)))

    def filled(self) -> list[str]:
        """The tables that have rows."""
        return [
            name
            for name in TABLES
            if self._wait(self._connection.fetchval(f"SELECT EXISTS (SELECT FROM {name})"))
        ]

    def close(self) -> None:
        self._wait(self._connection.close())
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)


def save(postgres: Postgres, schema: str) -> str:
    """Move all rows to a new schema; answers the statement that lets the tables hold these, and no others. It
    calls a function, whose plans are kept."""
    filled = postgres.filled()
    made = [f"CREATE TABLE {schema}.{name} AS SELECT * FROM {name}" for name in filled]
    copies = ";".join(f"INSERT INTO {name} SELECT * FROM {schema}.{name}" for name in filled)
    body = f"BEGIN {EMPTY}; {copies}; END"
    fill = f"CREATE FUNCTION {schema}.fill() RETURNS void LANGUAGE plpgsql AS $${body}$$"
    postgres.execute(f"CREATE SCHEMA {schema}", *made, fill, EMPTY)
    return f"SELECT {schema}.fill()"


class SqliteFolder:
    """A data folder whose databases are open, and connections that refill these with what others have."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._files = [file.name for file in data.glob("*.db")]
        self._refills: dict[Path, list[_Refill]] = {}

    def fill(self, saved: Path) -> None:
        """Let it hold what the saved folder's databases do, and nothing else."""
        for item in self.data.iterdir():
            if item.is_dir():
                shutil.rmtree(item)
            elif item.name.partition("-")[0] not in self._files:
                item.unlink()
        if saved not in self._refills:
            self._refills[saved] = [_Refill(self.data / name, saved / name) for name in self._files]
        for refill in self._refills[saved]:
            refill.run()

    def close(self) -> None:
        for refills in self._refills.values():
            for refill in refills:
                refill.close()


class _Refill:
    def __init__(self, file: Path, saved: Path) -> None:
        self._db = sqlite3.connect(file, isolation_level=None, cached_statements=256)
        self._db.execute(f"ATTACH '{saved}' AS {SAVED}")
        self._db.execute("PRAGMA main.synchronous=OFF")
        tables = [
            row[0] for row in self._db.execute(f"SELECT name FROM {SAVED}.sqlite_master WHERE type = 'table'")
        ]
        # Without a condition each would write its table's first pages, though these are empty already.
        self._statements = ["BEGIN IMMEDIATE", *(f"DELETE FROM main.{name} WHERE true" for name in tables)]
        for name in tables:
            if self._db.execute(f"SELECT EXISTS (SELECT * FROM {SAVED}.{name})").fetchone()[0]:
                self._statements.append(f"INSERT INTO main.{name} SELECT * FROM {SAVED}.{name}")
        self._statements.append("COMMIT")

    def run(self) -> None:
        for statement in self._statements:
            self._db.execute(statement)

    def close(self) -> None:
        self._db.close()
