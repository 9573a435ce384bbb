"""Accounts: invited, changed, disabled and deleted by admins; passwords changed by their users."""

from pathlib import Path

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import User
from people import PASSWORD, credentials, mailbox, sign_in, token_of
from world import Tokens, World, world

from bowerbird.errors import Code
from bowerbird.proto.identity_pb2 import (
    Account,
    DeleteUsersRequest,
    ListAuditEntriesRequest,
    ListUsersRequest,
    PatchPasswordRequest,
    PatchUsersRequest,
    PostLinkSessionsRequest,
    PostPasswordResetsRequest,
    PostUserLinksRequest,
    PostUsersRequest,
)

pytestmark = pytest.mark.anyio
NEW = "a nest of green moss"
WRONG, INVALID, ENDED = (
    Code.CONN_CREDENTIALS_INVALID,
    Code.CONN_INVALID_REQUEST,
    Code.CONN_TOKEN_INVALID,
)


def invitation_of(id: str, **more: bool) -> PostUsersRequest:
    user = User(id=id, primary_email=f"{id}@example.com", first_name="A", last_name="Bird")
    return PostUsersRequest(accounts=[Account(user=user, **more)])


def changed(id: str, email: str = "", **flags: bool) -> PatchUsersRequest:
    return PatchUsersRequest(accounts=[Account(user=User(id=id, primary_email=email), **flags)])


async def test_an_invited_user_chooses_a_password_and_is_listed(world: World) -> None:
    (invited,) = (await world.ok("root", "PostUsers", invitation_of("ann"))).invitations
    assert not invited.is_mailed
    request = PostLinkSessionsRequest(link_token=token_of(invited.link), password=PASSWORD)
    await world.ok(None, "PostLinkSessions", request)
    found = await world.ok("root", "ListUsers", ListUsersRequest(search="ANN@"))
    (account,) = found.accounts
    assert (account.user.id, account.user.last_name, account.has_password) == ("ann", "Bird", True)
    assert (account.is_admin, account.signed_in_at.seconds, found.total) == (False, world.clock.now, 1)
    everybody = await world.ok("root", "ListUsers", ListUsersRequest(page=2, per_page=2))
    assert ([a.user.id for a in everybody.accounts], everybody.total) == (["bob", "mallory"], 5)
    assert (await world.call("root", "PostUsers", invitation_of("bob"))).status.code != Code.SUCCESS


async def test_who_is_disabled_is_out_until_they_are_enabled(world: World) -> None:
    await world.app.create_user("ann", "ann@example.com", password=PASSWORD)
    session = await sign_in(world, "ann")
    key = await world.add_key("alice", "zoo")
    for id in ("ann", "alice"):
        await world.ok("root", "PatchUsers", changed(id, is_disabled=True))
    await world.fails(ENDED, session.token, "GetSession")
    await world.fails(WRONG, None, "PostSessions", credentials("ann"))
    for held in (key, "alice"):
        await world.fails(Code.CONN_KEY_NOT_FOUND, held, "MyScopes", user_id="alice", app_id="zoo")
    await world.fails(INVALID, "root", "PostUserLinks", PostUserLinksRequest(user_ids=["ann"]))
    (account,) = (
        await world.ok("root", "PatchUsers", changed("ann", "Anna@example.com", is_disabled=False))
    ).accounts
    assert (account.user.primary_email, account.is_disabled) == ("anna@example.com", False)
    await world.fails(ENDED, session.token, "GetSession")
    await sign_in(world, "anna@example.com")
    entries = (await world.ok("root", "ListAuditEntries", ListAuditEntriesRequest(user_id="ann"))).entries
    assert [e.action for e in entries] == [
        "session.created",
        "user.changed",
        "user.changed",
        "session.created",
    ]
    assert entries[1].details == "primary_email, is_disabled=false"


async def test_the_last_admin_stays_one(world: World) -> None:
    for request in (changed("root", is_admin=False), changed("root", is_disabled=True)):
        assert "admin" in await world.fails(INVALID, "root", "PatchUsers", request)
    await world.fails(INVALID, "root", "DeleteUsers", DeleteUsersRequest(ids=["root"]))
    await world.ok("root", "GetSession")
    await world.ok("root", "PatchUsers", changed("bob", is_admin=True))
    await world.ok("bob", "DeleteUsers", DeleteUsersRequest(ids=["root", "mallory"]))
    await world.fails(Code.CONN_KEY_NOT_FOUND, "root", "GetSession")
    listed = (await world.ok("bob", "ListUsers")).accounts
    assert [a.user.id for a in listed] == ["alice", "bob"]


