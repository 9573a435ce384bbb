"""Bring a database up to the schema of this version."""

from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from bowerbird.store.db import Database

if TYPE_CHECKING:
    from alembic.config import Config  # slow to import, and seldom needed: every command looks at the version

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_205_061  # any number: PostgreSQL lets one process at a time hold it


async def migrate(db: Database) -> None:
    """Apply the migrations that are missing. Safe when several processes start at once."""
    if await version(db) == head():
        return
    async with db.write() as conn:
        # On SQLite the first statement waits until nobody else writes.
        await conn.execute(text("SELECT 1" if db.is_sqlite else f"SELECT pg_advisory_xact_lock({_LOCK})"))
        await conn.run_sync(_upgrade)


@cache
def head() -> str:
    """The revision that the migrations lead to: their files begin with it, in order."""
    return max(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


async def version(db: Database) -> str | None:
    """The revision that a database has; None for an empty one."""
    with suppress(DBAPIError):  # there is no such table
        async with db.read() as conn:
            found: str | None = (await conn.execute(text("SELECT version_num FROM alembic_version"))).scalar()
            return found
    return None


def config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _upgrade(connection: Connection) -> None:
    from alembic import command

    alembic = config()
    alembic.attributes["connection"] = connection
    command.upgrade(alembic, "head")
