"""HTTP to a model server: pinned addresses, bounded answers, and errors that say whose fault it was."""

import json
from collections.abc import Mapping
from typing import NamedTuple, Protocol

import httpx2

from bowerbird.addresses import Policy, Target, check_host
from bowerbird.errors import (
    InputDownloadFailed,
    InputUrlInvalid,
    ModelInvalid,
    PredictionFailed,
    Unreachable,
)
from bowerbird.runtimes.breaker import Breaker
from bowerbird.runtimes.patience import Patience, TransientError

MAX_ANSWER_BYTES = 64 * 1024 * 1024
PIN_S = 30.0  # how long a checked address is used
RETRIED = frozenset({429, 500, 502, 503, 504})
REFUSED = frozenset({400, 404, 405, 413, 422})  # the server read the request and did not like it
_HEADERS = {"accept-encoding": "identity", "user-agent": "bowerbird"}


class Answer(NamedTuple):
    """What a server said."""

    status: int
    body: bytes
    after_s: float  # of Retry-After


class Headers(Protocol):
    """Headers that may change from call to call, and that nobody is to see."""

    def __call__(self) -> Mapping[str, str]: ...

    def without_secrets(self, text: str) -> str: ...


class Remote:
    """One model server. Safe to use from many threads."""

    def __init__(
        self, url: str, headers: Headers, *, policy: Policy, patience: Patience, breaker: Breaker
    ) -> None:
        """Raises ModelInvalid for a URL that `policy` refuses, Unreachable if its host has no address."""
        self._url = url
        self._headers = headers
        self._policy = policy
        self._patience = patience
        self._breaker = breaker
        self._target, self._checked_at = check_place(url, policy), patience.clock()
        self._preferred = ""  # the address that took the last connection
        self._client = httpx2.Client(
            verify=policy.tls or httpx2.create_ssl_context(),
            trust_env=False,  # the policy names the proxy
            proxy=self._target.proxy or None,
            limits=httpx2.Limits(max_connections=32),
        )

    def close(self) -> None:
        self._client.close()

    def call(self, verb: str, path: str, body: object = None) -> Mapping[str, object]:
        """The JSON object that the server answers.

        Raises Unreachable when it does not, PredictionFailed when it refuses the request as such, and
        DeadlineExceeded.
        """
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        return self._patience.keep_asking(
            self._breaker, lambda deadline: self._attempt(verb, path, content, deadline)
        )

    def _attempt(self, verb: str, path: str, content: bytes | None, deadline: float) -> Mapping[str, object]:
        try:
            answer = self._send(verb, path, content, deadline)
        except Exception:
            self._breaker.failed()
            raise
        if answer.status in RETRIED:
            self._breaker.failed()
            raise TransientError(f"{self._place(path)} answered {answer.status}", answer.after_s)
        self._breaker.succeeded()
        if answer.status in REFUSED:
            complaint = self._headers.without_secrets(_complaint(answer.body))[:300]
            raise PredictionFailed(f"{self._place(path)} answered {answer.status}: {complaint}")
        if answer.status != 200:
            raise Unreachable(f"{self._place(path)} answered {answer.status}")
        return _read_object(answer.body, self._place(path))

    def _send(self, verb: str, path: str, content: bytes | None, deadline: float) -> Answer:
        """What the first address answers that takes a connection. Raises TransientError."""
        problem: Exception | None = None
        try:
            target = self._current_target()
            for address in sorted(target.addresses or (target.host,), key=self._preferred.__ne__):
                request = self._request(verb, target, address, path, content, deadline)
                try:
                    return self._exchange(request, address, deadline)
                except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                    problem = error
        except (httpx2.HTTPError, OSError) as error:
            problem = error
        self._checked_at = -PIN_S
        raise TransientError(f"{self._place(path)}: {type(problem).__name__}") from problem

    def _request(
        self, verb: str, target: Target, address: str, path: str, content: bytes | None, deadline: float
    ) -> httpx2.Request:
        """A request to a checked address for a named host; a proxy is given the name."""
        left = deadline - self._patience.clock()
        if left <= 0:
            raise TransientError(f"{self._place(path)} took too long")
        full = target.url.raw_path.rstrip(b"/") + path.encode()
        headers = {**_HEADERS, **self._headers(), "host": target.url.netloc.decode()}
        if content is not None:
            headers["content-type"] = "application/json"
        return self._client.build_request(
            verb,
            target.url.copy_with(host=address, raw_path=full),
            content=content,
            headers=headers,
            timeout=left,
            extensions={"sni_hostname": target.host},
        )

    def _exchange(self, request: httpx2.Request, address: str, deadline: float) -> Answer:
        response = self._client.send(request, stream=True)
        try:
            self._preferred = address
            return Answer(response.status_code, self._read(response, deadline), _retry_after(response))
        finally:
            response.close()

    def _read(self, response: httpx2.Response, deadline: float) -> bytes:
        """The body, bounded in size and time: a server may send a byte a second, for ever."""
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise TransientError(f"the answer of {self._target.host} is too large")
            if self._patience.clock() > deadline:
                raise TransientError(f"{self._target.host} took too long")
        return bytes(body)

    def _current_target(self) -> Target:
        """Where to connect to: a name may lead elsewhere a moment after it was checked, so the checked
        addresses are used, for a while."""
        if self._patience.clock() - self._checked_at >= PIN_S:
            self._target, self._checked_at = check_place(self._url, self._policy), self._patience.clock()
        return self._target

    def _place(self, path: str) -> str:
        return f"{self._target.host}{path}"


def check_place(url: str, policy: Policy) -> Target:
    """Where a version's URL leads. Raises ModelInvalid for one that `policy` refuses, Unreachable."""
    try:
        return check_host(url, policy)
    except InputUrlInvalid as error:
        raise ModelInvalid(f"url: {error.details}") from error
    except InputDownloadFailed as error:
        raise Unreachable(f"url: {error.details}") from error


def _retry_after(response: httpx2.Response) -> float:
    """Seconds, up to a minute; a date counts as none."""
    text = response.headers.get("retry-after", "")
    return min(60.0, float(text)) if text.isdigit() else 0.0


def _read_object(body: bytes, place: str) -> Mapping[str, object]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreachable(f"{place} did not answer JSON") from error
    if not isinstance(value, dict):
        raise Unreachable(f"{place} did not answer a JSON object")
    return value


def _complaint(body: bytes) -> str:
    try:
        error = json.loads(body).get("error", "")
    except (ValueError, RecursionError, AttributeError):
        return ""
    message = error.get("message", error) if isinstance(error, dict) else error
    return str(message)[:10_000]
