"""Links for people, by admins, on the host, or by mail: they sign in once, and may set a password."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.fields import batch, distinct
from bowerbird.api.ids import shown
from bowerbird.api.people import Person, audited, find_person
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.auth.links import DAY_S, HOUR_S, Link, make_link, portal_link
from bowerbird.errors import InsufficientScopes, Invalid, NotFound
from bowerbird.proto.identity_pb2 import Invitation, InvitationsResponse, PostUserLinksRequest
from bowerbird.store.kinds import stamp

LONGEST_LOGIN = 320


@dataclass(frozen=True, slots=True)
class Letter:
    """What is said with a link, and how long that works."""

    subject: str
    text: str
    lasts_s: float


INVITED = Letter(
    "Your Bowerbird account",
    "You were invited to Bowerbird as {user}. Choose a password here, within a day:\n\n{link}\n\n"
    "The link works once.\n",
    DAY_S,
)
RESET = Letter(
    "Set a new Bowerbird password",
    "Somebody asked for a new password for {user}. Choose it here, within an hour:\n\n{link}\n\n"
    "The link works once. If it was not you, do nothing: your password stays.\n",
    HOUR_S,
)


@rpc(transaction=Transaction.NONE)
async def post_user_links(call: Call, req: PostUserLinksRequest) -> InvitationsResponse:
    ids = distinct("user_ids", batch("user_ids", req.user_ids))
    if req.keeps_password and not call.actor.is_host and ids != [call.actor.user_id]:
        raise InsufficientScopes(
            "keeps_password: only on the host, or for oneself; others set a new password"
        )
    made = []
    async with call.write() as conn:
        for id in ids:
            person = await _linkable(conn, id)
            resets = person.password_hash is not None and not req.keeps_password
            letter = RESET if resets else INVITED
            made.append((letter, person.email, await new_link(call, Link(id, resets), letter.lasts_s)))
            await audited(call, "link.made", id, "to set a password anew" if resets else "to sign in")
    if not req.keeps_password:
        for letter, email, invitation in made:
            await mail(call, letter, email, invitation)
    return InvitationsResponse(invitations=[invitation for _, _, invitation in made])


async def new_link(call: Call, link: Link, lasts_s: float) -> Invitation:
    """A link as the one who may hand it on sees it."""
    ends = call.services.clock() + lasts_s
    token = await make_link(call.conn, call.keyring.hashes, link, expires_at=ends)
    address = portal_link(call.services.settings.portal_address, token)
    return Invitation(user_id=link.user_id, link=address, expires_at=stamp(ends))


async def mail(call: Call, letter: Letter, email: str, invitation: Invitation) -> None:
    """Send a link to whom it is for, where mail is set up; the invitation then says so."""
    mailer = call.services.mailer
    if mailer.is_on:
        text = letter.text.format(user=invitation.user_id, link=invitation.link)
        invitation.is_mailed = await mailer.send(email, letter.subject, text)


async def mail_reset(call: Call, login: str) -> None:
    """Send a link to whoever has this id or email, if anybody has; after the call was answered."""
    async with call.write() as conn:
        person = await find_person(conn, login)
        if person is None or person.is_disabled:
            return
        invitation = await new_link(call, Link(person.id, sets_password=True), RESET.lasts_s)
        await audited(call, "password.reset_asked", person.id)
    await mail(call, RESET, person.email, invitation)


async def _linkable(conn: AsyncConnection, id: str) -> Person:
    person = await find_person(conn, id)
    if person is None or person.id != id:
        raise NotFound(f"user {shown(id)}")
    if person.is_disabled:
        raise Invalid(f"user {id!r} is disabled: enable them first")
    return person
