"""Accounts: users as admins see, invite, change and delete them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from clarifai_grpc.grpc.api.resources_pb2 import User
from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse
from sqlalchemy import ColumnElement, false, func, or_, select, true, update

from bowerbird.api.account_links import INVITED, mail, new_link
from bowerbird.api.account_views import accounts_where
from bowerbird.api.fields import LONGEST_NAME, batch, distinct, text
from bowerbird.api.pages import containing, page_of
from bowerbird.api.people import audited
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.api.users import add_user, check_email, delete_user, find_user
from bowerbird.auth import second_factor
from bowerbird.auth.actors import PUBLIC_USER
from bowerbird.auth.links import Link
from bowerbird.auth.sessions import end_sessions
from bowerbird.errors import Duplicate, Invalid
from bowerbird.proto.identity_pb2 import (
    Account,
    DeleteUsersRequest,
    InvitationsResponse,
    ListUsersRequest,
    MultiAccountResponse,
    PatchUsersRequest,
    PostTwoFactorResetsRequest,
    PostUsersRequest,
)
from bowerbird.store.tables import users


@rpc
async def list_users(call: Call, req: ListUsersRequest) -> MultiAccountResponse:
    found: ColumnElement[bool] = users.c.id != PUBLIC_USER
    if req.search:
        columns = (users.c.id, users.c.email)
        found &= or_(*(containing("search", column, req.search) for column in columns))
    total = (await call.conn.execute(select(func.count()).select_from(users).where(found))).scalar_one()
    page = await accounts_where(call.conn, found, page_of(req))
    return MultiAccountResponse(accounts=page, total=total)


@rpc(transaction=Transaction.NONE)
async def post_users(call: Call, req: PostUsersRequest) -> InvitationsResponse:
    invited = []
    async with call.write() as conn:
        for i, given in enumerate(batch("accounts", req.accounts)):
            wanted = User(id=given.user.id, primary_email=given.user.primary_email)
            user = await add_user(
                conn, _named(f"accounts[{i}]", wanted, given), given.is_admin, call.services.clock()
            )
            invited.append((user.primary_email, await new_link(call, Link(user.id, True), INVITED.lasts_s)))
            await audited(call, "user.invited", user.id, "as an admin" if given.is_admin else "")
        await call.changes("users")
    for email, invitation in invited:
        await mail(call, INVITED, email, invitation)
    return InvitationsResponse(invitations=[invitation for _, invitation in invited])


@rpc
async def patch_users(call: Call, req: PatchUsersRequest) -> MultiAccountResponse:
    """Who is disabled is signed out, and their keys and tokens are refused until they are enabled."""
    ids = distinct("accounts.user.id", (a.user.id for a in batch("accounts", req.accounts)))
    async with _an_admin_left(call):
        for i, given in enumerate(req.accounts):
            await _patch(call, f"accounts[{i}]", given)
    return MultiAccountResponse(accounts=await _named_accounts(call, ids))


@rpc
async def delete_users(call: Call, req: DeleteUsersRequest) -> BaseResponse:
    async with _an_admin_left(call):
        for id in distinct("ids", batch("ids", req.ids)):
            await delete_user(call.conn, id)
            await audited(call, "user.deleted", id)
    return BaseResponse()


@rpc
async def post_two_factor_resets(call: Call, req: PostTwoFactorResetsRequest) -> MultiAccountResponse:
    ids = distinct("user_ids", batch("user_ids", req.user_ids))
    for id in ids:
        await find_user(call.conn, id)
        await second_factor.switch_off(call.conn, id)
        await audited(call, "two_factor.reset", id)
    return MultiAccountResponse(accounts=await _named_accounts(call, ids))


async def _named_accounts(call: Call, ids: Sequence[str]) -> list[Account]:
    found = {a.user.id: a for a in await accounts_where(call.conn, users.c.id.in_(ids))}
    return [found[id] for id in ids]


async def _patch(call: Call, field: str, given: Account) -> None:
    id = given.user.id
    user = _named(field, await find_user(call.conn, id), given)
    if id == PUBLIC_USER:
        raise Invalid(f"{field}: user {id!r} holds what everybody may use and stays as it is")
    if given.user.primary_email:
        user.primary_email = await _free_email(call, f"{field}.user.primary_email", id, given)
    values: dict[str, object] = {"email": user.primary_email, "message": user.SerializeToString()}
    values |= {name: getattr(given, name) for name in ("is_admin", "is_disabled") if given.HasField(name)}
    await call.conn.execute(update(users).where(users.c.id == id).values(values))
    if given.is_disabled:
        await end_sessions(call.conn, id)
    await audited(call, "user.changed", id, _told(given))


def _named(field: str, old: User, given: Account) -> User:
    """The user with the names that are given."""
    user = User()
    user.CopyFrom(old)
    for name in ("first_name", "last_name"):
        if value := getattr(given.user, name):
            setattr(user, name, text(f"{field}.user.{name}", value, LONGEST_NAME))
    return user


async def _free_email(call: Call, field: str, id: str, given: Account) -> str:
    email = check_email(field, given.user.primary_email)
    query = select(users.c.id).where(users.c.email == email, users.c.id != id)
    if (await call.conn.execute(query)).first():
        raise Duplicate(f"the email {email!r} belongs to another user")
    return email


def _told(given: Account) -> str:
    """What an admin changed, for the audit log."""
    told = [name for name in ("primary_email", "first_name", "last_name") if getattr(given.user, name)]
    flags = [name for name in ("is_admin", "is_disabled") if given.HasField(name)]
    return ", ".join([*told, *(f"{name}={getattr(given, name)}".lower() for name in flags)])


@asynccontextmanager
async def _an_admin_left(call: Call) -> AsyncIterator[None]:
    """Raises Invalid when the block would take away the last admin."""
    await call.changes("users")  # first: its lock lets no two change who is an admin at once
    active = (users.c.is_admin == true()) & (users.c.is_disabled == false())
    admins = select(users.c.id).where(active).limit(1)
    before = (await call.conn.execute(admins)).first()
    yield
    if before and not (await call.conn.execute(admins)).first():
        raise Invalid("no admin would be left: make somebody else one first")
