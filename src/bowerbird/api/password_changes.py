"""Passwords: changed by who knows the old one, set anew by who reads the user's mail."""

from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse
from sqlalchemy import delete

from bowerbird.api.account_links import LONGEST_LOGIN, mail_reset
from bowerbird.api.fields import text
from bowerbird.api.people import audited, person_of
from bowerbird.api.proofs import prove_password
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.auth import throttle
from bowerbird.auth.passwords import check_new, keep_password
from bowerbird.auth.sessions import end_sessions
from bowerbird.errors import WrongSignIn
from bowerbird.proto.identity_pb2 import (
    PasswordResetResponse,
    PatchPasswordRequest,
    PostPasswordResetsRequest,
)
from bowerbird.store.identity_tables import links


@rpc(transaction=Transaction.NONE)
async def patch_password(call: Call, req: PatchPasswordRequest) -> BaseResponse:
    """Links that the user had work no longer, and all other sessions end."""
    async with call.read() as conn:
        person = await person_of(conn, call.actor.user_id)
    check_new("new_password", req.new_password, person.id, person.email)
    await prove_password(call, person, req.old_password)
    hashed = await call.services.passwords.hash(req.new_password)
    async with call.write() as conn:
        if (await person_of(conn, person.id)).password_hash != person.password_hash:
            raise WrongSignIn()  # it was changed meanwhile
        await keep_password(conn, person.id, hashed, call.services.clock())
        await conn.execute(delete(links).where(links.c.user_id == person.id))
        await end_sessions(conn, person.id, but=call.actor.handle)
        await audited(call, "password.changed", person.id)
        call.after(call.services.revisions.poll)
    return BaseResponse()


@rpc(transaction=Transaction.NONE)
async def post_password_resets(call: Call, req: PostPasswordResetsRequest) -> PasswordResetResponse:
    """Whether there is such a user shows neither in the answer nor in the time it takes."""
    login, hashes = text("login", req.login, LONGEST_LOGIN), call.keyring.hashes
    several = [
        throttle.login(hashes, f"reset {login.lower()}"),
        *throttle.address(hashes, call.origin.address),
    ]
    async with call.write() as conn:
        await throttle.begin(conn, several, call.services.clock())
    mailer = call.services.mailer
    if mailer.is_on:
        mailer.in_background(mail_reset(call, login))
    return PasswordResetResponse(by_mail=mailer.is_on)
