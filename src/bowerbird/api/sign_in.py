"""Signing in, by password or by link. A wrong user, password or code is one and the same error."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.account_links import LONGEST_LOGIN
from bowerbird.api.fields import text
from bowerbird.api.people import Person, audited, find_person, person_of
from bowerbird.api.proofs import counted
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.api.session_views import session_view
from bowerbird.auth import throttle
from bowerbird.auth.links import Link, link_of, spend_link
from bowerbird.auth.passwords import check_new, keep_password
from bowerbird.auth.second_factor import takes
from bowerbird.auth.sessions import end_sessions
from bowerbird.auth.throttle import Counted
from bowerbird.errors import LinkSpent, WrongSignIn
from bowerbird.proto.identity_pb2 import PostLinkSessionsRequest, PostSessionsRequest, SignInResponse

LONGEST_CODE, LONGEST_TOKEN = 40, 200


@rpc(transaction=Transaction.NONE)
async def post_sessions(call: Call, req: PostSessionsRequest) -> SignInResponse:
    """Each attempt counts as failed from the first, until it turns out not to be."""
    login = text("login", req.login, LONGEST_LOGIN)
    code = text("code", req.code, LONGEST_CODE)
    async with call.write() as conn:
        person = await find_person(conn, login)
        several = counted(call, person.id if person else login.lower())
        await throttle.begin(conn, several, call.services.clock())
    if not await _is_right(call, person, req.password) or person is None:
        raise WrongSignIn()
    async with call.write() as conn:
        if await person_of(conn, person.id) != person:
            raise WrongSignIn()  # something was changed meanwhile
        if person.has_second_factor and not code:
            await throttle.take_back(conn, several)
            return SignInResponse(needs_code=True)
        await _check_code(call, conn, person, code)
        await _renew_hash(call, conn, person, req.password)
        return await _signed_in(call, conn, person, several, "password")


@rpc(transaction=Transaction.NONE)
async def post_link_sessions(call: Call, req: PostLinkSessionsRequest) -> SignInResponse:
    """A link that needs more than it was given still works."""
    token = text("link_token", req.link_token, LONGEST_TOKEN)
    code = text("code", req.code, LONGEST_CODE)
    async with call.read() as conn:
        link, person = await _linked(call, conn, token)
    sets_password = link.sets_password or person.password_hash is None
    if req.password and sets_password:
        check_new("password", req.password, person.id, person.email)
    needs_password, needs_code = sets_password and not req.password, person.has_second_factor and not code
    if needs_password or needs_code:
        return SignInResponse(needs_password=needs_password, needs_code=needs_code, user_id=person.id)
    several = counted(call, person.id) if person.has_second_factor else []  # nobody guesses a link
    async with call.write() as conn:
        await throttle.begin(conn, several, call.services.clock())
    hashed = await call.services.passwords.hash(req.password) if sets_password else ""
    async with call.write() as conn:
        if await _linked(call, conn, token) != (link, person):
            raise LinkSpent()
        await spend_link(conn, call.keyring.hashes, token)
        await _check_code(call, conn, person, code)
        if hashed:
            await _set_password(call, conn, person, hashed)
        return await _signed_in(call, conn, person, several, "link")


async def _is_right(call: Call, person: Person | None, password: str) -> bool:
    """As long in the answer for somebody who is not there, has no password, or is disabled."""
    stored = person.password_hash if person and not person.is_disabled else None
    return await call.services.passwords.is_right(stored, password)


async def _check_code(call: Call, conn: AsyncConnection, person: Person, code: str) -> None:
    hashes, now = call.keyring.hashes, call.services.clock()
    if person.has_second_factor and not await takes(conn, hashes, person.id, code, now):
        raise WrongSignIn()


async def _renew_hash(call: Call, conn: AsyncConnection, person: Person, password: str) -> None:
    if person.password_hash and call.services.passwords.is_outdated(person.password_hash):
        hashed = await call.services.passwords.hash(password)
        await keep_password(conn, person.id, hashed, call.services.clock())


async def _linked(call: Call, conn: AsyncConnection, token: str) -> tuple[Link, Person]:
    link = await link_of(conn, call.keyring.hashes, token, call.services.clock())
    person = await person_of(conn, link.user_id)
    if person.is_disabled:
        raise LinkSpent()
    return link, person


async def _set_password(call: Call, conn: AsyncConnection, person: Person, hashed: str) -> None:
    await keep_password(conn, person.id, hashed, call.services.clock())
    await end_sessions(conn, person.id)
    await audited(call, "password.set", person.id, by=person.id)
    call.after(call.services.revisions.poll)


async def _signed_in(
    call: Call, conn: AsyncConnection, person: Person, several: list[Counted], how: str
) -> SignInResponse:
    """The answer with a session; what failed before is forgiven to the user, not to the address."""
    await throttle.take_back(conn, several[1:])
    await throttle.forgive(conn, throttle.login(call.keyring.hashes, person.id))
    now = call.services.clock()
    id, token = await call.keyring.sessions.open(conn, person.id, call.origin, now)
    await audited(call, "session.created", person.id, f"by {how}", by=person.id)
    session = await session_view(conn, call.keyring.sessions.lasting, id)
    session.is_current = True
    return SignInResponse(session=session, token=token, user_id=person.id)
