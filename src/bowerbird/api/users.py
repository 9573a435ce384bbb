"""Users: made by the command line, seen by themselves."""

import re
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import App, Key, User, Visibility
from clarifai_grpc.grpc.api.service_pb2 import GetUserRequest, SingleUserResponse
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.access import owner_only
from bowerbird.api.fields import text
from bowerbird.api.ids import check_id, shown
from bowerbird.api.rpc import Call, rpc
from bowerbird.auth.actors import PAT, PUBLIC_APP, PUBLIC_USER
from bowerbird.auth.keys import Keyring, issue
from bowerbird.errors import Duplicate, Invalid, NotFound
from bowerbird.store.kinds import APPS, stamp
from bowerbird.store.revisions import bump
from bowerbird.store.tables import users

LONGEST_EMAIL = 320
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
GONE_WITH_A_USER = ("users", "keys", "apps", "models", "workflows", "collectors")


@rpc
async def get_user(call: Call, req: GetUserRequest) -> SingleUserResponse:
    return SingleUserResponse(user=await find_user(call.conn, owner_only(call)))


async def create_user(
    conn: AsyncConnection, keyring: Keyring, id: str, email: str, is_admin: bool, now: float
) -> str:
    """Add a user; answers their first personal access token, whole. Raises Invalid, Duplicate."""
    await add_user(conn, User(id=id, primary_email=email), is_admin, now)
    first = Key(type=PAT, description="first token", scopes=["All"], created_at=stamp(now))
    return await issue(conn, keyring, id, first, app=None)


async def add_user(conn: AsyncConnection, given: User, is_admin: bool, now: float) -> User:
    """Add a user without a credential. Raises Invalid, Duplicate."""
    user = User()
    user.CopyFrom(given)
    user.primary_email = check_email("email", given.primary_email)
    user.created_at.CopyFrom(stamp(now))
    if check_id("user id", user.id) == "me":
        raise Invalid("user id: 'me' stands for whoever calls; choose another")
    if not await _add(conn, user, is_admin):
        raise await _taken(conn, user.id, user.primary_email)
    await bump(conn, "users")
    return user


async def ensure_public_user(conn: AsyncConnection, now: float) -> None:
    """Add the user and the app that hold what everybody may use, unless they are there."""
    await _add(conn, User(id=PUBLIC_USER, created_at=stamp(now)), is_admin=False)
    main = App(
        id=PUBLIC_APP,
        name=PUBLIC_APP,
        user_id=PUBLIC_USER,
        default_language="en",
        visibility=Visibility(gettable=Visibility.PUBLIC),
        created_at=stamp(now),
        modified_at=stamp(now),
    )
    await APPS.insert(conn, PUBLIC_USER, [main])


async def find_user(conn: AsyncConnection, id: str) -> User:
    """The user with this id. Raises NotFound."""
    found = await find_users(conn, [id])
    if id not in found:
        raise NotFound(f"user {shown(id)}")
    return found[id]


async def find_users(conn: AsyncConnection, ids: list[str]) -> dict[str, User]:
    """Those of `ids` that exist, by id."""
    wanted = [id for id in ids if "\0" not in id]
    rows = await conn.execute(select(users.c.id, users.c.message).where(users.c.id.in_(wanted)))
    return {row.id: User.FromString(row.message) for row in rows}


async def find_user_by_email(conn: AsyncConnection, email: str) -> User:
    """The user with this address. Raises Invalid, NotFound."""
    query = select(users.c.message).where(users.c.email == check_email("email", email))
    message = (await conn.execute(query)).scalar()
    if message is None:
        raise NotFound(f"a user with the email {shown(email)}")
    return User.FromString(message)


async def list_users(conn: AsyncConnection) -> list[tuple[User, bool]]:
    """All users, and whether each is an admin, in the order in which they came."""
    rows = await conn.execute(select(users.c.message, users.c.is_admin).order_by(users.c.seq))
    return [(User.FromString(row.message), row.is_admin) for row in rows]


async def delete_user(conn: AsyncConnection, id: str) -> None:
    """Delete a user with all that is theirs. Raises NotFound, Invalid."""
    if id == PUBLIC_USER:
        raise Invalid(f"user {id!r} holds what everybody may use and stays")
    await find_user(conn, id)
    await conn.execute(delete(users).where(users.c.id == id))
    for kind in GONE_WITH_A_USER:
        await bump(conn, kind)


def check_email(field: str, email: str) -> str:
    """The address as it is kept, in small letters. Raises Invalid."""
    if not _EMAIL.fullmatch(text(field, email, LONGEST_EMAIL)):
        raise Invalid(f"{field}: {shown(email)} is not an email address")
    return email.lower()


async def _taken(conn: AsyncConnection, id: str, email: str) -> Duplicate:
    if id in await find_users(conn, [id]):
        return Duplicate(f"user {id!r} exists already; choose another id")
    return Duplicate(f"the email {email!r} belongs to another user")


async def _add(conn: AsyncConnection, user: User, is_admin: bool) -> bool:
    """Whether the user was added: not when the id or the email is taken."""
    columns = {"id": user.id, "email": user.primary_email, "is_admin": is_admin}
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    add = dialect.insert(users).values(columns | {"message": user.SerializeToString()})
    added = await conn.execute(add.on_conflict_do_nothing().returning(users.c.seq))
    return added.first() is not None
