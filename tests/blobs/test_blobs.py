"""Blobs: one contract for every kind of store, and what a folder promises on top."""

import asyncio
import hashlib
import os
import threading
from pathlib import Path

import pytest

from bowerbird.blobs import Blobs, key_of
from bowerbird.blobs.folder import PARTIAL
from bowerbird.errors import NotFound, OutOfRange, Unreachable

pytestmark = pytest.mark.anyio
ABSENT = "0" * 64


def synced(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()


@pytest.fixture(params=["folder", "file url", "memory"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    where = {"folder": str(tmp_path / "b"), "file url": f"file://{tmp_path}/b", "memory": "memory://"}
    return Blobs(where[request.param])


def test_what_was_put_is_got_under_the_hash_of_its_content(blobs: Blobs) -> None:
    key = blobs.put(b"petals")
    assert key == hashlib.sha256(b"petals").hexdigest() == key_of(b"petals")
    assert blobs.get(key) == b"petals"
    assert blobs.size(key) == 6
    assert blobs.exists(key)


async def test_the_async_twins_say_the_same(blobs: Blobs) -> None:
    key = await blobs.put_async(b"petals")
    assert await blobs.get_async(key) == blobs.get(key) == b"petals"
    assert await blobs.get_range_async(key, 1, 4) == b"eta"
    assert await blobs.size_async(key) == 6
    assert await blobs.exists_async(key)
    await blobs.delete_async(key)
    assert not await blobs.exists_async(key)


def test_putting_the_same_content_again_succeeds(blobs: Blobs) -> None:
    assert blobs.put(b"twice") == blobs.put(b"twice")
    assert blobs.get(key_of(b"twice")) == b"twice"


def test_empty_and_large_contents_are_kept(blobs: Blobs) -> None:
    large = os.urandom(7 * 1024 * 1024)
    assert blobs.get(blobs.put(b"")) == b""
    assert blobs.get(blobs.put(large)) == large


async def test_a_folder_of_a_store_has_blobs_of_its_own_and_lists_them(blobs: Blobs) -> None:
    outside, inside = blobs.put(b"outside"), blobs.under("captures")
    keys = {inside.put(b"one"), await inside.put_async(b"two")}
    assert {key async for page in inside.pages_of_keys() for key in page} == keys
    assert not inside.exists(outside)
    assert not blobs.exists(keys.copy().pop())
    await inside.delete_async(key_of(b"one"))
    assert [list(page) async for page in inside.pages_of_keys()] == [[key_of(b"two")]]
    assert [page async for page in blobs.under("empty").pages_of_keys() if page] == []


def test_a_range_is_cut_at_the_end_of_the_blob(blobs: Blobs) -> None:
    key = blobs.put(b"0123456789")
    assert blobs.get_range(key, 0, 4) == b"0123"
    assert blobs.get_range(key, 8, 400) == b"89"


@pytest.mark.parametrize(("start", "end"), [(10, 12), (3, 3), (5, 2), (-1, 4)])
async def test_a_range_without_bytes_is_refused(blobs: Blobs, start: int, end: int) -> None:
    key = blobs.put(b"0123456789")
    with pytest.raises(OutOfRange):
        blobs.get_range(key, start, end)
    with pytest.raises(OutOfRange):
        await blobs.get_range_async(key, start, end)


async def test_a_missing_blob_is_not_found(blobs: Blobs) -> None:
    for ask in (blobs.get, blobs.size, lambda key: blobs.get_range(key, 0, 1)):
        with pytest.raises(NotFound):
            ask(ABSENT)
    for ask_async in (blobs.get_async, blobs.size_async, lambda key: blobs.get_range_async(key, 0, 1)):
        with pytest.raises(NotFound):
            await ask_async(ABSENT)
    assert not blobs.exists(ABSENT)


def test_deleting_twice_is_fine_and_the_content_can_come_back(blobs: Blobs) -> None:
    key = blobs.put(b"gone")
    blobs.delete(key)
    blobs.delete(key)
    assert not blobs.exists(key)
    assert blobs.get(blobs.put(b"gone")) == b"gone"


@pytest.mark.parametrize("key", ["", "ab", "../../etc/passwd", "A" * 64, "0" * 63 + "/", "0" * 64 + "\n"])
def test_what_is_not_a_key_reaches_no_file(blobs: Blobs, key: str) -> None:
    with pytest.raises(NotFound):
        blobs.get(key)
    assert not blobs.exists(key)


async def test_many_writers_of_the_same_content_all_succeed(blobs: Blobs) -> None:
    keys = await asyncio.gather(*(blobs.put_async(b"together") for _ in range(20)))
    assert set(keys) == {key_of(b"together")}
    assert blobs.get(keys[0]) == b"together"


def test_a_folder_keeps_its_blobs_when_it_is_opened_again(tmp_path: Path) -> None:
    key = Blobs(str(tmp_path)).put(b"later")
    assert Blobs(str(tmp_path)).get(key) == b"later"
    assert (tmp_path / key[:2] / key[2:4] / key).read_bytes() == b"later"


def test_a_file_that_lost_its_end_is_written_again(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    key = blobs.put(b"whole")
    (tmp_path / key[:2] / key[2:4] / key).write_bytes(b"")
    blobs.put(b"whole")
    assert blobs.get(key) == b"whole"


def test_a_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = Blobs(str(tmp_path))
    key = key_of(b"safe")
    steps: list[tuple[str, bool]] = []

    def fsync(descriptor: int) -> None:
        first, *_ = *synced(descriptor).relative_to(tmp_path).parts, ""
        steps.append((first, (tmp_path / key[:2] / key[2:4] / key).exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    blobs.put(b"safe")
    assert steps[-2:] == [(PARTIAL, False), (key[:2], True)]
    assert ("", False) in steps  # the new folder's own name


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = Blobs(str(tmp_path))

    def fsync(descriptor: int) -> None:
        if not synced(descriptor).is_dir():
            raise OSError("disk is full")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="disk is full"):
        blobs.put(b"too much")
    assert not blobs.exists(key_of(b"too much"))
    assert not list((tmp_path / PARTIAL).iterdir())


def test_threads_may_write_different_blobs_at_once(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    contents = [str(n).encode() for n in range(40)]
    threads = [threading.Thread(target=blobs.put, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(blobs.get(key_of(content)) == content for content in contents)


def test_a_store_that_is_down_is_unreachable_and_says_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    blobs = Blobs("s3://bucket/prefix")
    with pytest.raises(Unreachable) as caught:
        blobs.get(ABSENT)
    assert "127.0.0.1" not in caught.value.details
