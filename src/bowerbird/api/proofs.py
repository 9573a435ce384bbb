"""Proofs that somebody is who they are: each wrong one counts, wherever it is asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bowerbird.api.people import Person
from bowerbird.api.rpc import Call
from bowerbird.auth import throttle
from bowerbird.auth.actors import SESSION
from bowerbird.auth.throttle import Counted
from bowerbird.errors import InsufficientScopes, WrongSignIn


def counted(call: Call, who: str) -> list[Counted]:
    """What an attempt to be somebody counts for; the person comes first."""
    hashes = call.keyring.hashes
    return [throttle.login(hashes, who), *throttle.address(hashes, call.origin.address)]


@asynccontextmanager
async def attempt(call: Call, who: str) -> AsyncIterator[None]:
    """The block counts as a failed attempt unless it ends well. Raises Throttled.

    For a handler that opens its transactions itself, around those.
    """
    several = counted(call, who)
    async with call.write() as conn:
        await throttle.begin(conn, several, call.services.clock())
    yield
    async with call.write() as conn:
        await throttle.take_back(conn, several)


async def prove_password(call: Call, person: Person, password: str) -> None:
    """Raises WrongSignIn, Throttled, unless the password is theirs.

    Somebody without one proves it by being signed in, since a token may have got into other hands.
    """
    if person.password_hash is None:
        if call.actor.kind != SESSION:
            raise InsufficientScopes("a user without a password has to be signed in for this")
        return
    async with attempt(call, person.id):
        if not await call.services.passwords.is_right(person.password_hash, password):
            raise WrongSignIn()
