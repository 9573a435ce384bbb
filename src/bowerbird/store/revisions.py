"""How a process learns, within moments, that another one changed something it remembers."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.store.db import Database, unbroken
from bowerbird.store.tables import revisions

log = structlog.get_logger()


async def bump(conn: AsyncConnection, kind: str) -> None:
    """Say that something of this kind changes with this transaction.

    The row's lock lets such transactions commit one after the other, so a number that was seen never hides
    a smaller one still to come.
    """
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    first = dialect.insert(revisions).values(kind=kind, n=1)
    await conn.execute(first.on_conflict_do_update(index_elements=["kind"], set_={"n": revisions.c.n + 1}))


class Revisions:
    """Watches the counters and tells those who asked, in this process."""

    def __init__(self, db: Database, poll_s: float) -> None:
        self._db = db
        self._poll_s = poll_s
        self._seen: dict[str, int] = {}
        self._listeners: dict[str, list[Callable[[], None]]] = {}
        self._lock = asyncio.Lock()

    def on_change(self, kind: str, listener: Callable[[], None]) -> None:
        self._listeners.setdefault(kind, []).append(listener)

    async def poll(self) -> None:
        """Look once; listeners of every kind that changed since are called before this returns."""
        async with self._lock:
            async with self._db.read() as conn:
                rows = (await conn.execute(select(revisions.c.kind, revisions.c.n))).all()
            for kind, n in rows:
                if self._seen.get(kind) != n:
                    self._seen[kind] = n
                    self._tell(kind)

    def _tell(self, kind: str) -> None:
        for listener in self._listeners.get(kind, ()):
            listener()

    async def watch(self) -> None:
        """Look again and again, until cancelled. While the store is away, what is remembered stays."""
        while True:
            await asyncio.sleep(self._poll_s)
            try:
                await unbroken(self.poll())
            except Exception as error:
                log.warning("revisions unread", error=type(error).__name__)
