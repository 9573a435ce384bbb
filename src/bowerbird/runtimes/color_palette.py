"""The runtime color-palette: the main colours of a picture, found by k-means in CIE L*a*b*."""

import functools

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import Data
from numpy.typing import NDArray
from PIL import Image, ImageColor
from pydantic import Field

from bowerbird.images import to_mode
from bowerbird.runtimes.each import Each, Pixels, picture_of
from bowerbird.runtimes.fields import Fields, read_fields
from bowerbird.runtimes.lab import Numbers, to_lab
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec

SIDE = 64  # pixels that are looked at, in each direction
ROUNDS = 20
ALIKE = 10.0  # distance in L*a*b* under which two colours are told as one


class Palette(Fields):
    """How many colours are told at most, and the share of the picture that each needs."""

    colors: int = Field(6, ge=1, le=16)
    least_share: float = Field(0.02, ge=0, le=1)


@runtime("color-palette")
def load(spec: ModelSpec, environment: Environment) -> Each:
    """Needs no file."""
    palette = read_fields(Palette, spec.config)
    return Each(
        lambda data: _answer(picture_of(data, environment.settings), palette), parallel=2, max_batch=4
    )


def _answer(image: Image.Image, palette: Palette) -> Data:
    """The colours with their shares of what is not transparent, the largest first."""
    pixels = _opaque(image)
    data = Data()
    if not len(pixels):
        return data
    for members in _groups(pixels, palette.colors):
        share = len(members) / len(pixels)
        if share >= palette.least_share:
            color = data.colors.add(raw_hex=_hex(members.mean(axis=0)), value=share)
            color.w3c.name, color.w3c.hex = _nearest(members.mean(axis=0))
    data.colors.sort(key=lambda color: -color.value)
    return data


def _opaque(image: Image.Image) -> Pixels:
    """The pixels that are not mostly transparent, n × 3. Not blended: that would make new colours."""
    small = to_mode(image, "RGBA").resize((SIDE, SIDE), Image.Resampling.NEAREST)
    pixels = np.asarray(small).reshape(-1, 4)
    return pixels[pixels[:, 3] >= 128, :3]


def _groups(pixels: Pixels, count: int) -> list[Pixels]:
    """The pixels by the colour that they are nearest to; colours that look alike are one."""
    lab = to_lab(pixels)
    centres = _centres(lab, count)
    groups = [pixels[_closest(lab, centres) == place] for place in range(len(centres))]
    while (pair := _alike(groups)) is not None:
        groups[pair[0]] = np.concatenate([groups[pair[0]], groups.pop(pair[1])])
    return [group for group in groups if len(group)]


def _centres(lab: Numbers, count: int) -> Numbers:
    """k-means without chance: it starts from the points that are farthest from each other."""
    centres = lab.mean(axis=0, keepdims=True)
    start = [lab[_squares(lab, centres)[:, 0].argmin()]]
    for _ in range(count - 1):
        distances = _squares(lab, np.array(start)).min(axis=1)
        if distances.max() < 1e-9:
            break
        start.append(lab[distances.argmax()])
    centres = np.array(start)
    for _ in range(ROUNDS):
        nearest = _closest(lab, centres)
        moved = np.array(
            [lab[nearest == n].mean(axis=0) if (nearest == n).any() else c for n, c in enumerate(centres)]
        )
        if np.allclose(moved, centres, atol=0.01):
            break
        centres = moved
    return centres


def _closest(lab: Numbers, centres: Numbers) -> NDArray[np.intp]:
    """The place of the centre that each row is nearest to."""
    # |x - c|² without |x|², which is the same for every centre: a product of matrices is quick.
    places: NDArray[np.intp] = ((centres**2).sum(axis=1) - 2 * lab @ centres.T).argmin(axis=1)
    return places


def _squares(one: Numbers, other: Numbers) -> Numbers:
    """Squared distances of each row to each."""
    difference: Numbers = ((one[:, None, :] - other[None, :, :]) ** 2).sum(axis=2)
    return difference


def _alike(groups: list[Pixels]) -> tuple[int, int] | None:
    """Two groups whose means look alike."""
    filled = [place for place, group in enumerate(groups) if len(group)]
    means = to_lab(np.array([np.rint(groups[place].mean(axis=0)) for place in filled], np.uint8))
    distances = _squares(means, means) + np.diag(np.full(len(filled), np.inf))
    if len(filled) < 2 or distances.min() >= ALIKE**2:
        return None
    one, other = sorted(np.unravel_index(distances.argmin(), distances.shape))
    return filled[int(one)], filled[int(other)]


def _hex(rgb: Numbers) -> str:
    return "#" + "".join(f"{round(float(part)):02x}" for part in rgb)


def _nearest(rgb: Numbers) -> tuple[str, str]:
    """The name of CSS that is nearest, and its colour."""
    names, colours, lab = _named()
    place = int(_squares(to_lab(np.rint(rgb).astype(np.uint8))[None], lab)[0].argmin())
    return names[place], colours[place]


@functools.cache
def _named() -> tuple[list[str], list[str], Numbers]:
    """The colours that CSS has names for, each once."""
    by_colour = {ImageColor.getrgb(name)[:3]: name for name in ImageColor.colormap}
    names = list(by_colour.values())
    rgb = np.array(list(by_colour), np.uint8)
    return names, [_hex(colour.astype(np.float64)) for colour in rgb], to_lab(rgb)
