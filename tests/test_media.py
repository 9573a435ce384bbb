"""Media: told by their content, bounded, and read from and written into the data of an input."""

import io
import struct
from typing import Any

import pytest
from clarifai_grpc.grpc.api import resources_pb2
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bowerbird.errors import InputInvalid, InputTooLarge, InputUnsupported
from bowerbird.images import thumbnail
from bowerbird.media import (
    Kind,
    Media,
    MediaInfo,
    inspect,
    inspect_image,
    media_of,
    sniff,
    with_content,
    with_hosted,
)
from bowerbird.settings import Settings

SETTINGS = Settings(
    max_image_bytes=200_000, max_image_pixels=10_000, max_video_bytes=1000, max_text_bytes=100
)


def picture(format: str, size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, format, **options)
    return out.getvalue()


def box(*brands: bytes) -> bytes:
    major, *others = brands
    content = major + b"\0\0\0\1" + b"".join(others)
    return struct.pack(">I", len(content) + 8) + b"ftyp" + content + b"\0" * 30


FILMS = {
    "video/mp4": [box(b"isom", b"iso2"), box(b"mp42"), box(b"avc1"), box(b"wxyz", b"abcd", b"isom")],
    "video/quicktime": [box(b"qt  "), b"\0\0\0\x08wide\0\0\0\0mdat", b"\0\0\1\0moov"],
    "video/3gpp": [box(b"3gp4"), box(b"3g2a")],
    "video/x-msvideo": [b"RIFF\x10\0\0\0AVI LIST"],
    "video/webm": [b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x82\x84webm"],
    "video/x-matroska": [b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska"],
    "video/x-ms-wmv": [bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + b"\0" * 16],
    "image/gif": [picture("GIF")],
}
SOUNDS = {
    "audio/mpeg": [b"ID3\x04\0\0\0\0\0\0", b"\xff\xfb\x90\x64\0\0", b"\xff\xf3\x44\xc4\0\0"],
    "audio/wav": [b"RIFF\x24\0\0\0WAVEfmt "],
    "audio/flac": [b"fLaC\0\0\0\x22"],
    "audio/ogg": [b"OggS\0\x02"],
    "audio/mp4": [box(b"M4A ", b"isom"), box(b"M4B ")],
}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF"])
def test_an_image_is_known_by_its_content(format: str) -> None:
    content = picture(format)
    info = inspect(content, "image", SETTINGS)
    assert info == MediaInfo("image", f"image/{format.lower()}", format, len(content), width=40, height=30)


def test_width_and_height_are_those_of_the_upright_image() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    info = inspect(picture("JPEG", exif=turned), "image", SETTINGS)
    assert (info.width, info.height) == (30, 40)


def test_the_decoded_image_comes_along_for_thumbnails() -> None:
    info, image = inspect_image(picture("PNG", (90, 60)), SETTINGS)
    small = inspect(thumbnail(image, 30), "image", SETTINGS)
    assert (info.width, small.width, small.height, small.format) == (90, 30, 20, "WEBP")


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_videos_and_sounds_are_known_by_their_container(kind: Kind) -> None:
    for content_type, contents in (FILMS if kind == "video" else SOUNDS).items():
        for content in contents:
            assert inspect(content, kind, SETTINGS).content_type == content_type


def test_a_text_is_utf_8_and_counted_in_characters() -> None:
    info = inspect("grüße".encode(), "text", SETTINGS)
    assert info == MediaInfo("text", "text/plain; charset=utf-8", "UTF-8", 7, characters=5)
    assert inspect(b"", "text", SETTINGS).characters == 0


@pytest.mark.parametrize("content", [b"\xff\xfeh\0i\0", "grüße".encode("latin-1"), b"a\0b"])
def test_what_is_no_utf_8_text_is_unsupported(content: bytes) -> None:
    with pytest.raises(InputUnsupported):
        inspect(content, "text", SETTINGS)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (picture("PNG", (101, 100)), "image"),
        (b"x" * 200_001, "image"),
        (box(b"isom") + b"x" * 1000, "video"),
        (b"fLaC" + b"x" * 1000, "audio"),
        (b"x" * 101, "text"),
        ("ü" * 51, "text"),
    ],
)
def test_what_is_beyond_the_bounds_is_too_large(content: bytes | str, kind: Kind) -> None:
    with pytest.raises(InputTooLarge):
        inspect(content.encode() if isinstance(content, str) else content, kind, SETTINGS)


