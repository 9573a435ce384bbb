"""The runtime image-histograms: an embedding of colours, gradients and texture, without anything learned."""

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import Data
from PIL import Image

from bowerbird.images import to_mode
from bowerbird.runtimes.each import Each, Pixels, picture_of
from bowerbird.runtimes.fields import Fields, read_fields
from bowerbird.runtimes.lab import Numbers, to_lab
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec

SIDE = 128  # pixels, in each direction
DIMENSIONS = 512  # 256 of colour, 128 of gradients, 128 of texture
CELLS, DIRECTIONS = 4, 8
MARGIN = 4.0  # greys by which a neighbour has to be lighter, so that the noise of encoders is no texture


class Nothing(Fields):
    """There is nothing to choose."""


@runtime("image-histograms")
def load(spec: ModelSpec, environment: Environment) -> Each:
    """Needs no file."""
    read_fields(Nothing, spec.config)

    def answer(data: Data) -> Data:
        vector = embedding(picture_of(data, environment.settings))
        answered = Data()
        answered.embeddings.add(vector=vector, num_dimensions=len(vector))
        return answered

    return Each(answer, parallel=2, max_batch=4)


def embedding(image: Image.Image) -> Numbers:
    """512 numbers of length 1. Their product for two pictures is the mean of three overlaps of histograms.

    Each of the three parts is the square root of a histogram, as RootSIFT does it (Arandjelović 2012).
    """
    pixels = np.asarray(to_mode(image, "RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    grey = _smoothed(pixels @ np.array([0.299, 0.587, 0.114]))
    parts = (_colours(pixels), _gradients(grey), _texture(grey))
    return np.concatenate([np.sqrt(part / (3 * part.sum())) for part in parts])


def _colours(pixels: Pixels) -> Numbers:
    """4 × 8 × 8 bins of L*a*b*; a pixel counts for the bins around it by how near it is to each."""
    lab = to_lab(pixels).reshape(-1, 3)
    histogram = np.zeros((4, 8, 8))
    places = (lab / (100, 160, 160) + (0, 0.5, 0.5)) * histogram.shape - 0.5
    low = np.floor(places).astype(int)
    share = places - low
    for corner in np.ndindex(2, 2, 2):
        weight = np.abs(1 - np.array(corner) - share).prod(axis=1)
        bins = np.clip(low + corner, 0, np.array(histogram.shape) - 1)
        np.add.at(histogram, tuple(bins.T), weight)
    return histogram.ravel()


def _gradients(grey: Numbers) -> Numbers:
    """8 directions in 4 × 4 cells, weighed by how steep the grey is; flat pictures count for all alike."""
    down, right = np.gradient(grey)
    angle = (np.arctan2(down, right) / (2 * np.pi) % 1) * DIRECTIONS
    low = np.floor(angle).astype(int)
    share = angle - low
    steep = np.hypot(down, right)
    cell = np.arange(SIDE) * CELLS // SIDE
    base = (cell[:, None] * CELLS + cell[None, :]) * DIRECTIONS
    histogram = np.full(128, SIDE * SIDE * 0.5 / 128)  # half a grey a pixel: faint gradients weigh little
    histogram += np.bincount((base + low % DIRECTIONS).ravel(), (steep * (1 - share)).ravel(), 128)
    histogram += np.bincount((base + (low + 1) % DIRECTIONS).ravel(), (steep * share).ravel(), 128)
    return histogram


def _texture(grey: Numbers) -> Numbers:
    """Local binary patterns (Ojala 2002): which of eight neighbours are lighter; a pattern and its negative
    are one."""
    middle = grey[2:-2, 2:-2]
    ring = ((-2, 0), (-2, 2), (0, 2), (2, 2), (2, 0), (2, -2), (0, -2), (-2, -2))
    codes = np.zeros(middle.shape, int)
    for bit, (down, right) in enumerate(ring):
        neighbour = grey[2 + down : SIDE - 2 + down, 2 + right : SIDE - 2 + right]
        codes |= (neighbour > middle + MARGIN).astype(int) << bit
    return np.bincount(np.minimum(codes, 255 - codes).ravel(), minlength=128).astype(np.float64)


def _smoothed(grey: Numbers) -> Numbers:
    """The grey blurred over three pixels in each direction."""
    for axis in (0, 1):
        grey = (np.roll(grey, 1, axis) + 2 * grey + np.roll(grey, -1, axis)) / 4
    return grey
