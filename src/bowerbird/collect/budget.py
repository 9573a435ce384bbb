"""Shares budgets among processes: each reserves, by one atomic statement, what it may spend by itself."""

import asyncio
from contextlib import suppress
from typing import Any

import structlog
from sqlalchemy import case, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.services import Clock
from bowerbird.store.db import Database, unbroken
from bowerbird.store.tables import budgets
from bowerbird.workflows.operators.budget_sample import Purse
from bowerbird.workflows.pacing import Account, Answer, Report
from bowerbird.workflows.state import State

log = structlog.get_logger()
ROUND_S = 0.5  # between two rounds when nobody asks
BREATH_S = 0.02  # after one, however many ask
KEPT_S = 86_400.0  # how long rows outlive their windows
TIDY_S = 3600.0

Asked = tuple[str, Account, Report]  # the account's name first


class Budgets:
    """Keeps the accounts of a state supplied. The tap only ever spends what is held already.

    When the store is away, or the process dies, the limit still holds; at worst less is spent than might be.
    """

    def __init__(self, db: Database, state: State, clock: Clock) -> None:
        self._db = db
        self._state = state
        self._clock = clock
        self._known: dict[str, Account] = {}
        self._wanted = asyncio.Event()
        self._tidied_at = clock()
        state.need = self._wanted.set

    async def keep_supplied(self) -> None:
        """Reserve, report and give back all the time, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(ROUND_S):
                    await self._wanted.wait()
            await unbroken(self.supply())
            await asyncio.sleep(BREATH_S)

    async def supply(self) -> None:
        """One round: what accounts lack, what they have to tell, and what is left of those that are gone."""
        self._wanted.clear()
        now = self._clock()
        before = self._known
        self._known = _accounts(self._state)
        asked = [
            (name, account, report)
            for name, account in self._known.items()
            for report in account.reports(now, 4 * ROUND_S)
        ]
        gone = [(n, a, r) for n, a in before.items() if self._known.get(n) is not a for r in a.close(now)]
        await self._exchange(gone + asked)
        if now - self._tidied_at > TIDY_S:
            await self._tidy(now)

    async def close(self) -> None:
        """Give back all that is held."""
        now = self._clock()
        accounts = self._known | _accounts(self._state)
        await self._exchange([(n, a, r) for n, a in accounts.items() for r in a.close(now)])

    async def _exchange(self, asked: list[Asked]) -> None:
        if not asked:
            return
        asked = sorted(asked, key=_row)  # in one order everywhere, or processes would lock each other out
        answers: list[Answer] | list[None]
        try:
            async with self._db.write() as conn:
                answers = [await reserve(conn, name, account.limit, r) for name, account, r in asked]
        except Exception as error:  # the store may be away; whether it got there is not known
            log.warning("budgets not supplied", error=type(error).__name__)
            answers = [None] * len(asked)
        now = self._clock()
        for (_, account, report), answer in zip(asked, answers, strict=True):
            account.settle(report, answer, now)

    async def _tidy(self, now: float) -> None:
        self._tidied_at = now
        with suppress(Exception):  # next time then
            async with self._db.write() as conn:
                await conn.execute(delete(budgets).where(budgets.c.ends_at < now - KEPT_S))


async def reserve(conn: AsyncConnection, name: str, limit: int, report: Report) -> Answer:
    """Grant what is wanted, or what is left of the limit; count what is told.

    One statement, so that any number of processes may do it at once: `given` says how much this one got.
    """
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql  # they share no base class
    first = max(min(report.want, limit), 0)
    insert = dialect.insert(budgets).values(
        name=name,
        start=report.window.start,
        ends_at=report.window.end,
        granted=first,
        given=first,
        spent=report.spent,
        offered=report.offered,
    )
    left = limit - budgets.c.granted
    given = case((left >= report.want, report.want), (left > 0, left), else_=min(report.want, 0))
    told = {
        "granted": budgets.c.granted + given,
        "given": given,
        "spent": budgets.c.spent + report.spent,
        "offered": budgets.c.offered + report.offered,
    }
    upsert = insert.on_conflict_do_update(index_elements=["name", "start"], set_=told)
    row = (await conn.execute(upsert.returning(budgets.c.given, budgets.c.spent, budgets.c.offered))).one()
    return Answer(row.given, row.spent, row.offered)


def _row(asked: Asked) -> tuple[str, int]:
    name, _, report = asked
    return name, report.window.start


def _accounts(state: State) -> dict[str, Account]:
    return {name: one for purse in state.cells(Purse) for name, one in purse.accounts().items()}