@pytest.mark.parametrize("kind", ["image", "video", "audio"])
@pytest.mark.parametrize(
    "content", [b"", b"\0", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", box(b"heic", b"mif1")]
)
def test_other_formats_are_unsupported(content: bytes, kind: Kind) -> None:
    with pytest.raises(InputUnsupported):
        inspect(content, kind, SETTINGS)


def test_media_of_another_kind_are_named_and_refused() -> None:
    with pytest.raises(InputUnsupported, match="but image/png"):
        inspect(picture("PNG"), "video", SETTINGS)
    with pytest.raises(InputUnsupported):
        inspect(FILMS["video/mp4"][0], "image", SETTINGS)
    with pytest.raises(InputUnsupported, match="but video/mp4"):
        inspect(FILMS["video/mp4"][0], "audio", SETTINGS)


def test_a_damaged_image_is_unsupported() -> None:
    for content in (picture("PNG")[:60], picture("JPEG")[:300], b"GIF89a"):
        with pytest.raises(InputUnsupported):
            inspect(content, "image", SETTINGS)


def test_a_small_file_that_claims_a_huge_image_is_refused_before_it_is_decoded() -> None:
    bomb = bytearray(picture("PNG"))
    bomb[16:24] = struct.pack(">II", 60_000, 60_000)
    with pytest.raises((InputTooLarge, InputUnsupported)):
        inspect(bytes(bomb), "image", SETTINGS)


@given(st.binary(max_size=64))
def test_any_bytes_can_be_sniffed(content: bytes) -> None:
    assert isinstance(sniff(content), str)


# --- the media in the data of an input ---


def data(**parts: Any) -> resources_pb2.Data:
    return resources_pb2.Data(**parts)


@pytest.mark.parametrize("kind", ["image", "video", "audio"])
def test_media_come_from_a_url_or_from_bytes(kind: Kind) -> None:
    assert media_of(data(**{kind: {"url": "http://a/b"}})) == Media(kind, "http://a/b", b"")
    assert media_of(data(**{kind: {"base64": b"\xff\xd8"}})) == Media(kind, "", b"\xff\xd8")


def test_text_comes_from_a_url_or_raw() -> None:
    assert media_of(data(text={"url": "http://a/b"})) == Media("text", "http://a/b", b"")
    assert media_of(data(text={"raw": "grüße"})) == Media("text", "", "grüße".encode())


def test_data_without_media_have_none() -> None:
    assert media_of(data()) is None
    assert media_of(data(concepts=[{"id": "dog"}])) is None


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"image": {"url": "http://a/b"}, "text": {"raw": "x"}}, ["data.image", "data.text"]),
        ({"image": {}, "video": {}, "audio": {}}, ["data.image", "data.video", "data.audio"]),
        ({"image": {"url": "http://a/b", "base64": b"x"}}, ["data.image", "url", "base64", "both"]),
        ({"text": {"url": "http://a/b", "raw": "x"}}, ["data.text", "url", "raw", "both"]),
        ({"audio": {}}, ["data.audio", "url", "base64", "none"]),
        ({"text": {"raw": ""}}, ["data.text", "raw", "none"]),
    ],
)
def test_anything_but_one_source_is_invalid_and_named(parts: dict[str, Any], says: list[str]) -> None:
    with pytest.raises(InputInvalid) as caught:
        media_of(data(**parts))
    assert all(word in caught.value.details for word in says)


def test_content_takes_the_place_of_the_url() -> None:
    asked = data(image={"url": "http://a/b"}, concepts=[{"id": "dog", "value": 1}])
    filled = with_content(asked, "image", b"\xff\xd8")
    assert filled == data(image={"base64": b"\xff\xd8"}, concepts=[{"id": "dog", "value": 1}])
    assert asked.image.url == "http://a/b"
    assert with_content(data(text={"url": "http://a/b"}), "text", "grüße".encode()) == data(
        text={"raw": "grüße"}
    )
    with pytest.raises(InputUnsupported):
        with_content(data(text={"url": "http://a/b"}), "text", b"\xff")


HOSTED = resources_pb2.HostedURL(prefix="http://me/media", suffix="i1", sizes=["orig", "small"])


def test_hosted_media_lose_their_bytes_and_gain_an_address_and_what_is_known() -> None:
    posted = data(image={"base64": picture("PNG")}, concepts=[{"id": "dog"}])
    info = inspect(posted.image.base64, "image", SETTINGS)
    kept = with_hosted(posted, info, HOSTED, "http://me/media/orig/i1")
    assert kept.image.base64 == b""
    assert kept.image.url == "http://me/media/orig/i1"
    assert kept.image.hosted == HOSTED
    assert (kept.image.image_info.width, kept.image.image_info.format) == (40, "PNG")
    assert kept.concepts == posted.concepts
    assert posted.image.base64 == picture("PNG")


def test_hosted_media_keep_the_url_that_the_client_gave() -> None:
    info = inspect(FILMS["video/mp4"][0], "video", SETTINGS)
    kept = with_hosted(data(video={"url": "http://a/b"}), info, HOSTED, "http://me/media/orig/i1")
    assert (kept.video.url, kept.video.video_info.video_format) == ("http://a/b", "MP4")


def test_hosted_texts_and_sounds_say_what_they_are() -> None:
    text = with_hosted(
        data(text={"raw": "grüße"}), inspect("grüße".encode(), "text", SETTINGS), HOSTED, "http://me/t"
    )
    assert (text.text.raw, text.text.url) == ("", "http://me/t")
    assert (text.text.text_info.char_count, text.text.text_info.encoding) == (5, "UTF-8")
    sound = with_hosted(
        data(audio={"base64": b"fLaC"}), inspect(b"fLaC", "audio", SETTINGS), HOSTED, "http://me/s"
    )
    assert sound.audio.audio_info.audio_format == "FLAC"
