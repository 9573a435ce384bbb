"""Signing in: what lets people in, and what keeps others out."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from people import PASSWORD, call_from, credentials, link_for, second_process, sign_in
from sqlalchemy import event, select
from wires import over_grpc, over_http
from world import World

from bowerbird.api.rpc import METHODS, Credentials, Dispatcher
from bowerbird.auth.throttle import FREE_OF_ADDRESS, FREE_OF_LOGIN, LONGEST_WAIT_S
from bowerbird.errors import Code
from bowerbird.proto.identity_pb2 import (
    DeleteSessionsRequest,
    GetSessionRequest,
    PatchUsersRequest,
    PostLinkSessionsRequest,
    PostSessionsRequest,
)
from bowerbird.store.identity_tables import links, passwords, sessions

pytestmark = pytest.mark.anyio
DAY = 86_400.0
Wire = Callable[[Dispatcher], AbstractAsyncContextManager[Any]]
WRONG, ENDED = Code.CONN_CREDENTIALS_INVALID, Code.CONN_TOKEN_INVALID


@pytest.fixture(autouse=True)
async def ann(world: World) -> None:
    world.tokens["ann"] = await world.app.create_user("ann", "ann@example.com", password=PASSWORD)


async def test_a_session_acts_as_its_user_until_it_is_ended(world: World) -> None:
    by_id, by_email = await sign_in(world, "ann"), await sign_in(world, "ANN@example.com")
    assert by_id.token != by_email.token
    me = await world.ok(by_id.token, "GetSession")
    assert (me.user.id, me.session.is_current, me.has_password, me.two_factor) == ("ann", True, True, False)
    assert (await world.ok(by_id.token, "MyScopesUser", user_id="me")).scopes == ["All"]
    listed = (await world.ok(by_id.token, "ListSessions")).sessions
    assert {s.id: s.is_current for s in listed} == {by_id.session.id: True, by_email.session.id: False}
    assert (
        await world.ok(by_id.token, "DeleteSessions", DeleteSessionsRequest(all_others=True))
    ).deleted == 1
    await world.fails(ENDED, by_email.token, "GetSession")
    await world.ok(by_id.token, "DeleteSessions", DeleteSessionsRequest(ids=[by_id.session.id]))
    await world.fails(ENDED, by_id.token, "GetSession")


async def test_nobody_ends_the_sessions_of_others(world: World) -> None:
    signed_in = await sign_in(world, "ann")
    request = DeleteSessionsRequest(ids=[signed_in.session.id])
    assert (await world.ok("mallory", "DeleteSessions", request)).deleted == 0
    await world.ok(signed_in.token, "GetSession")


async def test_every_sign_in_has_a_token_of_its_own_and_the_store_has_none_of_them(world: World) -> None:
    token = (await sign_in(world, "ann")).token
    link = await link_for(world, "ann")
    async with world.app.services.db.read() as conn:
        for table in (sessions, passwords, links):
            for row in await conn.execute(select(table)):
                kept = repr(tuple(row))
                assert token not in kept
                assert link not in kept
                assert PASSWORD not in kept
    # A session's id, which lists show, is not enough, and nor is a token that somebody made up.
    for made_up in (token[:23], token[:23] + "x" * 43, "bs_", "bs_\0" + token[4:]):
        await world.fails(ENDED, made_up, "GetSession")


async def test_a_wrong_user_a_wrong_password_and_a_disabled_user_are_told_the_same(world: World) -> None:
    await world.ok(
        "root", "PatchUsers", PatchUsersRequest(accounts=[{"user": {"id": "ann"}, "is_disabled": True}])
    )
    tries = [
        credentials("ann"),
        credentials("ann", "another password"),
        credentials("nobody"),
        credentials("nobody@example.com"),
        credentials("bob"),  # who has no password
        credentials("clarifai", ""),
        credentials("", ""),
    ]
    answers = [await world.call(None, "PostSessions", request) for request in tries]
    for answer in answers:
        answer.status.req_id = ""
    assert {a.SerializeToString() for a in answers} == {answers[0].SerializeToString()}
    assert answers[0].status.code == WRONG


async def test_whether_there_is_a_user_takes_as_much_work(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    hasher = world.app.services.passwords._hasher
    real = type(hasher).verify

    def verify(self: object, stored: str, password: str) -> bool:
        verified.append(stored)
        return bool(real(hasher, stored, password))

    monkeypatch.setattr(type(hasher), "verify", verify)
    asked: list[str] = []
    engine = world.app.services.db._writer.sync_engine
    counts = {}
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    for login in ("ann", "bob", "nobody"):
        asked.clear()
        await world.fails(WRONG, None, "PostSessions", credentials(login, "wrong password"))
        counts[login] = len([sql for sql in asked if "revisions" not in sql])
    assert len(set(counts.values())) == 1, counts
    assert len(verified) == 3
    assert len({stored.rpartition("$")[0].rpartition("$")[0] for stored in verified}) == 1  # at the same cost


async def test_who_guesses_has_to_wait_in_every_process(world: World) -> None:
    async with second_process(world) as other:
        for process in (world, other) * FREE_OF_LOGIN:
            answer = await process.call(None, "PostSessions", credentials("ann", "a wrong guess"))
            if answer.status.code == Code.CONN_THROTTLED:
                break
        for process in (world, other):
            told = await process.fails(Code.CONN_THROTTLED, None, "PostSessions", credentials("ann"))
            assert told == "try again in 2 s"
    world.clock.advance(2)
    await sign_in(world, "ann")  # and then it is counted anew
    for _ in range(FREE_OF_LOGIN):
        await world.fails(WRONG, None, "PostSessions", credentials("ann@example.com", "a wrong guess"))
    await world.fails(Code.CONN_THROTTLED, None, "PostSessions", credentials("ann"))
    world.clock.advance(LONGEST_WAIT_S)
    await sign_in(world, "ann")


async def test_many_guesses_at_once_are_no_more_than_one_after_the_other(world: World) -> None:
    tries = [world.call(None, "PostSessions", credentials("nobody", f"guess {n}")) for n in range(20)]
    codes = [answer.status.code for answer in await asyncio.gather(*tries)]
    assert (codes.count(WRONG), codes.count(Code.CONN_THROTTLED)) == (FREE_OF_LOGIN, 20 - FREE_OF_LOGIN)


async def test_an_address_that_tries_many_users_has_to_wait(world: World) -> None:
    for n in range(FREE_OF_ADDRESS):  # of one network, as each customer has one
        address = f"2001:db8::{n + 1:x}"
        answer = await call_from(world, address, "PostSessions", credentials(f"user{n}"))
        assert answer.status.code == WRONG
    answer = await call_from(world, "2001:db8::ffff", "PostSessions", credentials("ann"))
    assert answer.status.code == Code.CONN_THROTTLED
    answer = await call_from(world, "2001:db8:1::1", "PostSessions", credentials("ann"))
    assert (answer.session.address, answer.session.user_agent) == ("2001:db8:1::1", "a browser")


async def test_a_session_ends_when_it_is_not_used_and_at_last_in_any_case(world: World) -> None:
    idle, used = await sign_in(world, "ann"), await sign_in(world, "ann")
    async with second_process(world) as other:
        await world.ok(used.token, "GetSession")
        for _ in range(9):
            world.clock.advance(3 * DAY)
            await other.ok(used.token, "GetSession")  # of which this process learns when it asks
        await world.ok(used.token, "GetSession")
        await world.fails(ENDED, idle.token, "GetSession")
        (listed,) = (await world.ok(used.token, "ListSessions")).sessions
        assert listed.last_used_at.seconds == world.clock.now
        assert listed.expires_at.seconds == used.session.created_at.seconds + 30 * DAY
        world.clock.advance(3 * DAY)
        for process in (world, other):
            await process.fails(ENDED, used.token, "GetSession")


async def test_a_session_that_was_seen_is_checked_without_a_query_and_ends_everywhere(world: World) -> None:
    signed_in = await sign_in(world, "ann")
    await world.ok(signed_in.token, "GetSession")
    asked: list[str] = []
    engine = world.app.services.db._reader.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    for _ in range(3):
        await world.app.dispatcher.keyring.authenticate(signed_in.token)
    assert [sql for sql in asked if "revisions" not in sql] == []
    async with second_process(world) as other:
        await other.ok(signed_in.token, "GetSession")
        await world.ok("ann", "DeleteSessions", DeleteSessionsRequest(ids=[signed_in.session.id]))
        await other.app.services.revisions.poll()
        await other.fails(ENDED, signed_in.token, "GetSession")


async def test_a_link_sets_the_first_password_and_works_once(world: World) -> None:
    token = await link_for(world, "bob")
    asked = await world.ok(None, "PostLinkSessions", PostLinkSessionsRequest(link_token=token))
    assert (asked.needs_password, asked.user_id, asked.token) == (True, "bob", "")
    weak = PostLinkSessionsRequest(link_token=token, password="bob")
    await world.fails(Code.PASSWORD_VALIDATION_FAILED, None, "PostLinkSessions", weak)
    request = PostLinkSessionsRequest(link_token=token, password=PASSWORD)
    answers = await asyncio.gather(*(world.call(None, "PostLinkSessions", request) for _ in range(3)))
    assert sorted(a.status.code for a in answers) == [Code.SUCCESS, ENDED, ENDED]
    await world.fails(ENDED, None, "PostLinkSessions", request)
    await sign_in(world, "bob")


async def test_a_link_to_sign_in_keeps_the_password_and_the_next_one_replaces_it(world: World) -> None:
    first, second = await link_for(world, "ann"), await link_for(world, "ann")
    await world.fails(ENDED, None, "PostLinkSessions", PostLinkSessionsRequest(link_token=first))
    by_link = await world.ok(None, "PostLinkSessions", PostLinkSessionsRequest(link_token=second))
    assert (await world.ok(by_link.token, "GetSession")).user.id == "ann"
    await sign_in(world, "ann")


async def test_links_expire_and_one_that_resets_ends_what_was_open(world: World) -> None:
    before = await sign_in(world, "ann")
    token = await link_for(world, "ann", resets=True)
    world.clock.advance(3600)
    late = PostLinkSessionsRequest(link_token=token, password="a nest of green moss")
    await world.fails(ENDED, None, "PostLinkSessions", late)
    token = await link_for(world, "ann", resets=True)
    asked = await world.ok(None, "PostLinkSessions", PostLinkSessionsRequest(link_token=token))
    assert asked.needs_password
    await world.ok(before.token, "GetSession")
    new = PostLinkSessionsRequest(link_token=token, password="a nest of green moss")
    await world.ok(None, "PostLinkSessions", new)
    await world.fails(ENDED, before.token, "GetSession")
    await world.fails(WRONG, None, "PostSessions", credentials("ann"))
    await sign_in(world, "ann", "a nest of green moss")
    day = await link_for(world, "mallory")
    world.clock.advance(DAY)
    await world.fails(ENDED, None, "PostLinkSessions", PostLinkSessionsRequest(link_token=day))


async def test_what_is_too_long_is_refused(world: World) -> None:
    for request in (PostSessionsRequest(login="x" * 321), credentials("ann", code="1" * 41)):
        await world.fails(Code.CONN_INVALID_REQUEST, None, "PostSessions", request)
    await world.fails(WRONG, None, "PostSessions", credentials("ann", PASSWORD * 1000))


@pytest.mark.parametrize("wire", [over_grpc, over_http])
async def test_a_session_goes_over_both_wires(world: World, wire: Wire) -> None:
    async with wire(world.app.dispatcher) as call:
        signed_in = await call(METHODS["PostSessions"], credentials("ann"), None)
        assert (signed_in.session.user_id, signed_in.session.address) == ("ann", "127.0.0.1")
        assert signed_in.session.user_agent
        me = await call(METHODS["GetSession"], GetSessionRequest(), signed_in.token)
        assert me.session.id == signed_in.session.id
        await call(METHODS["DeleteSessions"], DeleteSessionsRequest(ids=[me.session.id]), signed_in.token)
        gone = await call(METHODS["GetSession"], GetSessionRequest(), signed_in.token)
        assert gone.status.code == ENDED
    signed_in = await sign_in(world, "ann")
    shown = Credentials(session=signed_in.token)  # as the official client sends it
    answer = await world.app.dispatcher.call(METHODS["GetSession"], GetSessionRequest(), shown)
    assert answer.user.id == "ann"
