"""Perceptual hashes of images: near to each other for pictures that look alike."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bowerbird.images import to_mode

if TYPE_CHECKING:
    from PIL.Image import Image

_SMALL, _LOW = 32, 8  # pixels, frequencies


def image_hash(image: "Image") -> int:
    """The perceptual hash of 64 bits: the lowest frequencies of the grey image against their median.

    Pictures that look alike differ in a few bits: 4 strictly, 10 loosely.
    """
    from PIL.Image import Resampling

    small = to_mode(image, "L").resize((_SMALL, _SMALL), Resampling.LANCZOS)
    frequencies = _COSINES @ np.asarray(small, np.float64) @ _COSINES.T
    bits = (frequencies > np.median(frequencies)).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def bits_apart(hashes: NDArray[np.uint64], one: int) -> NDArray[np.uint8]:
    """The Hamming distances of perceptual hashes."""
    apart: NDArray[np.uint8] = np.bitwise_count(hashes ^ np.uint64(one))
    return apart


def _cosines() -> NDArray[np.float64]:
    """The lowest rows of the discrete cosine transform (DCT-II)."""
    places = np.pi * (2 * np.arange(_SMALL) + 1) / (2 * _SMALL)
    rows: NDArray[np.float64] = np.cos(np.outer(np.arange(_LOW), places))
    return rows


_COSINES = _cosines()
