"""A stream of JetStream as a work queue: made where it is missing, written, read and counted."""

import base64
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from nats.aio.msg import Msg

from bowerbird.errors import Busy
from bowerbird.queue.arrivals import Span
from bowerbird.queue.nats_line import NotThere, Question, Session

CONSUMER = "workers"
ACK_WAIT_S = 30  # in which a worker must have moved a batch into SQL
UNDER_WAY = 65_536  # messages that all workers together may be moving
IN_FLIGHT = 1024  # messages sent before their answers are awaited
_NANOSECONDS = 1_000_000_000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOO_LARGE = 10054


@dataclass(frozen=True, slots=True)
class Address:
    """nats://[user:password@]host:port[,host:port…][/name][?replicas=3&dedup_s=120]."""

    servers: tuple[str, ...]
    name: str
    replicas: int
    dedup_s: float

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises ValueError."""
        parts = urlsplit(url)
        options = dict(parse_qs(parts.query, strict_parsing=bool(parts.query)))
        name = parts.path.strip("/") or "bowerbird"
        user, at, hosts = parts.netloc.rpartition("@")
        if parts.scheme not in ("nats", "tls") or not hosts or not _NAME.fullmatch(name):
            raise ValueError("the address of the capture queue must look like nats://HOST:PORT[/NAME]")
        if options.keys() - {"replicas", "dedup_s"}:
            raise ValueError("the address of the capture queue takes the options replicas and dedup_s")
        servers = tuple(f"{parts.scheme}://{user}{at}{host}" for host in hosts.split(","))
        [replicas], [dedup_s] = options.get("replicas", ["1"]), options.get("dedup_s", ["120"])
        return cls(servers, name, int(replicas), float(dedup_s))


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a stream held at one moment: its messages by collector and hour, and which numbers they have."""

    span: Span
    gone: frozenset[int]  # numbers within the span that were removed
    messages: Mapping[tuple[str, int], int]

    def without(self, absorbed: Iterable[tuple[str, int, int]]) -> Counter[tuple[str, int]]:
        """How many wait here only: one that is absorbed lies in the stream until it is acknowledged."""
        here = Counter(self.messages)
        here.subtract((collector, hour) for collector, hour, seq in absorbed if seq not in self.gone)
        return +here


class Stream:
    """A stream with one pull consumer, which all workers share."""

    def __init__(self, name: str, subjects: str, address: Address) -> None:
        self.name = name
        self.subjects = subjects
        self._address = address

    async def ensure(self, session: Session) -> None:
        """Make the stream and its consumer where they are missing; what an operator changed stays."""
        try:
            await session.api(f"STREAM.INFO.{self.name}", {})
        except NotThere:
            await session.api(f"STREAM.CREATE.{self.name}", self._stream())
        try:
            await session.api(f"CONSUMER.INFO.{self.name}.{CONSUMER}", {})
        except NotThere:
            await session.api(f"CONSUMER.DURABLE.CREATE.{self.name}.{CONSUMER}", self._consumer())

    async def fetch(self, session: Session, limit: int) -> list[Msg]:
        return await session.fetch(f"$JS.API.CONSUMER.MSG.NEXT.{self.name}.{CONSUMER}", limit)

    async def numbers(self, session: Session) -> tuple[int, int]:
        """The first number: everything below was acknowledged by a worker and removed; and the last one."""
        state = (await session.api(f"STREAM.INFO.{self.name}", {}))["state"]
        return state["first_seq"], state["last_seq"]

    async def backlog(self, session: Session, subjects: str) -> Backlog:
        """What lies under these subjects, which end in collector and hour."""
        wanted = {"subjects_filter": subjects, "deleted_details": True}
        info = await session.api(f"STREAM.INFO.{self.name}", wanted)
        state = info["state"]
        found: dict[str, int] = state.get("subjects") or {}
        while len(found) < info.get("total", 0):  # a page has 100,000 subjects
            page = await session.api(f"STREAM.INFO.{self.name}", wanted | {"offset": len(found)})
            if not page["state"].get("subjects"):
                break
            found |= page["state"]["subjects"]
        span = Span(self.name, state["first_seq"], state["last_seq"])
        return Backlog(
            span, frozenset(state.get("deleted") or ()), {_where(subject): n for subject, n in found.items()}
        )

    async def oldest(self, session: Session, subjects: str) -> bytes | None:
        """The body of the first message under these subjects."""
        try:
            wanted = {"seq": 1, "next_by_subj": subjects}
            answer = await session.api(f"STREAM.MSG.GET.{self.name}", wanted)
        except NotThere:
            return None
        return base64.b64decode(answer["message"].get("data", ""))

    def _stream(self) -> dict[str, object]:
        return {
            "name": self.name,
            "subjects": [self.subjects],
            "retention": "workqueue",
            "storage": "file",
            "discard": "new",  # a stream that is full refuses captures, and forgets none
            "num_replicas": self._address.replicas,
            "duplicate_window": int(self._address.dedup_s * _NANOSECONDS),
            "max_msgs": -1,
            "max_bytes": -1,
            "max_consumers": -1,
        }

    def _consumer(self) -> dict[str, object]:
        config = {
            "durable_name": CONSUMER,
            "deliver_policy": "all",
            "ack_policy": "explicit",
            "ack_wait": ACK_WAIT_S * _NANOSECONDS,
            "max_deliver": -1,
            "max_ack_pending": UNDER_WAY,
            "replay_policy": "instant",
        }
        return {"stream_name": self.name, "config": config}


async def publish(session: Session, messages: Sequence[Question]) -> list[bool]:
    """Write to streams; which of the messages were duplicates. Each is stored once this returns.

    Raises ValueError when a message is too large for its stream, Busy for everything else.
    """
    duplicates: list[bool] = []
    for start in range(0, len(messages), IN_FLIGHT):
        answers = await session.ask(messages[start : start + IN_FLIGHT])
        duplicates += [_is_duplicate(answer) for answer in answers]
    return duplicates


async def acknowledge(session: Session, messages: Sequence[Msg]) -> None:
    """Remove them from their stream. They are handled in order, so that the last one's answer is for all."""
    await session.tell([(message.reply, b"+ACK") for message in messages[:-1]])
    await session.ask([Question(message.reply, b"+ACK") for message in messages[-1:]])


async def give_back(session: Session, messages: Sequence[Msg]) -> None:
    """Let them be fetched again at once, not only after ACK_WAIT_S."""
    await session.tell([(message.reply, b"-NAK") for message in messages])


def _is_duplicate(answer: Msg) -> bool:
    content = json.loads(answer.data)
    error = content.get("error")
    if error and error.get("err_code") == _TOO_LARGE:
        raise ValueError(error["description"])
    if error:
        raise Busy(f"capture queue: JetStream: {error.get('description')}")
    return bool(content.get("duplicate"))


def _where(subject: str) -> tuple[str, int]:
    _, collector, hour = subject.split(".")
    return unquote(collector), int(hour)
