"""Whoever guesses has to wait: counted in the store, so that it holds across processes and restarts."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.auth.hashes import Hashes
from bowerbird.errors import Throttled
from bowerbird.store.bulk import insert_missing
from bowerbird.store.identity_tables import attempts

FORGOTTEN_S = 3_600.0
LONGEST_WAIT_S = 300.0
FREE_OF_LOGIN, FREE_OF_ADDRESS = 5, 50


@dataclass(frozen=True, slots=True)
class Counted:
    """Something whose failures are counted, and how many of them cost no wait."""

    key: bytes
    free: int

    def wait(self, failures: int) -> float:
        """How long after so many failures the next attempt has to wait, in seconds."""
        beyond = failures - self.free
        return min(2.0 ** min(beyond + 1, 30), LONGEST_WAIT_S) if beyond >= 0 else 0.0


def login(hashes: Hashes, who: str) -> Counted:
    """The attempts to be somebody, whether or not there is such a user."""
    return Counted(hashes.derived(f"login {who}"), FREE_OF_LOGIN)


def address(hashes: Hashes, shown: str) -> list[Counted]:
    """The attempts from an address; of IPv6, from the network that one customer has. Nothing if unknown."""
    try:
        found = ipaddress.ip_address(shown)
    except ValueError:
        return []
    where = ipaddress.ip_network((found, 64), strict=False) if found.version == 6 else found
    return [Counted(hashes.derived(f"address {where}"), FREE_OF_ADDRESS)]


async def begin(conn: AsyncConnection, counted: Sequence[Counted], now: float) -> None:
    """Count an attempt as failed before it is made: many at once are counted like one after the other.

    Raises Throttled while it is too early for one.
    """
    await conn.execute(delete(attempts).where(attempts.c.at <= now - FORGOTTEN_S))
    for one in sorted(counted, key=lambda c: c.key):
        before = await _locked(conn, one, now)
        left = before.at + one.wait(before.failures) - now
        if left > 0:
            raise Throttled(f"try again in {ceil(left)} s")
        more = update(attempts).where(attempts.c.key == one.key)
        await conn.execute(more.values(failures=before.failures + 1, at=now))


async def _locked(conn: AsyncConnection, one: Counted, now: float) -> Row[Any]:
    """The row of what is counted, which nobody else changes before this transaction ends."""
    query = select(attempts).where(attempts.c.key == one.key).with_for_update()
    while True:
        await insert_missing(conn, attempts, [{"key": one.key, "failures": 0, "at": now}])
        if (row := (await conn.execute(query)).one_or_none()) is not None:  # else just forgiven
            return row


async def take_back(conn: AsyncConnection, counted: Sequence[Counted]) -> None:
    """The attempt did not fail."""
    keys = [one.key for one in counted]
    less = update(attempts).where(attempts.c.key.in_(keys), attempts.c.failures > 0)
    await conn.execute(less.values(failures=attempts.c.failures - 1))


async def forgive(conn: AsyncConnection, one: Counted) -> None:
    """Count anew."""
    await conn.execute(delete(attempts).where(attempts.c.key == one.key))
