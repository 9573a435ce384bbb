"""Opens videos that strangers sent: frames at the times wanted, one after the other, within bounds."""

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bowerbird.errors import DeadlineExceeded, InputTooLarge, InputUnsupported

if TYPE_CHECKING:
    from av.container import InputContainer
    from PIL.Image import Image

MOST_SECONDS = 600
MOST_DECODED = 60_000  # frames that are decoded, wanted or not
MOST_FRAMES = 1000  # that are wanted
LONGEST_SIDE = 1920  # pixels; larger frames are made smaller, for models look at far fewer
SLACK_MS = 1  # containers round their times
FORMATS = "MP4, MOV, 3GPP, WEBM, MKV, AVI, WMV, GIF"
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_MOV_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"pnot", b"free", b"skip")


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a video: its place among all, and when it is shown."""

    index: int
    time_ms: int
    image: "Image"


def frames_of(
    content: bytes,
    *,
    sample_ms: int,
    max_pixels: int,
    timeout_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Frame]:
    """The first frame, and then the first of every `sample_ms`. Only one is in memory at a time.

    Raises InputTooLarge for what is too long or large, InputUnsupported for what cannot be read, and
    DeadlineExceeded when all of it takes longer than `timeout_s`. Slow: for threads.
    """
    container = _opened(content)
    ends = clock() + timeout_s
    wanted_at, given = 0, 0
    with container:
        for index, frame in enumerate(_decoded(container, max_pixels)):
            if clock() > ends:
                raise DeadlineExceeded(f"the video takes longer than {timeout_s:g} s")
            if index >= MOST_DECODED:
                raise InputTooLarge(f"the video has more than {MOST_DECODED:,} frames")
            at = round((frame.time or 0.0) * 1000)
            if at > MOST_SECONDS * 1000:
                raise InputTooLarge(f"the video is longer than {MOST_SECONDS} s")
            if at + SLACK_MS < wanted_at:
                continue
            if given >= MOST_FRAMES:
                raise InputTooLarge(f"more than {MOST_FRAMES} frames at sample_ms {sample_ms}; raise it")
            yield Frame(index, max(at, 0), _image(frame, max_pixels))
            given, wanted_at = given + 1, (max(at, 0) // sample_ms + 1) * sample_ms
    if not given:
        raise InputUnsupported("the video has no frames")


def _opened(content: bytes) -> "InputContainer":
    try:
        import av
    except ModuleNotFoundError as error:
        raise InputUnsupported("videos need the extra video: pip install 'bowerbird[video]'") from error
    # The reader is chosen here: left to itself, it takes playlists, too, and opens the files that they name.
    reader = _reader_of(content)
    if not reader:
        raise InputUnsupported(f"the content is no video of a known format ({FORMATS})")
    try:
        return av.open(io.BytesIO(content), "r", format=reader)
    except Exception as error:  # FFmpeg's readers raise whatever they trip over in damaged files
        raise InputUnsupported("the video is damaged") from error


def _reader_of(content: bytes) -> str:
    if content[:4] == b"GIF8":
        return "gif"
    if content[4:8] in _MOV_BOXES:
        return "mov"
    if content[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if content[:4] == b"RIFF" and content[8:12] == b"AVI ":
        return "avi"
    return "asf" if content.startswith(_ASF) else ""


def _decoded(container: "InputContainer", max_pixels: int) -> Iterator[Any]:  # av's frames
    if not container.streams.video:
        raise InputUnsupported("there is no video in the file")
    stream = container.streams.video[0]
    codec = stream.codec_context
    _check_pixels(codec.width, codec.height, max_pixels)
    codec.thread_count = 1
    codec.options = {"max_pixels": str(max_pixels)}
    try:
        yield from container.decode(stream)
    except Exception as error:  # as above
        raise InputUnsupported("the video is damaged") from error


def _check_pixels(width: int, height: int, most: int) -> None:
    if width * height > most:
        raise InputTooLarge(f"the video has {width} × {height} pixels, {most:,} are allowed")


def _image(frame: Any, max_pixels: int) -> "Image":  # av's frame
    _check_pixels(frame.width, frame.height, max_pixels)
    scale = min(1.0, LONGEST_SIDE / max(frame.width, frame.height))
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    image: Image = frame.reformat(width=width, height=height, format="rgb24").to_image()
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image
