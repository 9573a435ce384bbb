"""Keys: a public handle, then a secret part of which only a keyed hash is kept."""

import hashlib
import hmac
import secrets
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import Key
from sqlalchemy import Row, false, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.auth.actors import APP_KEY, PAT, Actor, Grant
from bowerbird.auth.hashes import Hashes
from bowerbird.auth.scopes import name
from bowerbird.auth.sessions import PREFIX as SESSION_PREFIX
from bowerbird.auth.sessions import Sessions
from bowerbird.errors import KeyInvalid, KeyMissing, KeyNotFound
from bowerbird.services import Clock
from bowerbird.store.db import Database
from bowerbird.store.resources import Kind
from bowerbird.store.revisions import Revisions
from bowerbird.store.tables import keys, users
from bowerbird.store.tables import secrets as secrets_table

PREFIX = "bb"
HANDLE_LENGTH = 16
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
MOST_REMEMBERED = 100_000


def new_key() -> str:
    """A new key: a handle of 80 random bits, then a secret part of 256."""
    handle = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(HANDLE_LENGTH - len(PREFIX)))
    return handle + secrets.token_urlsafe(32)


def handle_of(key: str) -> str:
    """The handle of a key, whether the whole key is given or its handle."""
    return key[:HANDLE_LENGTH]


def expiry(message: Key) -> float | None:
    """When a key expires, in seconds since 1970; None for never."""
    return message.expires_at.ToNanoseconds() / 1e9 if message.HasField("expires_at") else None


def key_columns(message: Key) -> dict[str, object]:
    return {
        "handle": message.id,
        "type": message.type or APP_KEY,
        "expires_at": expiry(message),
    }


KEYS: Kind[Key] = Kind("key", keys, Key, key_columns, KeyMissing, owner="user_id", id="handle")


async def issue(
    conn: AsyncConnection, keyring: "Keyring", user_id: str, message: Key, app: int | None
) -> str:
    """Store a key of a user, for one of their apps or for all; answers the whole key, shown only now."""
    whole = new_key()
    stored = Key()
    stored.CopyFrom(message)
    stored.id = handle_of(whole)
    await KEYS.add(conn, user_id, [stored], secret_hash=keyring.hash(whole), app=app)
    return whole


async def load_pepper(conn: AsyncConnection) -> bytes:
    """The pepper of this installation, made when it is asked for first."""
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    new = dialect.insert(secrets_table).values(name="pepper", value=secrets.token_bytes(32))
    await conn.execute(new.on_conflict_do_nothing())  # of processes that start at once, one makes it
    query = select(secrets_table.c.value).where(secrets_table.c.name == "pepper")
    pepper: bytes = (await conn.execute(query)).scalar_one()
    return pepper


class Keyring:
    """Tells whose key it is. A key that was seen costs no query, until keys or users change."""

    def __init__(
        self, db: Database, revisions: Revisions, hashes: Hashes, clock: Clock, sessions: Sessions
    ) -> None:
        self._db = db
        self._clock = clock
        self.hashes = hashes
        self.sessions = sessions
        self._quickly = secrets.token_bytes(32)
        self._by_hash: dict[bytes, Actor] = {}
        self._by_handle: dict[str, Actor] = {}
        revisions.on_change("keys", self.forget)
        revisions.on_change("users", self.forget)

    def forget(self) -> None:
        # New dictionaries, so that a look-up under way cannot put an old answer back.
        self._by_hash, self._by_handle = {}, {}

    def hash(self, key: str) -> bytes:
        return self.hashes.of(key)

    def _quick_hash(self, key: str) -> bytes:
        # As good a secret of this process as the pepper is of the installation, in a third of the time.
        return hashlib.blake2b(key.encode(), key=self._quickly, digest_size=32).digest()

    def derived(self, purpose: str) -> bytes:
        return self.hashes.derived(purpose)

    async def authenticate(self, key: str) -> Actor:
        """Whose key, or token of a session, this is. Raises KeyInvalid, KeyNotFound, SessionEnded."""
        if key.startswith(SESSION_PREFIX):
            return await self.sessions.authenticate(key)
        hashed = self._quick_hash(key)
        actor = self._by_hash.get(hashed)
        if actor is None:
            remembered = self._by_hash
            found = await self._look_up(handle_of(key))
            if found is None:
                raise KeyNotFound("no key or personal access token starts like this one")
            actor, expected = found
            if not hmac.compare_digest(expected, self.hash(key)):
                raise KeyInvalid("the key is wrong or was replaced")
            if len(remembered) < MOST_REMEMBERED:
                remembered[hashed] = actor
        return self._unexpired(actor)

    async def by_handle(self, handle: str) -> Actor:
        """The actor of a key that is named, not shown: for work done later under it. Raises KeyMissing."""
        handle = handle_of(handle)
        actor = self._by_handle.get(handle)
        if actor is None:
            remembered = self._by_handle
            found = await self._look_up(handle)
            if found is None:
                raise KeyMissing(f"key {handle!r}")
            remembered[handle] = actor = found[0]
        return self._unexpired(actor)

    def _unexpired(self, actor: Actor) -> Actor:
        if actor.expires_at is not None and actor.expires_at <= self._clock():
            raise KeyInvalid("the key has expired")
        return actor

    async def _look_up(self, handle: str) -> tuple[Actor, bytes] | None:
        query = select(keys, users.c.is_admin).join(users, users.c.id == keys.c.user_id)
        async with self._db.read() as conn:
            row = (
                await conn.execute(query.where(keys.c.handle == handle, users.c.is_disabled == false()))
            ).first()
        return (_actor(row), row.secret_hash) if row else None


def _actor(row: Row[Any]) -> Actor:
    columns = row._mapping
    message = Key.FromString(columns["message"])
    return Actor(
        user_id=columns["user_id"],
        kind=PAT if columns["type"] == PAT else APP_KEY,
        grant=grant_of(message.scopes, message.endpoints),
        handle=columns["handle"],
        is_admin=columns["is_admin"],
        app_seq=columns["app"],
        expires_at=columns["expires_at"],
    )


def grant_of(scopes: Any, endpoints: Any) -> Grant:  # any iterables of strings: protobuf's lists have no type
    return Grant(frozenset(name(s) for s in scopes), frozenset(endpoints))
