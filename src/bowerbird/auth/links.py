"""Links that sign somebody in once. Of a link's token only a keyed hash is kept."""

import secrets
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.auth.hashes import Hashes
from bowerbird.errors import LinkSpent
from bowerbird.store.identity_tables import links

PREFIX = "bl_"
DAY_S, HOUR_S = 86_400.0, 3_600.0


@dataclass(frozen=True, slots=True)
class Link:
    """Whom a link signs in, and whether they set a password by it although they have one."""

    user_id: str
    sets_password: bool


async def make_link(conn: AsyncConnection, hashes: Hashes, link: Link, *, expires_at: float) -> str:
    """The token of a new link; the ones that the user had before work no longer."""
    token = PREFIX + secrets.token_urlsafe(32)
    await conn.execute(delete(links).where(links.c.user_id == link.user_id))
    row = {"hash": hashes.of(token), "expires_at": expires_at}
    await conn.execute(
        insert(links).values(row | {"user_id": link.user_id, "sets_password": link.sets_password})
    )
    return token


async def link_of(conn: AsyncConnection, hashes: Hashes, token: str, now: float) -> Link:
    """What a link is for. Raises LinkSpent."""
    query = select(links).where(links.c.hash == hashes.of(token), links.c.expires_at > now)
    row = (await conn.execute(query)).first()
    if row is None:
        raise LinkSpent()
    return Link(row.user_id, row.sets_password)


async def spend_link(conn: AsyncConnection, hashes: Hashes, token: str) -> None:
    """Use a link up: of those who do so at once, one may. Raises LinkSpent."""
    spent = await conn.execute(delete(links).where(links.c.hash == hashes.of(token)))
    if spent.rowcount != 1:
        raise LinkSpent()


def portal_link(portal_url: str, token: str) -> str:
    """The page of the portal that takes the token."""
    return f"{portal_url}/signin/link?token={token}"
