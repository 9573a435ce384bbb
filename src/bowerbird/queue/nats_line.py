"""A connection to NATS: questions asked over it, many at once, each answered or Busy."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from bowerbird.errors import Busy

CONNECT_S = 3.0
ANSWER_S = 5.0
PING_S = 10
_OUTGOING_BYTES = 8 * 1024 * 1024  # wait for the socket beyond that
_NOBODY = "503"  # nobody answers there: no such stream, or JetStream is off


@dataclass(frozen=True, slots=True)
class Question:
    """A message that wants an answer."""

    subject: str
    body: bytes
    headers: Mapping[str, str] | None = None


class NotThere(Exception):
    """What was asked for does not exist."""


class Session:
    """One connection, until it breaks."""

    def __init__(self) -> None:
        self._client = Client()
        self._inbox = ""
        self._numbers = count()
        self._answers: dict[str, _Answers] = {}
        self._open: set[asyncio.Future[None]] = set()

    @property
    def is_up(self) -> bool:
        return self._client.is_connected

    async def connect(self, servers: Sequence[str]) -> None:
        """Raises Busy when none of the servers answers."""
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._client.connect(
                    servers=list(servers),
                    name="bowerbird",
                    allow_reconnect=False,  # a new session is made instead: nothing half done lives on
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    ping_interval=PING_S,
                    pending_size=_OUTGOING_BYTES,
                    error_cb=_ignore,  # whoever waits is told
                    closed_cb=self._closed,
                )
                self._inbox = self._client.new_inbox()
                await self._subscribe(f"{self._inbox}.*.*", self._answered)
        except (nats.errors.Error, OSError, TimeoutError) as error:
            await self.close()
            raise Busy(f"capture queue: NATS cannot be reached: {error}") from error

    async def close(self) -> None:
        with suppress(nats.errors.Error, OSError):
            await self._client.close()

    async def ask(self, questions: Sequence[Question]) -> list[Msg]:
        """Ask all of them at once; the answers in the same order.

        Raises Busy, and then each may have been heard. Raises ValueError when one is too large.
        """
        if not questions:
            return []
        name = str(next(self._numbers))
        async with self._patience() as done:
            self._answers[name] = answers = _Answers(done, len(questions))
            try:
                for place, question in enumerate(questions):
                    await self._client.publish(
                        question.subject,
                        question.body,
                        reply=f"{self._inbox}.{name}.{place}",
                        headers=dict(question.headers) if question.headers else None,
                    )
                await done
            finally:
                del self._answers[name]
        return [answers.found[place] for place in range(len(questions))]

    async def tell(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Send (subject, body) and wait for no answer."""
        async with self._patience():
            for subject, body in messages:
                await self._client.publish(subject, body)

    async def fetch(self, subject: str, limit: int) -> list[Msg]:
        """What a pull consumer has just now, up to `limit` messages; it waits for none."""
        found: list[Msg] = []

        async def take(message: Msg) -> None:
            if not message.reply:  # a status: there is no more
                status = (message.headers or {}).get("Status")
                _settle(done, Busy("capture queue: JetStream is away") if status == _NOBODY else None)
                return
            found.append(message)
            if len(found) == limit:
                _settle(done)

        inbox = self._client.new_inbox()
        async with self._patience() as done:
            subscription = await self._subscribe(inbox, take)
            try:
                wanted = json.dumps({"batch": limit, "no_wait": True}).encode()
                await self._client.publish(subject, wanted, reply=inbox)
                await done
            finally:
                with suppress(nats.errors.Error):
                    await subscription.unsubscribe()
        return found

    async def api(self, what: str, body: Mapping[str, object]) -> dict[str, Any]:
        """An answer of JetStream's own API. Raises NotThere, or Busy with what it says."""
        [answer] = await self.ask([Question(f"$JS.API.{what}", json.dumps(body).encode())])
        content: dict[str, Any] = json.loads(answer.data)  # whatever shape that answer has
        error = content.get("error")
        if error and error["code"] == 404:
            raise NotThere(error.get("description", ""))
        if error:
            raise Busy(f"capture queue: JetStream: {error.get('description')}")
        return content

    async def _subscribe(self, subject: str, take: Callable[[Msg], Awaitable[None]]) -> Any:
        # No limits: what may arrive is bounded by what was asked for.
        return await self._client.subscribe(subject, cb=take, pending_msgs_limit=0, pending_bytes_limit=0)

    @asynccontextmanager
    async def _patience(self) -> AsyncIterator["asyncio.Future[None]"]:
        """A future that fails when the connection breaks; whatever goes wrong in the block raises Busy."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._open.add(done)
        try:
            async with asyncio.timeout(ANSWER_S):
                yield done
        except nats.errors.MaxPayloadError as error:
            raise ValueError("a message is larger than the server's max_payload") from error
        except Busy:
            await self.close()  # the next session finds another server, or makes the streams anew
            raise
        except (nats.errors.Error, OSError, TimeoutError) as error:
            await self.close()
            raise Busy(f"capture queue: NATS does not answer: {error}") from error
        finally:
            self._open.discard(done)
            if not _settle(done) and not done.cancelled():
                done.exception()  # seen: not everybody waited for it

    async def _answered(self, message: Msg) -> None:
        _, name, place = message.subject.rsplit(".", 2)
        if answers := self._answers.get(name):
            answers.take(int(place), message)

    async def _closed(self) -> None:
        for done in list(self._open):
            _settle(done, Busy("capture queue: the connection to NATS broke"))


@dataclass(slots=True)
class _Answers:
    done: "asyncio.Future[None]"
    wanted: int
    found: dict[int, Msg] = field(default_factory=dict)

    def take(self, place: int, message: Msg) -> None:
        if (message.headers or {}).get("Status") == _NOBODY:
            _settle(self.done, Busy("capture queue: JetStream is away, or its stream is"))
        self.found[place] = message
        if len(self.found) == self.wanted:
            _settle(self.done)


def _settle(done: "asyncio.Future[None]", error: Exception | None = None) -> bool:
    """Whether it was still open."""
    if done.done():
        return False
    if error:
        done.set_exception(error)
    else:
        done.set_result(None)
    return True


async def _ignore(error: Exception) -> None:
    return


class Line:
    """A session that is made when it is needed, and anew when it broke; for one event loop."""

    def __init__(self, servers: Sequence[str], prepare: Callable[[Session], Awaitable[None]]) -> None:
        self._servers = servers
        self._prepare = prepare
        self._session: Session | None = None
        self._lock = asyncio.Lock()

    async def session(self) -> Session:
        """Raises Busy."""
        async with self._lock:
            if self._session is None or not self._session.is_up:
                self._session = await self._begin()
            return self._session

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def _begin(self) -> Session:
        session = Session()
        await session.connect(self._servers)
        try:
            await self._prepare(session)
        except BaseException:
            await session.close()
            raise
        return session
