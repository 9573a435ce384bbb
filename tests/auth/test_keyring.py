"""Keys: what they look like, and what checking them costs."""

import asyncio
import re
from pathlib import Path

import pytest
from sqlalchemy import event
from world import World

from bowerbird.auth.keys import HANDLE_LENGTH, handle_of, load_pepper, new_key
from bowerbird.errors import KeyMissing
from bowerbird.store.db import Database
from bowerbird.store.migrate import migrate

pytestmark = pytest.mark.anyio


def test_a_key_is_a_handle_and_then_a_secret() -> None:
    keys = {new_key() for _ in range(100)}
    assert len({handle_of(key) for key in keys}) == 100
    for key in keys:
        assert re.fullmatch(r"bb[a-z2-9]{14}[A-Za-z0-9_-]{43}", key)
        assert handle_of(handle_of(key)) == handle_of(key)
        assert len(handle_of(key)) == HANDLE_LENGTH


async def test_a_key_that_was_seen_is_checked_without_a_query(world: World) -> None:
    key = await world.add_key("alice", "zoo")
    await world.ok(key, "MyScopes")
    asked: list[str] = []
    engine = world.app.services.db._reader.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    for _ in range(3):
        await world.app.dispatcher.keyring.authenticate(key)
    assert [sql for sql in asked if "revisions" not in sql] == []


async def test_a_key_that_is_named_finds_its_actor_and_an_unknown_one_does_not(world: World) -> None:
    keyring = world.app.dispatcher.keyring
    key = await world.add_key("alice", "zoo")
    assert await keyring.by_handle(handle_of(key)) == await keyring.authenticate(key)
    with pytest.raises(KeyMissing):
        await keyring.by_handle("bb" + "a" * 14)


async def test_processes_that_start_at_once_agree_on_the_pepper(tmp_path: Path, postgres_url: str) -> None:
    for url in (f"sqlite+aiosqlite:///{tmp_path}/x.db", postgres_url.replace("://", "+asyncpg://")):
        databases = [Database(url) for _ in range(3)]
        await migrate(databases[0])

        async def pepper(db: Database) -> bytes:
            async with db.write() as conn:
                return await load_pepper(conn)

        assert len(set(await asyncio.gather(*map(pepper, databases)))) == 1
        for db in databases:
            await db.close()
