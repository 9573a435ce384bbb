"""What the media of an input are, told by their content alone, and the part of a `Data` that holds them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from clarifai_grpc.grpc.api.resources_pb2 import Audio, Data, HostedURL, Image, Text, Video

from bowerbird.errors import InputInvalid, InputTooLarge, InputUnsupported
from bowerbird.images import open_image
from bowerbird.settings import Settings

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Kind = Literal["image", "text", "video", "audio"]
Part: TypeAlias = Image | Text | Video | Audio
KINDS: tuple[Kind, ...] = get_args(Kind)

SENT_VIDEO_BYTES = 10 * 1024 * 1024  # of a video that comes in a request; by its URL it may be larger
_EBML_HEADER = 4096  # bytes in which a Matroska file names its document type
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_QUICKTIME_ATOMS = (b"moov", b"mdat", b"wide", b"pnot")
_MP4_BRANDS = ("iso", "mp4", "avc1", "M4V", "dash", "mmp4", "MSNV", "f4v", "XAVC")


@dataclass(frozen=True, slots=True)
class Media:
    """The media of one input: `url` or `content`, the other is empty."""

    kind: Kind
    url: str
    content: bytes


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What the content turned out to be; width and height in pixels, upright, for images; 0 otherwise."""

    kind: Kind
    content_type: str
    format: str  # "JPEG", "MP4", "UTF-8"
    size: int  # bytes
    width: int = 0
    height: int = 0
    characters: int = 0


def inspect(content: bytes, kind: Kind, settings: Settings) -> MediaInfo:
    """What `content` is, if it is media of that kind within the bounds of the settings.

    Raises InputTooLarge, and InputUnsupported for other formats and damaged content. Images and texts are
    decoded; of videos and audio only the container is looked at.
    """
    if kind == "image":
        return inspect_image(content, settings)[0]
    if kind == "text":
        return _inspect_text(content, settings.max_text_bytes)
    if len(content) > settings.max_video_bytes:
        raise InputTooLarge(
            f"the {kind} has {len(content):,} bytes, {settings.max_video_bytes:,} are allowed"
        )
    found = _sniffed(content, kind)
    return MediaInfo(kind, found, _FORMATS[found], len(content))


def inspect_image(content: bytes, settings: Settings) -> tuple[MediaInfo, "Picture"]:
    """Like `inspect`, with the decoded image beside it: thumbnails need not decode it once more."""
    picture = open_image(content, max_bytes=settings.max_image_bytes, max_pixels=settings.max_image_pixels)
    found = _sniffed(content, "image")
    return MediaInfo("image", found, _FORMATS[found], len(content), picture.width, picture.height), picture


def _inspect_text(content: bytes, max_bytes: int) -> MediaInfo:
    if len(content) > max_bytes:
        raise InputTooLarge(f"the text has {len(content):,} bytes, {max_bytes:,} are allowed")
    text = _decoded(content)
    if "\0" in text:
        raise InputUnsupported("the text has a character of code 0")
    return MediaInfo("text", "text/plain; charset=utf-8", "UTF-8", len(content), characters=len(text))


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InputUnsupported(f"the text is not UTF-8: byte {error.start} is wrong") from error


def _sniffed(content: bytes, kind: Kind) -> str:
    found = sniff(content)
    if found not in _CONTENT_TYPES[kind]:
        what = f", but {found}" if found else ""
        known = ", ".join(_FORMATS[name] for name in _CONTENT_TYPES[kind])
        raise InputUnsupported(f"the content is no {kind} of a known format ({known}){what}")
    return found


def sniff(content: bytes) -> str:
    """The content type that the first bytes tell, empty if they are not known. Text has no such bytes."""
    head = content[:_EBML_HEADER]
    return next((found for test in (_by_prefix, _by_box, _by_mpeg_frame) if (found := test(head))), "")


_PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (_ASF, "video/x-ms-wmv"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
)
_RIFF = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}
_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/tiff": "TIFF",
    "image/bmp": "BMP",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "video/mp4": "MP4",
    "video/quicktime": "MOV",
    "video/x-msvideo": "AVI",
    "video/webm": "WEBM",
    "video/x-matroska": "MKV",
    "video/x-ms-wmv": "WMV",
    "video/3gpp": "3GPP",
    "audio/mpeg": "MP3",
    "audio/wav": "WAV",
    "audio/flac": "FLAC",
    "audio/ogg": "OGG",
    "audio/mp4": "M4A",
}
_CONTENT_TYPES: dict[Kind, tuple[str, ...]] = {
    kind: tuple(name for name in _FORMATS if name.startswith(f"{kind}/")) for kind in KINDS
}
_CONTENT_TYPES["video"] += ("image/gif",)  # a GIF is an image by its first frame, and a video by all of them


