"""SQLAlchemy's driver for SQLite on aiosqlite, with one turn of the connection's thread for each statement.

A turn is two switches of threads, which take longer than most statements do. SQLAlchemy's own adapter takes
four for a query (make a cursor, execute, fetch, close it) and three more for BEGIN, which goes along here.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util import EMPTY_DICT

READS, WRITES = "BEGIN", "BEGIN IMMEDIATE"  # how a connection's transactions begin


@dataclass(frozen=True, slots=True)
class _Told:
    """What a cursor says of its last statement."""

    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    __slots__ = ()
    _adapt_connection: "_Connection"

    def __init__(self, connection: "_Connection") -> None:
        self._adapt_connection = connection
        self._connection = connection._connection
        self._soft_closed_memoized = EMPTY_DICT
        self._cursor: Any = _Told()
        self._rows = deque()

    def close(self) -> None:
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        return None  # it is closed, and its rows are here

    async def _execute_async(self, operation: Any, parameters: Any) -> None:
        await self._run(sqlite3.Cursor.execute, operation, parameters or ())

    async def _executemany_async(self, operation: Any, seq_of_parameters: Iterable[Any]) -> None:
        await self._run(sqlite3.Cursor.executemany, operation, seq_of_parameters)

    async def _run(self, execute: Callable[..., Any], operation: Any, parameters: Iterable[Any]) -> None:
        turn = partial(self._adapt_connection.in_thread, execute, operation, parameters)
        self._cursor, self._rows = await self._connection._execute(turn)


class _Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ("_begin", "_begins")
    _cursor_cls: type[AsyncAdapt_aiosqlite_cursor] = _Cursor

    def __init__(self, dbapi: Any, connection: Any, begin: str) -> None:
        super().__init__(dbapi, connection)
        self._begin = begin
        self._begins = False

    def begin(self) -> None:
        """The next statement opens a transaction first."""
        self._begins = True

    def commit(self) -> None:
        if not self._ends_unbegun():
            super().commit()

    def rollback(self) -> None:
        if self._ends_unbegun() or not self._connection._connection:
            return
        if self._begin == READS:  # nothing depends on when it is over
            self._connection._tx.put_nowait((None, self._connection._conn.rollback))
        else:
            super().rollback()

    def in_thread(
        self, execute: Callable[..., Any], operation: str, parameters: Iterable[Any]
    ) -> tuple[_Told, deque[Any]]:
        """Run a statement, in the connection's thread."""
        db = self._connection._conn
        if self._begins:
            db.execute(self._begin)
            self._begins = False
        cursor = db.cursor()
        try:
            execute(cursor, operation, parameters)
            found = deque(cursor.fetchall() if cursor.description else ())
            return _Told(cursor.description, cursor.rowcount, cursor.lastrowid), found
        finally:
            cursor.close()

    def _ends_unbegun(self) -> bool:
        """Whether no statement has opened the transaction that ends."""
        unbegun, self._begins = self._begins, False
        return unbegun


class Driver(AsyncAdapt_aiosqlite_dbapi):
    """The module that an engine is given; its connections open transactions with `begin`."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *args: Any, begin: str, **kw: Any) -> AsyncAdapt_aiosqlite_connection:
        # The driver opens transactions by itself, too late for BEGIN IMMEDIATE; so that is switched off.
        made = super().connect(*args, isolation_level=None, **kw)
        return _Connection(self, made._connection, begin)
