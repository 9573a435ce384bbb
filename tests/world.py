"""A small world for tests: a server without wires, and its cast.

Alice owns the app, Bob works in it, Mallory is a stranger, Root is an admin.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2
from google.protobuf.message import Message

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.app import App, Collecting, Stores, collecting, opened, poster, running_on
from bowerbird.settings import Settings

M = TypeVar("M", bound=Message)
Tokens = dict[str, str]  # by whose they are
SUCCESS = status_code_pb2.SUCCESS


@dataclass
class Clock:
    """Time that moves when told to."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class World:
    """A running application and the people in it."""

    app: App
    clock: Clock
    collecting: Collecting
    tokens: Tokens = field(default_factory=dict)

    async def call(self, who: str | None, rpc: str, request: Message | None = None, **ids: str) -> Message:
        """The answer to somebody's call; `who` is a name of the cast, a key, or nobody."""
        method = METHODS[rpc]
        request = method.request() if request is None else request
        if "user_app_id" in method.request.DESCRIPTOR.fields_by_name and not request.HasField("user_app_id"):
            request.user_app_id.CopyFrom(resources_pb2.UserAppIDSet(**ids))
        key = self.tokens.get(who, who) if who else None
        return await self.app.dispatcher.call(method, request, Credentials(key=key))

    async def ok(self, who: str, rpc: str, request: Message | None = None, **ids: str) -> Message:
        """The answer to a call that has to succeed."""
        answer = await self.call(who, rpc, request, **ids)
        assert answer.status.code == SUCCESS, answer
        return answer

    async def fails(
        self, code: int, who: str | None, rpc: str, request: Message | None = None, **ids: str
    ) -> str:
        """The details of the error with which a call has to end."""
        answer = await self.call(who, rpc, request, **ids)
        assert answer.status.code == code, answer
        return answer.status.details

    async def drain(self) -> int:
        """Let the worker do all that is due; how many captured items it handled."""
        await self.collecting.flush()
        return await poster(self.app, "test").drain()

    async def add_user(self, id: str, *, is_admin: bool = False) -> None:
        self.tokens[id] = await self.app.create_user(id, f"{id}@example.com", is_admin=is_admin)

    async def add_app(self, who: str, id: str, **fields: object) -> None:
        app = resources_pb2.App(id=id, **fields)
        await self.ok(who, "PostApps", service_pb2.PostAppsRequest(apps=[app]), user_id=who)

    async def publish(self, who: str, app_id: str) -> None:
        """Let everybody see what is public in the app."""
        app = resources_pb2.App(id=app_id, visibility=resources_pb2.Visibility(gettable=50))
        request = service_pb2.PatchAppsRequest(apps=[app], action="overwrite")
        await self.ok(who, "PatchApps", request, user_id=who)

    async def add_key(
        self, who: str, app_id: str = "", scopes: Iterable[str] = ("All",), endpoints: Iterable[str] = ()
    ) -> str:
        """A new key of somebody, whole: for one app, or a personal access token."""
        apps = [resources_pb2.App(id=app_id, user_id=who)] if app_id else []
        kind = "app_specific_key" if app_id else "personal_access_token"
        key = resources_pb2.Key(type=kind, description="test", scopes=scopes, endpoints=endpoints, apps=apps)
        answer = await self.ok(who, "PostKeys", service_pb2.PostKeysRequest(keys=[key]), user_id=who)
        return answer.keys[0].id


@cache
def plain() -> Settings:
    """To be copied: settings that are read anew take 3 ms."""
    return Settings(models_in_process=True, poll_s=0.05, password_memory_kib=8, _env_file=None)


@asynccontextmanager
async def world(
    data: Path,
    tokens: Tokens | None = None,
    *,
    stores: Stores | None = None,
    used: Callable[[], float] = time.thread_time,
    **settings: object,
) -> AsyncIterator[World]:
    """A world in a folder: alice with the app "zoo", bob, mallory, and root who is an admin.

    With their tokens, they have moved in before. With stores, these are open and stay so.
    """
    clock = Clock()
    chosen = plain().model_copy(update={"data": data, **settings})
    opening = running_on(stores, chosen, clock) if stores else opened(chosen, clock=clock)
    async with opening as app, collecting(app, used=used) as collector:
        made = World(app, clock, collector, tokens or {})
        if not tokens:
            await made.add_user("root", is_admin=True)
            for name in ("alice", "bob", "mallory"):
                await made.add_user(name)
            await made.add_app("alice", "zoo")
        yield made


async def move_in(data: Path, **settings: object) -> Tokens:
    """Make a world, and leave it as it is: the tokens of its cast."""
    async with world(data, **settings) as made:
        return made.tokens
