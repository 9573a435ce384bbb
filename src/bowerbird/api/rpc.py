"""The one door: every call, on every wire and from inside, goes through the Dispatcher."""

import importlib
import pkgutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from random import getrandbits
from typing import Any, TypeVar, overload

import structlog
from clarifai_grpc.grpc.api.resources_pb2 import UserAppIDSet
from clarifai_grpc.grpc.api.status import status_pb2
from google.protobuf.message import Message
from prometheus_client import CollectorRegistry, Counter, Histogram
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.deadlines import TimeLimit
from bowerbird.api.methods import METHODS, Binding, Method, Transaction
from bowerbird.auth.actors import Actor, AppRef, Grant
from bowerbird.auth.authority import Authority, Need, Place
from bowerbird.auth.keys import Keyring
from bowerbird.auth.sessions import Origin
from bowerbird.errors import ApiError, Busy, Code, DeadlineExceeded, Invalid, NoCredential, NotFound, Unserved
from bowerbird.services import Services
from bowerbird.store.revisions import bump

__all__ = [
    "METHODS",
    "Binding",
    "Call",
    "Credentials",
    "Dispatcher",
    "MediaFile",
    "Method",
    "Origin",
    "Transaction",
    "rpc",
    "told_as_api_errors",
]

log = structlog.get_logger()
NOWHERE_KNOWN = Origin()
Handler = Callable[["Call", Any], Awaitable[Message]]  # a handler takes the request of its own RPC
H = TypeVar("H", bound=Handler)
NOBODY = Actor(user_id="", kind="", grant=Grant(frozenset()))
NOWHERE = Place(user_id="", app=None, is_member=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a caller showed. `actor` is set by callers inside the server only, never by a wire."""

    key: str | None = None
    request_id: str = ""
    session: str | None = None
    actor: Actor | None = None
    origin: Origin = NOWHERE_KNOWN


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A hosted file; `read` gives the bytes from a start to an end that is not included."""

    size: int
    content_type: str
    etag: str
    read: Callable[[int, int], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Served:
    """An RPC with its handler."""

    method: Method
    handler: Handler
    transaction: Transaction
    need: Need


@dataclass(slots=True)
class Call:
    """One call under way."""

    dispatcher: "Dispatcher"
    method: Method
    actor: Actor
    place: Place
    request_id: str
    origin: Origin = NOWHERE_KNOWN
    _conn: AsyncConnection | None = None
    _after: list[Callable[[], Awaitable[object]]] = field(default_factory=list)

    @property
    def services(self) -> Services:
        return self.dispatcher.services

    @property
    def authority(self) -> Authority:
        return self.dispatcher.authority

    @property
    def keyring(self) -> Keyring:
        return self.dispatcher.keyring

    @property
    def app(self) -> AppRef:
        """The app in which the call acts. Raises Invalid when it named none."""
        if self.place.app is None:
            raise Invalid("user_app_id.app_id: expected the id of an app")
        return self.place.app

    @property
    def conn(self) -> AsyncConnection:
        """The connection that the Dispatcher opened for this call."""
        assert self._conn is not None, f"{self.method.name} opens its transactions itself"
        return self._conn

    @property
    def is_admin(self) -> bool:
        return self.actor.is_admin

    def after(self, effect: Callable[[], Awaitable[object]]) -> None:
        """Do this once the transaction is committed; never when it is not."""
        self._after.append(effect)

    async def changes(self, kind: str) -> None:
        """Say that what every process remembers of this kind is out of date with this transaction."""
        await bump(self.conn, kind)
        self.after(self.services.revisions.poll)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """For a handler that opens its transactions itself."""
        async with self._use(Transaction.READ) as conn:
            yield conn

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """For a handler that opens its transactions itself."""
        async with self._use(Transaction.WRITE) as conn:
            yield conn

    @asynccontextmanager
    async def _use(self, transaction: Transaction) -> AsyncIterator[AsyncConnection]:
        db = self.services.db
        async with db.read() if transaction is Transaction.READ else db.write() as conn:
            self._conn = conn
            try:
                yield conn
            finally:
                self._conn = None

    async def run_after(self) -> None:
        for effect in self._after:
            await effect()


MediaReader = Callable[[Call, str, str], Awaitable[MediaFile]]  # of an input's id and the file's name
_HANDLERS: dict[str, Served] = {}


@overload
def rpc(handler: H) -> H: ...


@overload
def rpc(
    *, transaction: Transaction | None = None, open_to_visitors: bool = False, open_to_admins: bool = False
) -> Callable[[H], H]: ...


def rpc(
    handler: H | None = None,
    *,
    transaction: Transaction | None = None,
    open_to_visitors: bool = False,
    open_to_admins: bool = False,
) -> H | Callable[[H], H]:
    """Serve the RPC that has the handler's name. A name that is not in the contract fails at import."""

    def serve(handler: H) -> H:
        method = METHODS["".join(word.capitalize() for word in handler.__name__.split("_"))]
        usual = Transaction.READ if method.is_read else Transaction.WRITE
        need = need_of(method, open_to_visitors=open_to_visitors, open_to_admins=open_to_admins)
        _HANDLERS[method.name] = Served(method, handler, transaction or usual, need)
        return handler

    return serve if handler is None else serve(handler)


def need_of(method: Method, *, open_to_visitors: bool = False, open_to_admins: bool = False) -> Need:
    """What a call of this RPC needs of its caller."""
    admin_only = method.auth == "AdminAuth"
    token_only = method.auth in ("PATAuth", "SessionTokenAuth", "AdminAuth")
    return Need(method.path, method.scopes, token_only, open_to_visitors, admin_only, open_to_admins)


@cache
def handlers() -> dict[str, Served]:
    """All handlers there are: every module of this package is imported once."""
    package = importlib.import_module("bowerbird.api")
    for module in pkgutil.walk_packages(package.__path__, "bowerbird.api."):
        importlib.import_module(module.name)
    return _HANDLERS


def request_number() -> str:
    """A new request id: to be told apart from all others, not to be kept from anybody."""
    return f"{getrandbits(128):032x}"


class Dispatcher:
    """Authenticates, authorises, opens the transaction, calls the handler, fills the status, commits."""

    def __init__(
        self,
        services: Services,
        keyring: Keyring,
        authority: Authority,
        media: MediaReader,
        registry: CollectorRegistry,
    ) -> None:
        self.services = services
        self._media = media
        self.keyring = keyring
        self.authority = authority
        self._served = handlers()
        self._limit = TimeLimit(services.settings.call_timeout_s)
        self._calls = Counter(
            "bowerbird_calls", "Calls by RPC and status code.", ["rpc", "code"], registry=registry
        )
        self._seconds = Histogram(
            "bowerbird_call_seconds", "Time of a call, in seconds.", ["rpc"], registry=registry
        )
        self._timers: dict[str, Histogram] = {}  # made when first needed: each has many buckets
        self._counters: dict[tuple[str, int], Counter] = {}

    def served(self) -> Collection[str]:
        """The names of the RPCs that have a handler."""
        return self._served.keys()

    async def call(self, method: Method, request: Message, credentials: Credentials) -> Message:
        """The answer to a request. Never raises: an error is in the answer's status."""
        started = time.perf_counter()
        request_id = credentials.request_id or request_number()
        try:
            response = await self._limit.run(self._serve(method, request, credentials, request_id))
        except Exception as error:
            response = self.refuse(method, known(error, method.name, request_id), request_id)
        status: status_pb2.Status = response.status  # type: ignore[attr-defined]  # every response has one
        if not status.code:
            status.code, status.description = Code.SUCCESS, "Ok"
        status.req_id = request_id
        self._time(method.name, time.perf_counter() - started)
        self._count(method.name, status.code)
        return response

    def _time(self, rpc: str, seconds: float) -> None:
        timer = self._timers.get(rpc)
        if timer is None:
            timer = self._timers[rpc] = self._seconds.labels(rpc)
        timer.observe(seconds)

    def _count(self, rpc: str, code: int) -> None:
        counter = self._counters.get((rpc, code))
        if counter is None:
            counter = self._counters[rpc, code] = self._calls.labels(rpc, code)
        counter.inc()

    def refuse(self, method: Method, error: ApiError, request_id: str) -> Message:
        """An answer that carries only an error."""
        response = method.response()
        status = error.status()
        status.req_id = request_id
        response.status.CopyFrom(status)  # type: ignore[attr-defined]  # every response has one
        return response

    async def authenticate(self, credentials: Credentials) -> Actor:
        """Whose credential this is. Raises NoCredential, KeyInvalid, KeyNotFound, SessionEnded."""
        if credentials.actor is not None:
            return credentials.actor
        shown = credentials.key or credentials.session
        if not shown:
            raise NoCredential()
        return await self.keyring.authenticate(shown)

    async def enter(self, rpc: str, actor: Actor, target: UserAppIDSet) -> Call:
        """A call of an RPC that needs no transaction, admitted, for work inside. Raises ApiError."""
        served = self._served[rpc]
        place = await self.authority.admit(actor, served.need, target.user_id, target.app_id)
        return Call(self, served.method, actor, place, request_number())

    async def media(self, path: str, credentials: Credentials) -> MediaFile:
        """The hosted file at SIZE/users/U/apps/A/inputs/I, for those who may get that input.

        Raises ApiError.
        """
        match path.split("/"):
            case [name, "users", user_id, "apps", app_id, "inputs", input_id]:
                served = self._served["GetInput"]
                actor = await self.authenticate(credentials)
                place = await self.authority.admit(actor, served.need, user_id, app_id)
                call = Call(self, served.method, actor, place, request_number())
                return await self._media(call, input_id, name)
            case _:
                raise NotFound(f"media {path!r}")

    async def _serve(
        self, method: Method, request: Any, credentials: Credentials, request_id: str
    ) -> Message:  # the request is of the method's own type
        served = self._served.get(method.name)
        if served is None:
            raise Unserved(f"{method.name} is not served here")
        if method.auth == "NoAuth":
            actor, place = NOBODY, NOWHERE
        else:
            actor = await self.authenticate(credentials)
            target = getattr(request, "user_app_id", None)
            user_id, app_id = (target.user_id, target.app_id) if target is not None else ("", "")
            place = await self.authority.admit(actor, served.need, user_id, app_id)
        call = Call(self, method, actor, place, request_id, credentials.origin)
        if served.transaction is Transaction.NONE:
            response = await served.handler(call, request)
        else:
            async with call._use(served.transaction):
                response = await served.handler(call, request)
        await call.run_after()
        return response


def known(error: Exception, rpc: str, request_id: str) -> ApiError:
    """The error as clients may see it; what only we may see is logged, once."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, TimeoutError | PoolTimeout):
        log.warning("call timed out", rpc=rpc, request_id=request_id)
        return DeadlineExceeded()
    if isinstance(error, OperationalError | InterfaceError | ConnectionError):
        log.error("store unavailable", rpc=rpc, request_id=request_id, error=type(error).__name__)
        return Busy("the store cannot be reached at the moment")
    log.error("call failed", rpc=rpc, request_id=request_id, exc_info=error)
    return ApiError(f"request {request_id}")


@contextmanager
def told_as_api_errors(rpc: str) -> Iterator[None]:
    """For work inside that comes in by another way than `Dispatcher.call`: whatever fails is an ApiError."""
    try:
        yield
    except ApiError:
        raise
    except Exception as error:
        raise known(error, rpc, request_number()) from error