def _by_prefix(head: bytes) -> str:
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], "")
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"webm" in head else "video/x-matroska" if b"matroska" in head else ""
    return next((found for prefix, found in _PREFIXES if head.startswith(prefix)), "")


def _by_box(head: bytes) -> str:
    """ISO base media (MP4 and its kin), by the brands of the first box; old QuickTime files have none."""
    if head[4:8] in _QUICKTIME_ATOMS:
        return "video/quicktime"
    if head[4:8] != b"ftyp":
        return ""
    box = head[: min(int.from_bytes(head[:4], "big"), len(head))]
    brands = [box[at : at + 4].decode("latin-1") for at in (8, *range(16, len(box), 4))]
    return next((found for brand in brands if (found := _by_brand(brand))), "")


def _by_brand(brand: str) -> str:
    if brand in ("M4A ", "M4B "):
        return "audio/mp4"
    if brand == "qt  ":
        return "video/quicktime"
    if brand.startswith("3g"):
        return "video/3gpp"
    return "video/mp4" if brand.startswith(_MP4_BRANDS) else ""


def _by_mpeg_frame(head: bytes) -> str:
    """An MP3 without tags begins with a frame: 11 bits of sync, version, layer III, bit and sample rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return ""
    version, layer, bit_rate, sample_rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    return "audio/mpeg" if version != 1 and layer == 1 and 0 < bit_rate < 15 and sample_rate != 3 else ""


def media_of(data: Data) -> Media | None:
    """The media of an input, None if it has none. Raises InputInvalid unless there is exactly one source."""
    kinds = [kind for kind in KINDS if data.HasField(kind)]
    if len(kinds) > 1:
        raise InputInvalid(f"an input has one kind of media, not {' and '.join(f'data.{k}' for k in kinds)}")
    if not kinds:
        return None
    (kind,) = kinds
    part, source = part_of(data, kind), _source(kind)
    content = part.raw.encode() if isinstance(part, Text) else part.base64
    if bool(part.url) == bool(content):
        has = "both" if content else "none"
        raise InputInvalid(f"data.{kind} needs either url or {source}, and has {has}")
    if kind == "video" and len(content) > SENT_VIDEO_BYTES:
        raise InputTooLarge(
            f"data.video.base64 has {len(content):,} bytes, {SENT_VIDEO_BYTES:,} are allowed; larger by url"
        )
    return Media(kind, part.url, content)


def part_of(data: Data, kind: Kind) -> Part:
    """The message in `data` that holds media of that kind."""
    part: Part = getattr(data, kind)
    return part


def with_content(data: Data, kind: Kind, content: bytes) -> Data:
    """A copy of `data` that carries its media as bytes instead of as a URL: what runtimes take."""

    def change(part: Part) -> None:
        part.url = ""
        _set_content(part, content)

    return _replaced(data, kind, change)


def with_hosted(data: Data, info: MediaInfo, hosted: HostedURL, url: str) -> Data:
    """A copy of `data` without the bytes, for media that are kept as a file now.

    `hosted` says where; `url` is the address of the original, used where the client gave bytes and no URL.
    """

    def change(part: Part) -> None:
        _set_content(part, b"")
        part.url = part.url or url
        part.hosted.CopyFrom(hosted)
        _set_info(part, info)

    return _replaced(data, info.kind, change)


def _replaced(data: Data, kind: Kind, change: Callable[[Part], None]) -> Data:
    copy = Data()
    copy.CopyFrom(data)
    change(part_of(copy, kind))
    return copy


def _set_content(part: Part, content: bytes) -> None:
    if isinstance(part, Text):
        part.raw = _decoded(content)
    else:
        part.base64 = content


def _set_info(part: Part, info: MediaInfo) -> None:
    if isinstance(part, Image):
        part.image_info.width, part.image_info.height = info.width, info.height
        part.image_info.format = info.format
    elif isinstance(part, Text):
        part.text_info.char_count, part.text_info.encoding = info.characters, info.format
    elif isinstance(part, Video):
        part.video_info.video_format = info.format
    else:
        part.audio_info.audio_format = info.format


def _source(kind: Kind) -> str:
    return "raw" if kind == "text" else "base64"
