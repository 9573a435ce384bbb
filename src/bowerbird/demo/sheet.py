"""A contact sheet of what was collected: each picture with what the model said of it, and how surely."""

import io
import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from bowerbird.demo.collected import Kept
from bowerbird.demo.production import SHARE, UNSURE

COLUMNS = 20
PICTURE, GAP, MARGIN = 56, 8, 28  # pixels
CAPTION, HEADING, TITLE = 18, 44, 76  # heights in pixels
CELL = PICTURE + GAP
ROW = PICTURE + CAPTION + GAP
PAPER, INK, FAINT = "#fbfaf7", "#22242a", "#7b7d85"
RIGHT, WRONG = "#2c7a4b", "#c0392b"
Tile = tuple[Kept, bytes]


def draw(found: Sequence[Kept], pictures: Sequence[bytes], offered: int, *, rows: int = 100) -> Image.Image:
    """The sheet of what was kept of `offered` predictions, with at most so many rows of each part."""
    tiles = list(zip(found, pictures, strict=True))
    parts = {
        f"Uncertain: at most {UNSURE:.0%} sure": [tile for tile in tiles if tile[0].is_uncertain],
        f"Sure, but drawn: {SHARE:.0%} of all": [tile for tile in tiles if not tile[0].is_uncertain],
    }
    height = TITLE + sum(HEADING + ROW * min(rows, _rows(part)) for part in parts.values()) + MARGIN
    sheet = Image.new("RGB", (2 * MARGIN + COLUMNS * CELL - GAP, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN, 24), f"{len(tiles):,} of {offered:,} predictions were kept", INK, _font(26))
    _legend(pen, sheet.width - MARGIN)
    top = TITLE
    for heading, part in parts.items():
        pen.text((MARGIN, top + 12), f"{heading} ({len(part):,})", FAINT, _font(17))
        top += HEADING
        for n, tile in enumerate(part[: rows * COLUMNS]):
            _draw_tile(sheet, pen, tile, MARGIN + n % COLUMNS * CELL, top + n // COLUMNS * ROW)
        top += ROW * min(rows, _rows(part))
    return sheet


def save(sheet: Image.Image, path: Path) -> None:
    """As a small PNG: 128 colours are enough for ink on paper."""
    sheet.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def _draw_tile(sheet: Image.Image, pen: ImageDraw.ImageDraw, tile: Tile, left: int, top: int) -> None:
    one, content = tile
    colour = RIGHT if one.is_right else WRONG
    picture = Image.open(io.BytesIO(content)).convert("L").resize((PICTURE, PICTURE))
    sheet.paste(picture.convert("RGB"), (left, top))
    pen.rectangle((left - 1, top - 1, left + PICTURE, top + PICTURE), outline=colour, width=2)
    said = one.predicted if one.is_right else f"{one.truth}›{one.predicted}"
    pen.text((left, top + PICTURE + 3), said, colour, _font(14))
    pen.text((left + PICTURE, top + PICTURE + 4), f"{one.confidence:.0%}", FAINT, _font(12), anchor="ra")


def _legend(pen: ImageDraw.ImageDraw, right: int) -> None:
    """What the colours say, from right to left."""
    for words, colour in (("wrong: 7›1 is a 7 called 1", WRONG), ("right", RIGHT)):
        left = right - pen.textlength(words, _font(14))
        pen.text((left, 34), words, colour, _font(14))
        pen.rectangle((left - 20, 37, left - 8, 49), outline=colour, width=2)
        right = int(left) - 40


def _rows(tiles: Sequence[Tile]) -> int:
    return math.ceil(len(tiles) / COLUMNS)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
