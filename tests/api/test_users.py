"""Users, as the command line makes them and as they see themselves."""

import pytest
from world import World

from bowerbird.api.users import delete_user, list_users
from bowerbird.errors import Code, Duplicate, Invalid, NotFound

pytestmark = pytest.mark.anyio


async def test_a_new_user_can_call_with_the_first_token(world: World) -> None:
    await world.add_user("carol")
    answer = await world.ok("carol", "GetUser", user_id="me")
    assert (answer.user.id, answer.user.primary_email) == ("carol", "carol@example.com")
    assert answer.user.created_at.seconds == world.clock.now


async def test_an_id_or_email_that_is_taken_is_refused(world: World) -> None:
    with pytest.raises(Duplicate, match="'alice'"):
        await world.app.create_user("alice", "new@example.com")
    with pytest.raises(Duplicate, match=r"alice@example\.com"):
        await world.app.create_user("carol", "ALICE@example.com")


async def test_ids_and_emails_that_cannot_be_used_are_refused(world: World) -> None:
    for id in ("", "me", "a b", "ä", "x" * 49, "a/b", "a\0"):
        with pytest.raises(Invalid, match="user id"):
            await world.app.create_user(id, "carol@example.com")
    for email in ("", "carol", "a@b@c", "c arol@example.com", "c\0@example.com", "x" * 320 + "@b"):
        with pytest.raises(Invalid, match="email"):
            await world.app.create_user("carol", email)


async def test_nobody_sees_the_user_of_another(world: World) -> None:
    await world.fails(Code.CONN_DOES_NOT_EXIST, "bob", "GetUser", user_id="alice")
    await world.fails(Code.CONN_DOES_NOT_EXIST, "bob", "GetUser", user_id="nobody\0")


async def test_all_users_are_listed_with_who_is_an_admin(world: World) -> None:
    async with world.app.services.db.read() as conn:
        found = {user.id: is_admin for user, is_admin in await list_users(conn)}
    assert found == {"clarifai": False, "root": True, "alice": False, "bob": False, "mallory": False}


async def test_a_deleted_user_is_gone_with_apps_and_keys(world: World) -> None:
    async with world.app.services.db.write() as conn:
        await delete_user(conn, "alice")
    await world.app.services.revisions.poll()
    await world.fails(Code.CONN_KEY_NOT_FOUND, "alice", "GetApp", user_id="me", app_id="zoo")
    await world.add_user("alice")
    assert not (await world.ok("alice", "ListApps", user_id="me")).apps


async def test_the_public_user_and_unknown_ones_are_not_deleted(world: World) -> None:
    with pytest.raises(Invalid, match="clarifai"):
        async with world.app.services.db.write() as conn:
            await delete_user(conn, "clarifai")
    with pytest.raises(NotFound):
        async with world.app.services.db.write() as conn:
            await delete_user(conn, "nobody")
