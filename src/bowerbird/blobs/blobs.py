"""Content-addressed files: a file's key is the SHA-256 of its content, so that equal content is kept once."""

import asyncio
import copy
import hashlib
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotSupportedError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from bowerbird.blobs.folder import DurableFolder
from bowerbird.errors import NotFound, OutOfRange, Unreachable

if TYPE_CHECKING:
    from obstore.store import RetryConfig

_KEY = re.compile(r"[0-9a-f]{64}")
PAGE = 1000  # keys that are listed at a time
# Three tries within about a second; obstore's ten would hold a call for minutes when the store is down.
_RETRIES: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}


def key_of(data: bytes) -> str:
    """The key of `data`: 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


class Blobs:
    """Files in a folder, in S3, GCS or Azure, or in memory; each method has an async twin.

    `url_or_folder` is a path, or a URL that obstore knows (`s3://bucket/prefix`, `gs://…`, `az://…`,
    `memory://`, `file:///path`); credentials come from the usual environment of each cloud. A missing blob
    raises NotFound, a store that does not answer Unreachable.
    """

    def __init__(self, url_or_folder: str) -> None:
        self._prefix = ""
        self._folder: DurableFolder | None = None
        self._store: ObjectStore
        folder = url_or_folder.removeprefix("file://")
        if "://" in folder:
            self._store = MemoryStore() if folder.startswith("memory:") else _remote(folder)
        else:
            self._folder = DurableFolder(Path(folder).absolute())
            self._store = LocalStore(self._folder.root)

    def under(self, name: str) -> Self:
        """The blobs of a folder in the same store, which have nothing in common with those outside of it."""
        inside = copy.copy(self)
        inside._prefix = f"{self._prefix}{name}/"
        return inside

    async def pages_of_keys(self) -> AsyncIterator[Sequence[str]]:
        """The keys of all blobs in a folder, some at a time. Not of a whole store: it may hold millions."""
        assert self._prefix, "only a folder can be listed"
        with _errors("of a listing"):
            listing = obstore.list(self._store, self._prefix, chunk_size=PAGE)
            async for page in listing:
                names = (found["path"].rpartition("/")[2] for found in page)
                yield [name for name in names if _KEY.fullmatch(name)]

    def put(self, data: bytes) -> str:
        """Keep `data` and return its key. In a folder it is on the disk by then. Putting again is fine."""
        key = key_of(data)
        if self._folder:
            self._folder.write(self._path(key), data)
            return key
        with _errors(key):
            try:
                obstore.put(self._store, self._path(key), data, mode="create")
            except AlreadyExistsError:
                pass
            except NotSupportedError:  # no create-only put there; writing the same content again harms nobody
                obstore.put(self._store, self._path(key), data)
        return key

    async def put_async(self, data: bytes) -> str:
        return await asyncio.to_thread(self.put, data)  # hashing and syncing must not hold up the event loop

    def get(self, key: str) -> bytes:
        with _errors(key):
            return obstore.get(self._store, self._path(key)).bytes().to_bytes()

    async def get_async(self, key: str) -> bytes:
        with _errors(key):
            answer = await obstore.get_async(self._store, self._path(key))
            return (await answer.bytes_async()).to_bytes()

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Bytes `start` to `end` (exclusive, cut at the blob's end). Raises OutOfRange if there are none."""
        _check_range(start, end)
        with _errors(key):
            try:
                return obstore.get_range(self._store, self._path(key), start=start, end=end).to_bytes()
            except BaseError:  # a start behind the end has no class of its own
                if start < self.size(key):
                    raise
        raise OutOfRange(f"the blob has no byte {start}")

    async def get_range_async(self, key: str, start: int, end: int) -> bytes:
        _check_range(start, end)
        with _errors(key):
            try:
                found = await obstore.get_range_async(self._store, self._path(key), start=start, end=end)
                return found.to_bytes()
            except BaseError:
                if start < await self.size_async(key):
                    raise
        raise OutOfRange(f"the blob has no byte {start}")

    def size(self, key: str) -> int:
        """Size in bytes."""
        with _errors(key):
            return obstore.head(self._store, self._path(key))["size"]

    async def size_async(self, key: str) -> int:
        with _errors(key):
            return (await obstore.head_async(self._store, self._path(key)))["size"]

    def exists(self, key: str) -> bool:
        try:
            self.size(key)
        except NotFound:
            return False
        return True

    async def exists_async(self, key: str) -> bool:
        try:
            await self.size_async(key)
        except NotFound:
            return False
        return True

    def delete(self, key: str) -> None:
        """Forget a blob; one that is not there is forgotten already."""
        with _missing_is_fine(), _errors(key):
            obstore.delete(self._store, self._path(key))

    async def delete_async(self, key: str) -> None:
        with _missing_is_fine(), _errors(key):
            await obstore.delete_async(self._store, self._path(key))

    def _path(self, key: str) -> str:
        if not _KEY.fullmatch(key):
            raise NotFound("that is not the key of a blob")
        return f"{self._prefix}{key[:2]}/{key[2:4]}/{key}"


def _remote(url: str) -> ObjectStore:
    return from_url(url, retry_config=_RETRIES)


def _check_range(start: int, end: int) -> None:
    if not 0 <= start < end:
        raise OutOfRange(f"bytes {start} to {end}")


@contextmanager
def _errors(key: str) -> Iterator[None]:
    """Translate the store's errors. They quote paths and addresses, so that their text stays in the log."""
    try:
        yield
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):  # a setting is wrong, or somebody deleted it: no blob is to blame
            raise Unreachable("the store of media and model files") from error
        raise NotFound(f"blob {key}") from error
    except BaseError as error:
        raise Unreachable("the store of media and model files") from error


@contextmanager
def _missing_is_fine() -> Iterator[None]:
    try:
        yield
    except NotFound:
        return
