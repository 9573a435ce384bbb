"""The migrations make exactly the tables that the code reads."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData

from bowerbird.app import prepare
from bowerbird.queue import tables as queue
from bowerbird.settings import Settings
from bowerbird.store import tables as store
from bowerbird.store.db import Database
from bowerbird.store.migrate import migrate

pytestmark = pytest.mark.anyio


def whole() -> MetaData:
    """The tables of the store and of the queue as one schema."""
    both = MetaData()
    for metadata in (store.metadata, queue.metadata):
        for table in metadata.sorted_tables:
            table.to_metadata(both)
    return both


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, whole()))


async def test_a_migrated_database_has_the_tables_of_the_code(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, database_url=database_url, _env_file=None)
    db = Database(settings.main_url)
    await prepare(settings, db)
    async with db.read() as conn:
        assert await conn.run_sync(differences) == []
    await db.close()


async def test_processes_that_start_together_migrate_once(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, _env_file=None)
    several = [Database(settings.main_url) for _ in range(4)]
    await asyncio.gather(*(migrate(db) for db in several))
    async with several[0].read() as conn:
        assert await conn.run_sync(differences) == []
    for db in several:
        await db.close()
