"""Runtimes whose models take one input after the other: a function from data to data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from clarifai_grpc.grpc.api.resources_pb2 import Data
from PIL import Image

from bowerbird.errors import ApiError
from bowerbird.images import open_image, to_mode
from bowerbird.runtimes.inputs import image_bytes_of
from bowerbird.runtimes.spec import Results
from bowerbird.settings import Settings

Answer = Callable[[Data], Data]  # raises ApiError
Pixels = npt.NDArray[np.uint8]  # height × width × 3, or without the last


@dataclass(frozen=True, slots=True)
class Each:
    """A loaded version that answers each input by itself, and so gains nothing from batches."""

    answer: Answer
    parallel: int = 1  # what is not safe in several threads leaves it at 1
    max_batch: int = 8

    def predict(self, inputs: Sequence[Data]) -> Results:
        return [self._attempt(data) for data in inputs]

    def _attempt(self, data: Data) -> Data | ApiError:
        try:
            return self.answer(data)
        except ApiError as error:
            return error

    def close(self) -> None:
        """The memory goes with the last reference."""


def picture_of(data: Data, settings: Settings) -> Image.Image:
    """The picture of an input, upright. Raises InputInvalid, InputTooLarge, InputUnsupported."""
    content = image_bytes_of(data)
    return open_image(content, max_bytes=settings.max_image_bytes, max_pixels=settings.max_image_pixels)


def reduced(image: Image.Image, mode: str, longest: int) -> Pixels:
    """The pixels in that mode, with no side longer than `longest`."""
    small = to_mode(image, mode)
    scale = longest / max(small.size)
    if scale < 1:
        size = (max(1, round(small.width * scale)), max(1, round(small.height * scale)))
        small = small.resize(size, Image.Resampling.BOX)
    return np.asarray(small)
