"""Users as admins see them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import User
from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.proto.identity_pb2 import Account
from bowerbird.store.identity_tables import passwords, team_members, teams, two_factor
from bowerbird.store.kinds import stamp
from bowerbird.store.resources import Page
from bowerbird.store.tables import users


async def accounts_where(
    conn: AsyncConnection, where: ColumnElement[bool], page: Page | None = None
) -> list[Account]:
    """Those users, in the order in which they came."""
    query = (
        select(users, passwords.c.changed_at, two_factor.c.is_on)
        .outerjoin(passwords, passwords.c.user_id == users.c.id)
        .outerjoin(two_factor, two_factor.c.user_id == users.c.id)
        .where(where)
        .order_by(users.c.seq)
    )
    rows = (await conn.execute(page.cut(query) if page else query)).all()
    member_of = await _teams(conn, [row.id for row in rows])
    return [_account(row, member_of[row.id]) for row in rows]


def _account(row: Row[Any], team_ids: Sequence[str]) -> Account:
    account = Account(
        user=User.FromString(row.message),
        is_admin=row.is_admin,
        is_disabled=row.is_disabled,
        has_password=row.changed_at is not None,
        two_factor=bool(row.is_on),
        team_ids=team_ids,
    )
    if row.signed_in_at is not None:
        account.signed_in_at.CopyFrom(stamp(row.signed_in_at))
    return account


async def _teams(conn: AsyncConnection, ids: Sequence[str]) -> dict[str, list[str]]:
    query = select(team_members.c.user_id, teams.c.id).join(teams, teams.c.seq == team_members.c.team)
    found = defaultdict(list)
    for user_id, team_id in await conn.execute(
        query.where(team_members.c.user_id.in_(ids)).order_by(teams.c.id)
    ):
        found[user_id].append(team_id)
    return found
