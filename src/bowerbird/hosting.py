"""Hosted media: examined, kept, found again, and the addresses under which clients get them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import HostedURL

from bowerbird.blobs import Blobs, key_of
from bowerbird.errors import ApiError
from bowerbird.images import thumbnail
from bowerbird.media import Media, MediaInfo, inspect, inspect_image
from bowerbird.settings import Settings
from bowerbird.store.media import ORIGINAL, SMALL, File

INLINE_BYTES = 16 * 1024  # as a row this costs a part of one commit, as a file several syncs of its own
SMALL_PIXELS = 256  # longest side of the "small" size
THREADS = 4


@dataclass(frozen=True, slots=True)
class Taken:
    """Media that were examined and are kept."""

    info: MediaInfo
    files: tuple[File, ...]

    @property
    def hosted(self) -> HostedURL:
        """Which sizes there are. A picture that is small enough is its own small size."""
        return HostedURL(sizes=[ORIGINAL, SMALL] if self.info.kind == "image" else [ORIGINAL])


def take(media: Media, settings: Settings, blobs: Blobs) -> Taken:
    """Examine the content and keep it, with a thumbnail. Slow: for threads.

    Raises InputTooLarge, InputUnsupported.
    """
    content = media.content
    if media.kind != "image":
        info = inspect(content, media.kind, settings)
        return Taken(info, (_kept(ORIGINAL, content, info.content_type, blobs),))
    info, picture = inspect_image(content, settings)
    files = [_kept(ORIGINAL, content, info.content_type, blobs)]
    if max(picture.size) > SMALL_PIXELS or info.content_type not in _SHOWN_EVERYWHERE:
        files.append(_kept(SMALL, thumbnail(picture, SMALL_PIXELS), "image/webp", blobs))
    return Taken(info, tuple(files))


_SHOWN_EVERYWHERE = ("image/jpeg", "image/png", "image/webp", "image/gif")


async def take_all(media: Sequence[Media], settings: Settings, blobs: Blobs) -> list[Taken | ApiError]:
    """As `take`, of many at once and in threads; for each what it is, or what is wrong with it."""

    def some(start: int) -> list[Taken | ApiError]:
        return [_tried(m, settings, blobs) for m in media[start::strides]]

    strides = max(1, min(THREADS, len(media)))
    parts = await asyncio.gather(*(asyncio.to_thread(some, start) for start in range(strides)))
    return [parts[n % strides][n // strides] for n in range(len(media))]


def _tried(media: Media, settings: Settings, blobs: Blobs) -> Taken | ApiError:
    try:
        return take(media, settings, blobs)
    except ApiError as error:
        return error


def _kept(name: str, content: bytes, content_type: str, blobs: Blobs) -> File:
    if len(content) <= INLINE_BYTES:
        return File(name, key_of(content), content_type, len(content), content)
    return File(name, blobs.put(content), content_type, len(content), None)


def small_of(files: Mapping[str, File]) -> File | None:
    """Of an input's files the small picture. One that was small already has one file for both sizes."""
    original = files.get(ORIGINAL)
    is_picture = original is not None and original.content_type.startswith("image/")
    return files.get(SMALL) or (original if is_picture else None)


async def read(file: File, blobs: Blobs, start: int, end: int) -> bytes:
    """Bytes `start` to `end` (exclusive) of a hosted file."""
    if file.content is not None:
        return file.content[start:end]
    return await blobs.get_range_async(file.blob, start, end) if start < end else b""


async def read_all(file: File, blobs: Blobs) -> bytes:
    return file.content if file.content is not None else await blobs.get_async(file.blob)


def address(settings: Settings) -> str:
    """Where clients reach hosted files, without a slash at the end."""
    scheme = "https" if settings.tls_cert else "http"
    return (settings.public_url or f"{scheme}://{settings.http}").rstrip("/") + "/media"


def suffix(user_id: str, app_id: str, input_id: str) -> str:
    """What follows the size in a hosted file's address."""
    return f"users/{user_id}/apps/{app_id}/inputs/{input_id}"
