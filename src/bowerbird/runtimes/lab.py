"""The colour space CIE L*a*b* (D65), in which distances are about as large as they look."""

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = _TO_XYZ.sum(axis=1)
_EDGE = 6 / 29


def to_lab(rgb: npt.NDArray[np.uint8]) -> Numbers:
    """L from 0 to 100, a and b from about -110 to 110, of sRGB in the last axis."""
    linear = _LINEAR[rgb]
    ratio = linear @ (_TO_XYZ / _WHITE[:, None]).T
    f = np.where(ratio > _EDGE**3, np.cbrt(ratio), ratio / (3 * _EDGE**2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _linear() -> Numbers:
    """The light of each of the 256 values of sRGB."""
    values = np.arange(256) / 255
    light: Numbers = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return light


_LINEAR = _linear()
