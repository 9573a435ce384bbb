"""Captures and counts as messages of NATS."""

import json
import re
from urllib.parse import quote

from nats.aio.msg import Msg

from bowerbird.queue.arrivals import Arrival
from bowerbird.queue.nats_line import Question
from bowerbird.queue.types import Capture, Counts, hour_of

MESSAGE_ID = "Nats-Msg-Id"  # JetStream stores what bears the same id once, for as long as its window
_CAPTURE_ID = re.compile(r"[0-9a-f]{32}")
_LONGEST_COLLECTOR = 640
_LATEST = 1e11  # seconds since 1970


def subject_of(prefix: str, collector: str, hour: int | str) -> str:
    """One subject for each collector and hour, so that JetStream counts what waits as the funnel wants it."""
    return f"{prefix}.{quote(collector, safe='').replace('.', '%2E')}.{hour}"


def capture_message(prefix: str, capture: Capture) -> Question:
    """Raises what it finds wrong with a capture that SQL could not hold: by then it could not be refused."""
    if not _CAPTURE_ID.fullmatch(capture.capture_id):
        raise ValueError("a capture id has 32 hexadecimal digits")
    if len(capture.collector) > _LONGEST_COLLECTOR or "\0" in capture.collector:
        raise ValueError("that cannot be a collector")
    if not abs(capture.taken_at) < _LATEST:
        raise ValueError("that cannot be the time of a capture")
    facts = (
        capture.capture_id,
        capture.collector,
        capture.taken_at,
        capture.blob_keys,
        capture.payload_key,
    )
    body = json.dumps(facts).encode() + b"\n" + capture.payload
    subject = subject_of(prefix, capture.collector, hour_of(capture.taken_at))
    return Question(subject, body, {MESSAGE_ID: capture.capture_id})


def capture_in(body: bytes) -> Capture:
    facts, _, payload = body.partition(b"\n")
    capture_id, collector, taken_at, blob_keys, payload_key = json.loads(facts)
    return Capture(capture_id, collector, taken_at, payload, tuple(blob_keys), payload_key)


def counts_message(subject: str, counts: Counts, id: str) -> Question:
    body = json.dumps([(*key, n) for key, n in counts.items()]).encode()
    return Question(subject, body, {MESSAGE_ID: id})


def counts_in(body: bytes) -> Counts:
    return {(collector, hour, reason): n for collector, hour, reason, n in json.loads(body)}


def capture_arrival(message: Msg) -> Arrival:
    return Arrival(*_whence(message.reply), capture_in(message.data), {})


def counts_arrival(message: Msg) -> Arrival:
    return Arrival(*_whence(message.reply), None, counts_in(message.data))


def _whence(reply: str) -> tuple[str, int, int]:
    """Stream, number and time of publication, from the address that takes the acknowledgement.

    $JS.ACK.[domain.account.]stream.consumer.deliveries.number.place.time.pending[.random]
    """
    parts = reply.split(".")
    start = 2 if len(parts) == 9 else 4
    return parts[start], int(parts[start + 3]), int(parts[start + 5])
