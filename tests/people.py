"""People who sign in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pyotp
from world import World

from bowerbird.api.rpc import METHODS, Credentials, Origin
from bowerbird.app import opened
from bowerbird.auth.actors import EVERYTHING, PAT, Actor
from bowerbird.errors import Code
from bowerbird.proto.identity_pb2 import (
    PatchTwoFactorRequest,
    PostSessionsRequest,
    PostTwoFactorRequest,
    PostUserLinksRequest,
)

PASSWORD = "a bower of blue things"
HOST = Actor(user_id="", kind=PAT, grant=EVERYTHING, is_admin=True, is_host=True)


def credentials(login: str, password: str = PASSWORD, code: str = "") -> PostSessionsRequest:
    return PostSessionsRequest(login=login, password=password, code=code)


async def sign_in(
    world: World, login: str, password: str = PASSWORD, code: str = ""
) -> Any:  # SignInResponse
    return await world.ok(None, "PostSessions", credentials(login, password, code))


async def link_for(world: World, user_id: str, *, resets: bool = False) -> str:
    """The token of a link for somebody, made on the host."""
    request = PostUserLinksRequest(user_ids=[user_id], keeps_password=not resets)
    answer: Any = await world.app.dispatcher.call(METHODS["PostUserLinks"], request, Credentials(actor=HOST))
    assert answer.status.code == Code.SUCCESS, answer
    return token_of(answer.invitations[0].link)


def token_of(link: str) -> str:
    address, _, token = link.partition("?token=")
    assert address.endswith("/signin/link")
    return token


async def call_from(world: World, address: str, rpc: str, request: Any) -> Any:  # its answer
    shown = Credentials(origin=Origin(address, "a browser"))
    return await world.app.dispatcher.call(METHODS[rpc], request, shown)


@asynccontextmanager
async def second_process(world: World) -> AsyncIterator[World]:
    """The same installation, as another process has it open."""
    async with opened(world.app.settings, clock=world.clock) as app:
        yield World(app, world.clock, world.collecting, world.tokens)


class App:
    """An authenticator app, whose clock goes with the world's."""

    def __init__(self, world: World, secret: str) -> None:
        self._world = world
        self._totp = pyotp.TOTP(secret)

    def code(self, steps: int = 0) -> str:
        """The code of now, or of some steps before or after."""
        return self._totp.generate_otp(int(self._world.clock.now) // 30 + steps)

    def next_code(self) -> str:
        """A code that was not used before."""
        self._world.clock.advance(60)
        return self.code()


async def with_second_factor(world: World, token: str, password: str = "") -> tuple[App, list[str]]:
    """Whoever holds the token switches it on: their authenticator app, and the recovery codes."""
    begun: Any = await world.ok(token, "PostTwoFactor", PostTwoFactorRequest(password=password))
    app = App(world, begun.secret)
    confirmed: Any = await world.ok(token, "PatchTwoFactor", PatchTwoFactorRequest(code=app.code()))
    return app, list(confirmed.recovery_codes)


@dataclass
class Mailbox:
    """A mail server that takes everything."""

    port: int = 0
    mails: list[str] = field(default_factory=list)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mailbox\r\n")
        while line := (await reader.readline()).decode().strip():
            if line.upper() == "DATA":
                writer.write(b"354 go on\r\n")
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            writer.write(b"221 bye\r\n" if line.upper() == "QUIT" else b"250 ok\r\n")
        writer.close()


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    server = await asyncio.start_server(box._take, "127.0.0.1")
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box
