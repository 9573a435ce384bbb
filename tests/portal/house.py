"""A whole house for tests of the portal: a world, its HTTP API and the portal, each on a port of its own."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import uvicorn
from people import PASSWORD, link_for, sign_in
from sqlalchemy import delete
from starlette.types import ASGIApp
from wires import free_port, no_metrics
from world import World, world

from bowerbird.portal.asgi import portal_app
from bowerbird.portal.cookies import COOKIE, CSRF_HEADER, csrf_of
from bowerbird.ports import listening
from bowerbird.proto.identity_pb2 import PostLinkSessionsRequest
from bowerbird.settings import Settings
from bowerbird.store.identity_tables import attempts
from bowerbird.wire.front import front
from bowerbird.wire.http import http_app

T = TypeVar("T")
LIMIT = 1024 * 1024
PEOPLE = ("root", "alice", "bob", "mallory")


@dataclass
class House:
    """What is served, and the loop that serves it in a thread beside the tests."""

    world: World
    settings: Settings
    loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        return f"http://{self.settings.portal}"

    @property
    def api(self) -> str:
        return f"http://{self.settings.http}"

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Have something done in the world: `house.do(house.world.ok("alice", …))`."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def session(self, who: str, password: str = PASSWORD) -> str:
        """Somebody signs in, however often others tried before."""
        return self.do(self._session(who, password))

    async def _session(self, who: str, password: str) -> str:
        async with self.world.app.services.db.write() as conn:
            await conn.execute(delete(attempts))
        token: str = (await sign_in(self.world, who, password)).token
        return token

    def browser(self) -> httpx2.Client:
        """A browser without pages: it keeps cookies, and says where it comes from."""
        return httpx2.Client(base_url=self.url, headers={"origin": self.url}, trust_env=False, timeout=30)

    @contextmanager
    def signed_in(self, who: str, password: str = PASSWORD) -> Iterator[httpx2.Client]:
        """A browser in which somebody has signed in, with the header that writes need."""
        with self.browser() as browser:
            answer = browser.post("/signin", json={"login": who, "password": password})
            assert answer.status_code == 200, answer.text
            browser.headers[CSRF_HEADER] = csrf_of(browser.cookies[COOKIE])
            yield browser


@contextmanager
def house(data: Path) -> Iterator[House]:
    """The house, whose people have passwords. NiceGUI knows one portal in a process: so make it once."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    made = _in_house(data, loop)
    try:
        yield asyncio.run_coroutine_threadsafe(anext(made), loop).result(60)
    finally:
        asyncio.run_coroutine_threadsafe(anext(made, None), loop).result(60)
        asyncio.run_coroutine_threadsafe(_stragglers(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _in_house(data: Path, loop: asyncio.AbstractEventLoop) -> AsyncIterator[House]:
    addresses = {wire: f"127.0.0.1:{free_port()}" for wire in ("http", "portal")}
    async with world(data, max_message_bytes=LIMIT, **addresses) as made:
        made.clock.now = time.time()  # pages compare it with the browser's
        settings = made.app.settings
        api = http_app(made.app.dispatcher, max_bytes=LIMIT, metrics=no_metrics, extra_routes=front(settings))
        async with _serving(api, settings.http), _serving(portal_app(settings), settings.portal):
            for person in PEOPLE:
                await _set_password(made, person)
            yield House(made, settings, loop)


async def _stragglers() -> None:
    """Sockets that were open leave tasks behind."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


async def _set_password(made: World, person: str) -> None:
    request = PostLinkSessionsRequest(link_token=await link_for(made, person), password=PASSWORD)
    await made.ok(None, "PostLinkSessions", request)


@asynccontextmanager
async def _serving(app: ASGIApp, address: str) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    task = asyncio.create_task(server._serve([listening(address)]))
    yield
    server.should_exit = True
    await task
