"""Images of strangers: readable ones are opened upright, others refused before they cost anything."""

import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bowerbird.errors import InputTooLarge, InputUnsupported
from bowerbird.images import FORMATS, open_image, thumbnail, to_mode

BOUNDS = {"max_bytes": 1_000_000, "max_pixels": 1_000_000}


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_opened(kind: str) -> None:
    assert open_image(saved(Image.new("RGB", (5, 3), "red"), kind), **BOUNDS).size == (5, 3)


def test_other_formats_are_refused() -> None:
    with pytest.raises(InputUnsupported):
        open_image(saved(Image.new("RGB", (5, 3)), "PPM"), **BOUNDS)


def test_a_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(InputTooLarge):
        open_image(png_header(200_000, 200_000), **BOUNDS)


def test_a_webp_that_claims_a_huge_canvas_is_refused_before_it_is_opened() -> None:
    claim = (16_000_000).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + claim
    with pytest.raises(InputTooLarge):
        open_image(b"RIFF" + struct.pack("<I", len(body)) + body, **BOUNDS)


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(InputTooLarge):
        open_image(b"x" * 11, max_bytes=10, max_pixels=100)


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"\x89PNG\r\n\x1a\n", saved(Image.new("L", (99, 99)), "JPEG")[:300]]
)
def test_garbage_and_damaged_images_are_refused(content: bytes) -> None:
    with pytest.raises(InputUnsupported):
        open_image(content, **BOUNDS)


SAMPLES = [saved(Image.effect_noise((9, 9), 50).convert("RGB"), kind) for kind in FORMATS]


@given(
    sample=st.sampled_from(SAMPLES),
    at=st.floats(0, 1, exclude_max=True),
    noise=st.binary(min_size=1, max_size=8),
)
def test_damage_never_raises_anything_else(sample: bytes, at: float, noise: bytes) -> None:
    place = int(at * len(sample))
    with suppress(InputUnsupported, InputTooLarge):
        open_image(sample[:place] + noise + sample[place + len(noise) :], **BOUNDS)


def test_images_are_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    assert open_image(saved(Image.new("RGB", (8, 4)), "JPEG", exif=exif), **BOUNDS).size == (4, 8)


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.new("L", (4, 4), grey) for grey in (10, 200)]
    gif = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert to_mode(open_image(gif, **BOUNDS), "L").getpixel((0, 0)) == 10


def test_deep_greys_are_scaled_to_eight_bits() -> None:
    deep = Image.fromarray(np.array([[0, 257 * 100, 65535]], np.uint16))
    assert np.asarray(to_mode(open_image(saved(deep), **BOUNDS), "RGB"))[0, :, 0].tolist() == [0, 100, 255]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_a_thumbnail_is_a_small_webp_whatever_the_image_is(mode: str) -> None:
    small = Image.open(io.BytesIO(thumbnail(Image.new(mode, (400, 200)), 100)))
    assert (small.format, small.size) == ("WEBP", (100, 50))


def test_a_thumbnail_leaves_the_image_as_it_was() -> None:
    image = Image.new("RGB", (40, 20))
    thumbnail(image, 10)
    assert image.size == (40, 20)
