"""The first sign-in to an installation: by a link that its start prints."""

from clarifai_grpc.grpc.api.resources_pb2 import User
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.users import add_user
from bowerbird.auth.actors import PUBLIC_USER
from bowerbird.auth.audit import note
from bowerbird.auth.hashes import Hashes
from bowerbird.auth.links import DAY_S, Link, make_link
from bowerbird.proto.identity_pb2 import AuditEntry
from bowerbird.store.tables import users

FIRST = User(id="admin", primary_email="admin@localhost")


async def first_link(conn: AsyncConnection, hashes: Hashes, now: float) -> tuple[str, str] | None:
    """Whom a link signs in, and its token; none once anybody has signed in.

    It is for the first admin, or the first user where nobody is one; where there is nobody, one is made.
    """
    people = select(users.c.id).where(users.c.id != PUBLIC_USER)
    if (await conn.execute(people.where(users.c.signed_in_at.is_not(None)).limit(1))).first():
        return None
    first = people.order_by(users.c.is_admin.desc(), users.c.seq).limit(1)
    user_id = (await conn.execute(first)).scalar()
    if user_id is None:
        user_id = (await add_user(conn, FIRST, is_admin=True, now=now)).id
        await note(conn, AuditEntry(action="user.invited", target=user_id, details="at the first start"), now)
    link = Link(user_id, sets_password=False)
    return user_id, await make_link(conn, hashes, link, expires_at=now + DAY_S)
