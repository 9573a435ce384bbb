"""Sessions: somebody signed in somewhere. Of a session's token only a keyed hash is kept."""

import hmac
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, false, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.auth.actors import EVERYTHING, SESSION, Actor
from bowerbird.auth.hashes import Hashes
from bowerbird.errors import SessionEnded
from bowerbird.services import Clock
from bowerbird.store.db import Database
from bowerbird.store.identity_tables import sessions
from bowerbird.store.revisions import Revisions, bump
from bowerbird.store.tables import users

PREFIX = "bs_"
_ID_BYTES = 10
_ID_LENGTH = len(PREFIX) + 2 * _ID_BYTES
USE_KEPT_EVERY_S = 300.0
MOST_REMEMBERED = 100_000
LONGEST_ADDRESS, LONGEST_AGENT = 100, 400


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long sessions last, in seconds."""

    idle: float
    longest: float

    def end(self, created_at: float, last_used_at: float) -> float:
        return min(last_used_at + self.idle, created_at + self.longest)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call came from, as far as it told."""

    address: str = ""
    user_agent: str = ""


@dataclass(slots=True)
class _Known:
    actor: Actor
    created_at: float
    last_used_at: float  # as the store has it


async def end_sessions(conn: AsyncConnection, user_id: str, *, but: str = "") -> int:
    """End all sessions of a user, but one; how many those were."""
    those = (sessions.c.user_id == user_id) & (sessions.c.id != but)
    ended = await conn.execute(delete(sessions).where(those))
    await bump(conn, "sessions")
    return int(ended.rowcount)


class Sessions:
    """Tells whose token it is. One that was seen costs no query, until sessions or users change."""

    def __init__(
        self, db: Database, revisions: Revisions, hashes: Hashes, clock: Clock, lasting: Lasting
    ) -> None:
        self._db = db
        self._hashes = hashes
        self._clock = clock
        self._by_hash: dict[bytes, _Known] = {}
        self.lasting = lasting
        revisions.on_change("sessions", self.forget)
        revisions.on_change("users", self.forget)

    def forget(self) -> None:
        # A new dictionary, so that a look-up under way cannot put an old answer back.
        self._by_hash = {}

    async def open(self, conn: AsyncConnection, user_id: str, origin: Origin, now: float) -> tuple[str, str]:
        """Sign somebody in: the session's id, and its token, shown only now. Those that have ended go."""
        id = PREFIX + secrets.token_hex(_ID_BYTES)
        token = id + secrets.token_urlsafe(32)
        row = {
            "id": id,
            "hash": self._hashes.of(token),
            "user_id": user_id,
            "created_at": now,
            "last_used_at": now,
            "address": _kept(origin.address, LONGEST_ADDRESS),
            "user_agent": _kept(origin.user_agent, LONGEST_AGENT),
        }
        idle = sessions.c.last_used_at <= now - self.lasting.idle
        ended = idle | (sessions.c.created_at <= now - self.lasting.longest)
        await conn.execute(delete(sessions).where(sessions.c.user_id == user_id, ended))
        await conn.execute(insert(sessions).values(row))
        await conn.execute(update(users).where(users.c.id == user_id).values(signed_in_at=now))
        return id, token

    async def authenticate(self, token: str) -> Actor:
        """Whose session this is. Raises SessionEnded."""
        hashed = self._hashes.of(token)
        known = self._by_hash.get(hashed)
        if known is None or self._has_ended(known):  # another process may have seen it used since
            remembered = self._by_hash
            known = await self._look_up(token[:_ID_LENGTH], hashed)
            if len(remembered) < MOST_REMEMBERED:
                remembered[hashed] = known
        if self._clock() - known.last_used_at >= USE_KEPT_EVERY_S:
            await self._keep_use(known)
        return known.actor

    def _has_ended(self, known: _Known) -> bool:
        return self._clock() >= self.lasting.end(known.created_at, known.last_used_at)

    async def _look_up(self, id: str, hashed: bytes) -> _Known:
        query = select(sessions, users.c.is_admin).join(users, users.c.id == sessions.c.user_id)
        query = query.where(sessions.c.id == id, users.c.is_disabled == false())
        async with self._db.read() as conn:
            row = (await conn.execute(query)).first() if "\0" not in id else None
        if row is None or not hmac.compare_digest(row.hash, hashed) or self._has_ended(known := _known(row)):
            raise SessionEnded()
        return known

    async def _keep_use(self, known: _Known) -> None:
        known.last_used_at = self._clock()
        used = update(sessions).where(sessions.c.id == known.actor.handle)
        async with self._db.write() as conn:
            await conn.execute(used.values(last_used_at=known.last_used_at))


def _kept(told: str, longest: int) -> str:
    return told.replace("\0", "")[:longest]


def _known(row: Row[Any]) -> _Known:
    columns = row._mapping
    actor = Actor(
        user_id=columns["user_id"],
        kind=SESSION,
        grant=EVERYTHING,
        handle=columns["id"],
        is_admin=columns["is_admin"],
    )
    return _Known(actor, columns["created_at"], columns["last_used_at"])
