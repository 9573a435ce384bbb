"""People, sessions, roles and teams on the command line."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from people import PASSWORD

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.app import opened
from bowerbird.errors import Code
from bowerbird.proto.identity_pb2 import PostLinkSessionsRequest, PostSessionsRequest
from bowerbird.settings import Settings

Invoke = Callable[..., Any]


def call(data: Path, rpc: str, request: Any) -> Any:  # the RPC's own answer
    async def run() -> Any:
        async with opened(Settings(data=data, _env_file=None)) as app:
            return await app.dispatcher.call(METHODS[rpc], request, Credentials())

    return asyncio.run(run())


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOWERBIRD_PASSWORD_MEMORY_KIB", "8")


def test_people_are_invited_let_in_and_shut_out(
    ok: Invoke, answer: Invoke, invoke: Invoke, typing: Invoke, data: Path, home: None
) -> None:
    typed = typing(f"{PASSWORD}\n", "users", "create", "eve", "--email", "eve@example.com", "--password")
    assert typed.exit_code == 0, typed.output
    assert PASSWORD not in typed.output
    assert call(data, "PostSessions", PostSessionsRequest(login="eve", password=PASSWORD)).token
    link = answer("users", "invite", "ben", "--email", "ben@example.com", "--admin")["link"]
    token = link.partition("?token=")[2]
    request = PostLinkSessionsRequest(link_token=token, password=PASSWORD)
    assert call(data, "PostLinkSessions", request).token
    ben = next(u for u in answer("users", "list") if u["user_id"] == "ben")
    assert (ben["is_admin"], ben["has_password"], ben["is_disabled"]) == (True, True, False)
    assert "Ended 1" in ok("sessions", "revoke", "--all", "--user", "ben")
    assert answer("sessions", "list", "--user", "ben") == []
    ok("users", "disable", "eve")
    refused = call(data, "PostSessions", PostSessionsRequest(login="eve", password=PASSWORD))
    assert refused.status.code == Code.CONN_CREDENTIALS_INVALID
    ok("users", "enable", "eve")
    assert answer("sessions", "list", "--user", "eve") == []
    assert "signin/link?token=bl_" in ok("users", "link", "eve")
    ok("users", "reset-2fa", "eve")
    assert invoke("users", "admin", "ben", "--off").exit_code == 2  # the last one
    ok("users", "admin", "eve")
    ok("users", "delete", "ben", "--yes")
    assert {u["user_id"]: u["is_admin"] for u in answer("users", "list")} == {"ann": False, "eve": True}


def test_roles_are_given_to_users_and_teams(ok: Invoke, answer: Invoke, home: None) -> None:
    ok("users", "create", "ben", "--email", "ben@example.com")
    ok("roles", "create", "looker", "--scope", "Concepts:Get", "--description", "looks")
    ok("roles", "set", "looker", "--scope", "Inputs:Get", "--scope", "Concepts:Get")
    ok("teams", "create", "staff", "--name", "The staff")
    ok("teams", "add", "staff", "ben")
    assert answer("teams", "list") == [{"team": "staff", "name": "The staff", "members": ["ben"]}]
    ok("roles", "give", "looker", "--app", "zoo", "--team", "staff", "--user", "ann")
    ok("roles", "give", "looker", "--app", "zoo", "--to", "ben", "--user", "ann")
    team, ben = answer("roles", "bindings", "--app", "zoo", "--user", "ann")
    assert (team["role"], team["team"], ben["user"]) == ("looker", "staff", "ben")
    ok("roles", "take", ben["binding"], "--app", "zoo", "--user", "ann")
    ok("teams", "remove", "staff", "ben")
    ok("teams", "delete", "staff")
    assert answer("roles", "bindings", "--app", "zoo", "--user", "ann") == []
    assert [r["scopes"] for r in answer("roles", "list")] == [["Inputs:Get", "Concepts:Get"]]
    ok("roles", "delete", "looker")
    assert answer("roles", "list") == []


def test_the_first_start_prints_a_link_until_somebody_has_signed_in(data: Path) -> None:
    async def first() -> tuple[str, str] | None:
        async with opened(Settings(data=data, _env_file=None)) as app:
            return await app.first_sign_in()

    (user_id, old), (_, link) = asyncio.run(first()) or ("", ""), asyncio.run(first()) or ("", "")
    assert user_id == "admin"
    for address, code in ((old, Code.CONN_TOKEN_INVALID), (link, Code.SUCCESS)):
        token = address.partition("?token=")[2]
        request = PostLinkSessionsRequest(link_token=token, password=PASSWORD)
        assert call(data, "PostLinkSessions", request).status.code == code
    assert asyncio.run(first()) is None
