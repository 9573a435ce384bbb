"""What calls about signing in share: who somebody is by what they typed, and the audit log."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.rpc import Call
from bowerbird.auth.actors import PUBLIC_USER
from bowerbird.auth.audit import note
from bowerbird.proto.identity_pb2 import AuditEntry
from bowerbird.store.identity_tables import passwords, two_factor
from bowerbird.store.tables import users


@dataclass(frozen=True, slots=True)
class Person:
    """A user, as far as signing in goes."""

    id: str
    email: str
    is_admin: bool
    is_disabled: bool
    password_hash: str | None
    has_second_factor: bool


async def find_person(conn: AsyncConnection, login: str) -> Person | None:
    """Who has this id or this email; nobody has those of the user who holds what is public."""
    if "\0" in login or login == PUBLIC_USER:
        return None
    # No id has an @, and every email has one: one query for whatever was typed.
    return await _person(conn, users.c.email == login.lower() if "@" in login else users.c.id == login)


async def person_of(conn: AsyncConnection, user_id: str) -> Person:
    """The user with this id, who exists."""
    found = await _person(conn, users.c.id == user_id)
    assert found is not None
    return found


async def _person(conn: AsyncConnection, where: ColumnElement[bool]) -> Person | None:
    query = (
        select(users.c.id, users.c.email, users.c.is_admin, users.c.is_disabled)
        .add_columns(passwords.c.hash, two_factor.c.is_on)
        .outerjoin(passwords, passwords.c.user_id == users.c.id)
        .outerjoin(two_factor, two_factor.c.user_id == users.c.id)
        .where(where)
    )
    row = (await conn.execute(query)).first()
    if row is None:
        return None
    return Person(row.id, row.email, row.is_admin, row.is_disabled, row.hash, bool(row.is_on))


async def audited(call: Call, action: str, target: str, details: str = "", *, by: str | None = None) -> None:
    """Note in the audit log what the call does to somebody or something."""
    entry = AuditEntry(
        by=call.actor.user_id if by is None else by,
        action=action,
        target=target,
        details=details,
        address=call.origin.address,
    )
    await note(call.conn, entry, call.services.clock())
