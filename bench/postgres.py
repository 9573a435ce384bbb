"""A database of its own on the PostgreSQL server of this machine."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

SERVER = "postgresql://postgres@127.0.0.1:5432"


@asynccontextmanager
async def database() -> AsyncIterator[str]:
    """The URL of an empty database, which is dropped afterwards. Raises OSError when there is no server."""
    name = f"bowerbird_bench_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(f"{SERVER}/postgres", timeout=5)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        yield f"{SERVER}/{name}"
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.close()
