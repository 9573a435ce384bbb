"""Tells the store how often what was kept came again, so that estimates can weight it by its repeats."""

import asyncio
from typing import Any

import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.collect.roster import key_of
from bowerbird.collect.taking import capture_id
from bowerbird.errors import CollectorNotFound
from bowerbird.store.db import Database, unbroken
from bowerbird.store.tables import repeats
from bowerbird.workflows.operators.dedup import counted
from bowerbird.workflows.recent import Key
from bowerbird.workflows.state import State

log = structlog.get_logger()
ROUND_S = 2.0
Counted = dict[tuple[str, Key], int]


class Repeats:
    """Writes down what the dedups of this process have counted: totals, so that telling twice does no harm.

    What was counted since the last round is lost when the process dies.
    """

    def __init__(self, db: Database, state: State) -> None:
        self._db = db
        self._state = state
        self._untold: Counted = {}

    async def keep_told(self) -> None:
        """Tell all the time, until cancelled."""
        while True:
            await asyncio.sleep(ROUND_S)
            await unbroken(self.tell())

    async def tell(self) -> None:
        """One round. What could not be told is told with the next."""
        self._untold |= counted(self._state)
        if not self._untold:
            return
        try:
            async with self._db.write() as conn:
                await _save(conn, self._untold)
        except Exception as error:  # the store may be away
            log.warning("repeats not told", error=type(error).__name__)
        else:
            self._untold = {}


async def _save(conn: AsyncConnection, told: Counted) -> None:
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql  # they share no base class
    insert = dialect.insert(repeats)
    upsert = insert.on_conflict_do_update(index_elements=["capture"], set_={"n": insert.excluded.n})
    seqs = {name: await _seq(conn, name) for name in {collector for collector, _ in told}}
    rows = [
        {"capture": capture_id(collector, *key), "collector": seq, "n": n}
        for (collector, key), n in sorted(told.items())
        if (seq := seqs[collector]) is not None
    ]
    if rows:
        await conn.execute(upsert, rows)


async def _seq(conn: AsyncConnection, name: str) -> int | None:
    """The number of a collector by its full name; None once it is gone."""
    try:
        return int(await key_of(conn, *name.split("/", 2)))
    except CollectorNotFound:
        return None
