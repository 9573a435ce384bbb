"""Handwritten digits: what the model learns from, and what its callers send."""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

SEED = 1797
TRAINED_ON = 600
SIDE = 64  # of a picture, in pixels
GRAINS = 16  # of the noise, along a side
Pixels = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Digit:
    """A picture of a digit, which digit it is, and what was done to it: "", "rotated" or "noisy"."""

    picture: Image.Image
    truth: str
    change: str = ""

    @property
    def png(self) -> bytes:
        out = io.BytesIO()
        self.picture.save(out, "PNG")
        return out.getvalue()


def written() -> tuple[list[Digit], list[Digit]]:
    """The 1,797 digits of scikit-learn: those to learn from, and the others as callers will send them.

    A third of what is sent is rotated or noisy. The same digits, the same changes every time.
    """
    from sklearn.datasets import load_digits

    found = load_digits()
    random = np.random.default_rng(SEED)
    digits = [
        Digit(_enlarged(found.images[place]), str(found.target[place]))
        for place in random.permutation(len(found.images)).tolist()
    ]
    sent = [_changed(d, random) if n % 3 == 0 else d for n, d in enumerate(digits[TRAINED_ON:])]
    random.shuffle(sent)
    return digits[:TRAINED_ON], sent


def _enlarged(shades: Pixels) -> Image.Image:
    """A picture of 8 by 8 shades from 0 to 16, as white ink on black."""
    small = Image.fromarray((shades * 255 / 16).round().astype(np.uint8))
    return small.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def _changed(digit: Digit, random: np.random.Generator) -> Digit:
    if random.random() < 0.5:
        degrees = float(random.choice([-1, 1]) * random.uniform(15, 40))
        return Digit(digit.picture.rotate(degrees, Image.Resampling.BICUBIC), digit.truth, "rotated")
    noise = random.normal(0, 60, (GRAINS, GRAINS)).repeat(SIDE // GRAINS, 0).repeat(SIDE // GRAINS, 1)
    shades = np.clip(np.asarray(digit.picture, np.float32) + noise, 0, 255)
    return Digit(Image.fromarray(shades.astype(np.uint8)), digit.truth, "noisy")
