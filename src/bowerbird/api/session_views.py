"""Sessions as their users see them."""

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.auth.sessions import Lasting
from bowerbird.proto.identity_pb2 import Session
from bowerbird.store.identity_tables import sessions
from bowerbird.store.kinds import stamp


async def session_view(conn: AsyncConnection, lasting: Lasting, id: str) -> Session:
    """The session with this id, which exists."""
    row = (await conn.execute(select(sessions).where(sessions.c.id == id))).one()
    return shown_session(row, lasting)


def shown_session(row: Row[Any], lasting: Lasting, current: str = "") -> Session:
    return Session(
        id=row.id,
        user_id=row.user_id,
        created_at=stamp(row.created_at),
        last_used_at=stamp(row.last_used_at),
        expires_at=stamp(lasting.end(row.created_at, row.last_used_at)),
        address=row.address,
        user_agent=row.user_agent,
        is_current=row.id == current,
    )