async def test_what_cannot_be_changed_is_refused(world: World) -> None:
    await world.fails(INVALID, "root", "PatchUsers", changed("clarifai", is_admin=True))
    await world.fails(Code.CONN_DOES_NOT_EXIST, "root", "PatchUsers", changed("nobody", is_admin=True))
    answer = await world.call("root", "PatchUsers", changed("bob", "alice@example.com"))
    assert answer.status.code != Code.SUCCESS
    keeps = PostUserLinksRequest(user_ids=["bob"], keeps_password=True)  # to sign in as bob unnoticed
    await world.fails(Code.CONN_INSUFFICIENT_SCOPES, "root", "PostUserLinks", keeps)


async def test_a_new_password_ends_the_other_sessions_and_has_to_be_a_good_one(world: World) -> None:
    await world.app.create_user("ann", "ann.of.the.forest@example.com", password=PASSWORD)
    here, there = await sign_in(world, "ann"), await sign_in(world, "ann")
    refused = (
        "short",
        "ann.of.the.FOREST@example.com",
        "ann.of.the.forest",
        "Password123",
        "aaaaaaaaaabb",
        "x" * 1025,
    )
    for password in refused:
        request = PatchPasswordRequest(old_password=PASSWORD, new_password=password)
        await world.fails(Code.PASSWORD_VALIDATION_FAILED, here.token, "PatchPassword", request)
    await world.fails(
        WRONG, here.token, "PatchPassword", PatchPasswordRequest(old_password=NEW, new_password=NEW)
    )
    request = PatchPasswordRequest(old_password=PASSWORD, new_password=NEW)
    await world.ok(here.token, "PatchPassword", request)
    await world.ok(here.token, "GetSession")
    await world.fails(ENDED, there.token, "GetSession")
    await world.fails(WRONG, None, "PostSessions", credentials("ann"))
    await sign_in(world, "ann", NEW)


async def test_a_token_sets_no_first_password_and_no_second_factor(world: World) -> None:
    request = PatchPasswordRequest(new_password=NEW)
    await world.fails(Code.CONN_INSUFFICIENT_SCOPES, "alice", "PatchPassword", request)
    await world.fails(Code.CONN_INSUFFICIENT_SCOPES, "alice", "PostTwoFactor")


async def test_without_mail_a_reset_sends_to_an_admin(world: World) -> None:
    for login in ("alice", "nobody@example.com"):
        answer = await world.ok(None, "PostPasswordResets", PostPasswordResetsRequest(login=login))
        assert not answer.by_mail


async def test_links_are_mailed_and_nothing_tells_who_is_a_user(
    cast: Tokens, database_url: str, tmp_path: Path
) -> None:
    async with mailbox() as box:
        mail = {"smtp_url": f"smtp://127.0.0.1:{box.port}", "smtp_from": "bower@example.com"}
        async with world(tmp_path / "data", cast, database_url=database_url, **mail) as made:
            for login in ("nobody", "ALICE@example.com", "bob\n@example.com"):
                answer = await made.ok(None, "PostPasswordResets", PostPasswordResetsRequest(login=login))
                assert answer.by_mail
            await made.app.services.mailer.close()
            (letter,) = box.mails
            assert "To: alice@example.com" in letter
            link = next(line for line in letter.replace("=\r\n", "").splitlines() if "/signin/link" in line)
            token = token_of(link.replace("=3D", "="))
            await made.ok(None, "PostLinkSessions", PostLinkSessionsRequest(link_token=token, password=NEW))
            await sign_in(made, "alice", NEW)
            (invited,) = (await made.ok("root", "PostUsers", invitation_of("ann"))).invitations
            assert invited.is_mailed
            assert "To: ann@example.com" in box.mails[1]
            for _ in range(6):
                last = await made.call(None, "PostPasswordResets", PostPasswordResetsRequest(login="nobody"))
            assert last.status.code == Code.CONN_THROTTLED
