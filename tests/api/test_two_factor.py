"""The second factor: asked for once it is on, used once, and reset with a trace."""

import asyncio

import pytest
from people import PASSWORD, App, credentials, link_for, second_process, sign_in, with_second_factor
from sqlalchemy import select
from world import World

from bowerbird.errors import Code
from bowerbird.proto.identity_pb2 import (
    DeleteTwoFactorRequest,
    ListAuditEntriesRequest,
    PatchTwoFactorRequest,
    PostLinkSessionsRequest,
    PostRecoveryCodesRequest,
    PostTwoFactorRequest,
    PostTwoFactorResetsRequest,
)
from bowerbird.store.identity_tables import recovery_codes, two_factor

pytestmark = pytest.mark.anyio
WRONG, INVALID = Code.CONN_CREDENTIALS_INVALID, Code.CONN_INVALID_REQUEST


@pytest.fixture
async def token(world: World) -> str:
    """Of a session of Ann's."""
    await world.app.create_user("ann", "ann@example.com", password=PASSWORD)
    return str((await sign_in(world, "ann")).token)


async def test_a_code_is_asked_for_and_works_once_in_all_processes(world: World, token: str) -> None:
    app, _ = await with_second_factor(world, token, PASSWORD)
    assert (await sign_in(world, "ann")).needs_code
    assert not (await sign_in(world, "ann")).HasField("session")
    await world.fails(WRONG, None, "PostSessions", credentials("ann", code=app.code()))  # it confirmed
    request = credentials("ann", code=app.next_code())
    async with second_process(world) as other:
        processes = (world, other) * 2
        answers = await asyncio.gather(*(p.call(None, "PostSessions", request) for p in processes))
    assert sorted(a.status.code for a in answers) == [Code.SUCCESS, WRONG, WRONG, WRONG]
    await sign_in(world, "ann", code=app.code(1))  # a clock may be half a minute ahead, and then
    await world.fails(
        WRONG, None, "PostSessions", credentials("ann", code=app.code())
    )  # none before it works
    world.clock.advance(300)
    await world.fails(WRONG, None, "PostSessions", credentials("ann", code=app.code(-2)))
    await world.fails(WRONG, None, "PostSessions", credentials("ann", "not the password", app.code()))
    await sign_in(world, "ann", code=app.code(-1))


async def test_guessing_codes_is_throttled_also_by_who_knows_the_password(world: World, token: str) -> None:
    app, _ = await with_second_factor(world, token, PASSWORD)
    right = app.next_code()
    wrong = f"{(int(right) + 1) % 10**6:06}"
    for _ in range(5):
        await sign_in(world, "ann")  # which forgives nothing
        await world.fails(WRONG, None, "PostSessions", credentials("ann", code=wrong))
    await world.fails(Code.CONN_THROTTLED, None, "PostSessions", credentials("ann", code=right))
    await world.fails(Code.CONN_THROTTLED, token, "DeleteTwoFactor", DeleteTwoFactorRequest(code=right))


async def test_it_is_set_up_by_who_knows_the_password_and_shown_as_a_picture(
    world: World, token: str
) -> None:
    await world.fails(WRONG, token, "PostTwoFactor", PostTwoFactorRequest(password="not it"))
    begun = await world.ok(token, "PostTwoFactor", PostTwoFactorRequest(password=PASSWORD))
    assert begun.uri == f"otpauth://totp/Bowerbird:ann%40example.com?secret={begun.secret}&issuer=Bowerbird"
    assert begun.qr_svg.startswith("<svg")
    assert "<script" not in begun.qr_svg
    again = await world.ok(token, "PostTwoFactor", PostTwoFactorRequest(password=PASSWORD))
    old, new = App(world, begun.secret), App(world, again.secret)
    await world.fails(WRONG, token, "PatchTwoFactor", PatchTwoFactorRequest(code=old.code()))
    assert (await sign_in(world, "ann")).HasField("session")  # it is not on before it is confirmed
    codes = (await world.ok(token, "PatchTwoFactor", PatchTwoFactorRequest(code=new.code()))).recovery_codes
    me = await world.ok(token, "GetSession")
    assert (me.two_factor, me.recovery_codes_left, len(set(codes))) == (True, 10, 10)
    await world.fails(INVALID, token, "PostTwoFactor", PostTwoFactorRequest(password=PASSWORD))
    async with world.app.services.db.read() as conn:
        kept = repr([tuple(r) for t in (two_factor, recovery_codes) for r in await conn.execute(select(t))])
    assert not any(secret in kept for secret in (again.secret, *codes))


async def test_a_recovery_code_signs_in_once_and_new_ones_replace_it(world: World, token: str) -> None:
    app, codes = await with_second_factor(world, token, PASSWORD)
    await sign_in(world, "ann", code=codes[0].upper().replace("-", " "))  # as people type it
    await world.fails(WRONG, None, "PostSessions", credentials("ann", code=codes[0]))
    assert (await world.ok(token, "GetSession")).recovery_codes_left == 9
    await world.fails(WRONG, token, "PostRecoveryCodes", PostRecoveryCodesRequest(code=codes[1]))
    request = PostRecoveryCodesRequest(code=app.next_code())
    new = (await world.ok(token, "PostRecoveryCodes", request)).recovery_codes
    await world.fails(WRONG, None, "PostSessions", credentials("ann", code=codes[1]))
    await sign_in(world, "ann", code=new[0])


async def test_it_is_switched_off_with_a_code(world: World, token: str) -> None:
    _, codes = await with_second_factor(world, token, PASSWORD)
    await world.fails(WRONG, token, "DeleteTwoFactor", DeleteTwoFactorRequest(code="000000"))
    await world.ok(token, "DeleteTwoFactor", DeleteTwoFactorRequest(code=codes[3]))
    assert (await sign_in(world, "ann")).HasField("session")
    await world.fails(INVALID, token, "DeleteTwoFactor", DeleteTwoFactorRequest(code=codes[4]))


async def test_a_link_does_not_go_around_it(world: World, token: str) -> None:
    app, _ = await with_second_factor(world, token, PASSWORD)
    link = await link_for(world, "ann", resets=True)
    new = PostLinkSessionsRequest(link_token=link, password="a nest of green moss")
    assert (await world.ok(None, "PostLinkSessions", new)).needs_code
    new.code = "000000"
    await world.fails(WRONG, None, "PostLinkSessions", new)
    new.code = app.next_code()
    await world.ok(None, "PostLinkSessions", new)
    assert (await sign_in(world, "ann", "a nest of green moss")).needs_code


async def test_an_admin_resets_it_and_that_is_written_down(world: World, token: str) -> None:
    await with_second_factor(world, token, PASSWORD)
    (account,) = (
        await world.ok("root", "PostTwoFactorResets", PostTwoFactorResetsRequest(user_ids=["ann"]))
    ).accounts
    assert not account.two_factor
    assert (await sign_in(world, "ann")).HasField("session")
    request = ListAuditEntriesRequest(user_id="ann", action="two_factor.reset")
    (entry,) = (await world.ok("root", "ListAuditEntries", request)).entries
    assert (entry.by, entry.target, entry.at.seconds) == ("root", "ann", world.clock.now)
