"""Opens images that strangers sent: bounds are checked before anything is decoded."""

import io
from typing import TYPE_CHECKING

from bowerbird.errors import InputTooLarge, InputUnsupported

if TYPE_CHECKING:  # most processes never see an image, and would hold Pillow for nothing
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF")


def open_image(data: bytes, *, max_bytes: int, max_pixels: int) -> "Image":
    """The decoded image, turned upright; of an animation the first frame.

    Raises InputTooLarge for more than `max_bytes` or `max_pixels`, InputUnsupported for anything unreadable.
    """
    if len(data) > max_bytes:
        raise InputTooLarge(f"the image has {len(data):,} bytes, {max_bytes:,} are allowed")
    _check_pixels(_webp_canvas(data), max_pixels)
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # Pillow's own bound: one for the whole process, it warns before it refuses
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Exception as error:  # Pillow's readers raise whatever they trip over in damaged files
        raise InputUnsupported(f"not a readable image ({', '.join(FORMATS)})") from error
    _check_pixels(image.size, max_pixels)
    try:
        image.load()
    except Exception as error:  # as above
        raise InputUnsupported(f"the {image.format} image is damaged") from error
    return _upright(image)


def _check_pixels(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise InputTooLarge(f"the image has {width} × {height} pixels, {max_pixels:,} are allowed")


def _webp_canvas(data: bytes) -> tuple[int, int]:
    """Width and height that an extended WebP header claims: libwebp allocates them while opening."""
    if data[:4] != b"RIFF" or data[8:16] != b"WEBPVP8X" or len(data) < 30:
        return 0, 0
    return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")


def _upright(image: "Image") -> "Image":
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF says nothing about the pixels
        return image


def to_mode(image: "Image", mode: str) -> "Image":
    """The image in 8 bits a channel, as "L", "RGB" or "RGBA"; deeper greys are scaled, not cut off."""
    if image.mode.startswith("I"):  # 16-bit greys
        image = image.convert("I").point(lambda value: value / 257).convert("L")
    elif image.mode == "F":
        image = image.convert("L")
    return image if image.mode == mode else image.convert(mode)


def thumbnail(image: "Image", size: int) -> bytes:
    """A WebP image of at most `size` × `size` pixels."""
    small = to_mode(image, "RGBA" if image.has_transparency_data else "RGB").copy()
    small.thumbnail((size, size))
    out = io.BytesIO()
    small.save(out, "WEBP", quality=80)
    return out.getvalue()
