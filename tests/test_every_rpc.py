"""Every RPC that is served, called by those who may not: each is denied, and told why."""

import itertools
from collections.abc import AsyncIterator, Iterable, Iterator
from functools import cache

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Key
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from wires import Caller, over_grpc, over_http
from world import World

from bowerbird.api.rpc import METHODS, Method, handlers
from bowerbird.auth.actors import PAT, PUBLIC_USER
from bowerbird.auth.authority import Need
from bowerbird.auth.directory import Part
from bowerbird.auth.grants import NOTHING
from bowerbird.auth.keys import HANDLE_LENGTH, grant_of, issue
from bowerbird.auth.passwords import keep_password
from bowerbird.auth.scopes import wire
from bowerbird.errors import Code, NotFound

pytestmark = pytest.mark.anyio

UNRELATED = "LabelOrders_Get"  # a scope that no served call needs, so that no key is left with none
ELSEWHERE = "/clarifai.api.V2/GetLabelOrder"
SAME_FOR_ALL = {"GetModelType", "ListModelTypes"}  # in every app
ENDS_THE_APP = "DeleteApp"


@pytest.fixture(params=[over_grpc, over_http], ids=lambda wire: wire.__name__)
async def caller(world: World, request: pytest.FixtureRequest) -> AsyncIterator[Caller]:
    """Calls as a client does, on each wire in turn: a method, a request, and the key that is shown."""
    async with request.param(world.app.dispatcher) as call:
        yield call


@cache
def served() -> list[Method]:
    """The calls that ask for a key, the one that ends the app last."""
    methods = [METHODS[name] for name in sorted(handlers())]
    assert len(methods) > 30
    asking = [m for m in methods if m.auth != "NoAuth" and not (m.client_streaming or m.server_streaming)]
    return sorted(asking, key=lambda m: m.name == ENDS_THE_APP)


def test_what_asks_for_no_key_is_known() -> None:
    """Each for its reason: what a code means is no secret, and to sign in is to get a credential first."""
    asking_nothing = {m.name for m in map(METHODS.__getitem__, handlers()) if m.auth == "NoAuth"}
    codes = {"GetStatusCode", "ListStatusCodes"}
    signing_in = {"PostSessions", "PostLinkSessions", "PostPasswordResets"}
    assert asking_nothing == codes | signing_in


@cache
def needs() -> dict[str, Need]:
    return {name: one.need for name, one in handlers().items()}


def request_of(method: Method, app_id: str = "zoo") -> Message:
    """A request about alice's app, or about alice, and empty beside that."""
    request = method.request()
    if "user_app_id" in method.request.DESCRIPTOR.fields_by_name:
        request.user_app_id.user_id, request.user_app_id.app_id = "alice", app_id
    return request


def whose(method: Method) -> str:
    """Who may make the call, in alice's app if it is about one."""
    return "root" if method.auth == "AdminAuth" else "alice"


def not_found_codes(error: type[NotFound] = NotFound) -> Iterator[int]:
    yield error.code
    for derived in error.__subclasses__():
        yield from not_found_codes(derived)


def is_empty(answer: Message) -> bool:
    return all(field.name == "status" for field, _ in answer.ListFields())


def is_public(answer: Message) -> bool:
    """Whether all that it shows, if anything, is for everybody."""
    shown = [one for field, value in answer.ListFields() if field.name != "status" for one in value]
    return all(getattr(one, "user_id", "") == PUBLIC_USER for one in shown)


async def keys_of(world: World, user: str, rights: Iterable[Key]) -> list[str]:
    """Keys made past the checks of PostKeys, which makes none that are useless."""
    made = []
    async with world.app.services.db.write() as conn:
        for key in rights:
            app = await world.app.dispatcher.authority.directory.app("alice", "zoo") if key.apps else None
            made.append(await issue(conn, world.app.dispatcher.keyring, user, key, app and app.seq))
    return made


async def denied(caller: Caller, method: Method, key: str | None, *codes: int) -> Status:
    answer = await caller(method, request_of(method), key)
    status: Status = answer.status  # type: ignore[attr-defined]  # every response has one
    assert status.code in codes, (method.name, status)
    assert is_empty(answer), (method.name, answer)
    return status


async def test_without_a_credential(world: World, caller: Caller) -> None:
    for method in served():
        for nothing in (None, ""):
            await denied(caller, method, nothing, Code.CONN_INVALID_REQUEST)


async def test_with_a_key_that_is_wrong_or_has_expired(world: World, caller: Caller) -> None:
    expired = Key(type=PAT, scopes=["All"], expires_at=Timestamp(seconds=int(world.clock.now)))
    (old,) = await keys_of(world, "alice", [expired])
    handle = world.tokens["alice"][:HANDLE_LENGTH]
    for method in served():
        for invalid in (old, handle, handle + "x" * 43):
            await denied(caller, method, invalid, Code.CONN_KEY_INVALID)
        await denied(caller, method, "no such key", Code.CONN_KEY_NOT_FOUND)


