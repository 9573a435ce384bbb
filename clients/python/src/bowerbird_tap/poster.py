"""Posting batches to the server, and reading from its answer what became of each item."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast
from urllib.parse import SplitResult

from bowerbird_tap.items import Item
from bowerbird_tap.limits import MIB, Limits

SUCCESS = 10000
MISSING = -1  # no result for an item
AGAIN = frozenset({10030, 40032, 11005, MISSING})  # of one item: try again, timeout, throttled
SETUP = frozenset({401, 402, 403, 404, 405, 407, 501})  # a key, a model or a server to mend: no item's fault
WAIT = frozenset({408, 425, 429})
LONGEST_ANSWER = 8 * MIB
LONGEST_WAIT = 60.0
SAMPLE, WORTH = 8192, 0.6
_TIMEOUTS = (TimeoutError, socket.timeout)  # one and the same since Python 3.10


@dataclass(frozen=True)
class Outcome:
    """Of a batch: `later` are the items to try again, the rest was sent or `rejected` for good."""

    later: Sequence[Item] = ()
    rejected: int = 0
    error: str = ""
    http: int = 0  # the status of an answer that brought the error; 0 when there was none
    is_slow: bool = False  # a timeout: fewer items at a time may do better
    wait: float = 0.0  # seconds that the server asked for
    cpu: float = 0.0  # seconds of one core that posting took


@dataclass(frozen=True)
class Answer:
    http: int
    body: bytes
    wait: float

    def read(self) -> tuple[int, dict[str, int]]:
        """The overall code, and each request id's. Zero and nothing if it is no answer of Bowerbird's."""
        try:
            body = json.loads(self.body)
            codes = {str(result["request_id"]): _code(result) for result in body.get("results") or ()}
            return _code(body), codes
        except (ValueError, KeyError, TypeError, AttributeError):
            return 0, {}

    def text(self) -> str:
        return f"HTTP {self.http}: {self.body[:300].decode('utf-8', 'replace')}"


class Poster:
    """One connection, kept open; for one thread."""

    def __init__(self, url: SplitResult, path: str, key: str, limits: Limits) -> None:
        self._url = url
        self._path = url.path.rstrip("/") + path
        self._key = key
        self._limits = limits
        self._connection: http.client.HTTPConnection | None = None
        self._compresses = True

    def post(self, items: Sequence[Item]) -> Outcome:
        """Never raises."""
        started = time.thread_time()
        outcome = self._post(items)
        return replace(outcome, cpu=time.thread_time() - started)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def _post(self, items: Sequence[Item]) -> Outcome:
        try:
            predictions = b",".join([item.payload() for item in items])
            answer = self._exchange(b'{"predictions":[' + predictions + b"]}")
        except Exception as error:  # whatever happens on the way: the items are still ours
            self.close()
            return Outcome(later=items, error=repr(error), is_slow=isinstance(error, _TIMEOUTS))
        if answer.http == 415 and self._compresses:
            self._compresses = False
            return self._post(items)
        return self._judged(answer, items)

    def _judged(self, answer: Answer, items: Sequence[Item]) -> Outcome:
        if answer.http in SETUP or answer.http in WAIT or answer.http >= 500 or 300 <= answer.http < 400:
            slow = answer.http in (500, 504)
            return Outcome(items, error=answer.text(), http=answer.http, is_slow=slow, wait=answer.wait)
        overall, codes = answer.read()
        if codes:
            return _by_item(items, codes, answer)
        if answer.http < 300:
            return Outcome() if overall == SUCCESS else Outcome(items, error=answer.text(), http=answer.http)
        if len(items) == 1:
            return Outcome(rejected=1, error=answer.text(), http=answer.http)
        return self._halved(items)

    def _halved(self, items: Sequence[Item]) -> Outcome:
        """The server refuses the batch as a whole: find what it is that it does not want."""
        middle = len(items) // 2
        first = self._post(items[:middle])
        if first.later:
            return replace(first, later=[*first.later, *items[middle:]])
        second = self._post(items[middle:])
        return replace(second, rejected=first.rejected + second.rejected, error=second.error or first.error)

    def _exchange(self, body: bytes) -> Answer:
        headers = {"Content-Type": "application/json", "Authorization": f"Key {self._key}"}
        if self._compresses and len(body) >= self._limits.gzip_bytes:
            packed = _gzip(body)
            if packed:
                body, headers["Content-Encoding"] = packed, "gzip"
        if self._connection is None:
            return self._send(body, headers)
        try:
            return self._send(body, headers)
        except ConnectionError:  # the server may have closed it while it was idle
            self.close()
            return self._send(body, headers)

    def _send(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        self._connection = self._connection or self._connect()
        self._connection.request("POST", self._path, body, dict(headers))
        response = self._connection.getresponse()
        read = response.read(LONGEST_ANSWER)
        if not response.isclosed():  # longer still: not worth the reading
            self.close()
        return Answer(response.status, read, _seconds(response.getheader("Retry-After")))

    def _connect(self) -> http.client.HTTPConnection:
        host = self._url.hostname or ""
        timeout = self._limits.timeout
        if self._url.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, self._url.port, timeout=timeout, context=context)
        return http.client.HTTPConnection(host, self._url.port, timeout=timeout)


def _by_item(items: Sequence[Item], codes: Mapping[str, int], answer: Answer) -> Outcome:
    """An item without a result is tried again."""
    if len(codes) >= len(items) and set(codes.values()) == {SUCCESS}:
        return Outcome()
    found = [(item, codes.get(item.request_id(), MISSING)) for item in items]
    later = [item for item, code in found if code in AGAIN]
    rejected = sum(code != SUCCESS for _, code in found) - len(later)
    return Outcome(later, rejected, answer.text() if later or rejected else "", answer.http)


def _code(holder: Mapping[str, object]) -> int:
    return int(cast("Mapping[str, int]", holder["status"])["code"])


def _seconds(retry_after: str | None) -> float:
    """Zero for none; a date is not understood, and counts as none."""
    if retry_after is None or not retry_after.isdigit():
        return 0.0
    return min(float(retry_after), LONGEST_WAIT)


def _gzip(body: bytes) -> bytes | None:
    """None when it would hardly help: media shrink by no more than what base64 added, and at a price."""
    start = body[:SAMPLE]
    if len(zlib.compress(start, 1)) > WORTH * len(start):
        return None
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()