async def test_as_a_stranger(world: World, caller: Caller) -> None:
    (key,) = await keys_of(world, "mallory", [Key(type=PAT, scopes=["All"])])
    absent = set(not_found_codes())
    for method, app_id in itertools.product(served(), ("zoo", "")):
        if not request_of(method).ListFields():
            continue  # about the caller alone
        answer = await caller(method, request_of(method, app_id), key)
        assert method.name in SAME_FOR_ALL or is_public(answer), (method.name, answer)
        if not needs()[method.name].open_to_visitors:
            assert answer.status.code in absent, (method.name, answer)  # type: ignore[attr-defined]


async def test_for_admins_as_somebody_who_is_none(world: World, caller: Caller) -> None:
    (key,) = await keys_of(world, "alice", [Key(type=PAT, scopes=["All"])])
    for method in (m for m in served() if m.auth == "AdminAuth"):
        status = await denied(caller, method, key, Code.CONN_INSUFFICIENT_SCOPES)
        assert "admins" in status.details, (method.name, status)


async def test_without_each_scope_in_turn(world: World, caller: Caller) -> None:
    cases = [(method, lost) for method in served() for lost in sorted(method.scopes)]
    rights = [Key(type=PAT, scopes=[*(m.scopes - {lost}), UNRELATED]) for m, lost in cases]
    keys = await keys_of(world, "alice", rights)
    for (method, lost), key in zip(cases, keys, strict=True):
        status = await denied(caller, method, key, Code.CONN_INSUFFICIENT_SCOPES)
        assert wire(lost) in status.details, (method.name, status)


async def test_as_a_collaborator_without_each_scope_in_turn(world: World, caller: Caller) -> None:
    app = await world.app.dispatcher.authority.directory.app("alice", "zoo")
    assert app is not None
    for method in served():
        if not request_of(method).ListFields():
            continue
        for lost in sorted(method.scopes):
            part = grant_of([*(method.scopes - {lost}), UNRELATED], [])
            world.app.dispatcher.authority.directory._parts[app.seq, "bob"] = Part(part)
            status = await denied(caller, method, world.tokens["bob"], Code.CONN_INSUFFICIENT_SCOPES)
            assert wire(lost) in status.details, (method.name, status)


async def test_with_a_key_for_another_endpoint(world: World, caller: Caller) -> None:
    (key,) = await keys_of(world, "alice", [Key(type=PAT, scopes=["All"], endpoints=[ELSEWHERE])])
    for method in served():
        status = await denied(caller, method, key, Code.CONN_INSUFFICIENT_SCOPES)
        assert method.path in status.details, (method.name, status)


async def test_with_a_key_that_allows_nothing(world: World, caller: Caller) -> None:
    assert grant_of([], []) == NOTHING
    (key,) = await keys_of(world, "alice", [Key(type=PAT)])
    for method in served():
        await denied(caller, method, key, Code.CONN_INSUFFICIENT_SCOPES)


async def test_with_an_apps_key_where_a_token_is_needed(world: World, caller: Caller) -> None:
    key = await world.add_key("alice", "zoo")
    for method in served():
        if needs()[method.name].token_only:
            status = await denied(caller, method, key, Code.CONN_INSUFFICIENT_SCOPES)
            assert "personal access token" in status.details, (method.name, status)


async def test_with_exactly_the_scopes_it_needs_a_call_gets_through(world: World, caller: Caller) -> None:
    async with world.app.services.db.write() as conn:  # else a token is not enough for her second factor
        await keep_password(conn, "alice", await world.app.services.passwords.hash("hers"), world.clock.now)
    rights = [Key(type=PAT, scopes=[*m.scopes, UNRELATED], endpoints=[m.path]) for m in served()]
    keys = [(await keys_of(world, whose(m), [r]))[0] for m, r in zip(served(), rights, strict=True)]
    refused = {
        Code.CONN_INSUFFICIENT_SCOPES,
        Code.CONN_KEY_INVALID,
        Code.CONN_KEY_NOT_FOUND,
        Code.INTERNAL_UNCATEGORIZED,
    }
    wrong = {}
    for method, key in zip(served(), keys, strict=True):
        answer = await caller(method, request_of(method), key)
        status: Status = answer.status  # type: ignore[attr-defined]  # every response has one
        is_about_a_key = status.code == Code.CONN_KEY_NOT_FOUND and status.details in ("key ''", "key 'x'")
        if status.code in refused and not is_about_a_key:
            wrong[method.name] = status
    assert not wrong
