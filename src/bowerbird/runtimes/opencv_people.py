"""The runtime opencv-people: people who stand or walk, whole and upright, found by OpenCV's HOG detector."""

import math
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import Data
from pydantic import Field

from bowerbird.runtimes.boxes import Box, box_of, regions_of
from bowerbird.runtimes.each import Each, picture_of, reduced
from bowerbird.runtimes.fields import Fields, read_fields
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec

WINDOW = (64, 128)  # pixels, which a picture has to have at least


class People(Fields):
    """How closely a picture is searched."""

    longest_side: int = Field(480, ge=128, le=4096)  # it is reduced to
    least_margin: float = Field(0.5, ge=0, le=10)  # distance from the plane that parts people from the rest


@runtime("opencv-people", install="pip install 'bowerbird[vision]'")
def load(spec: ModelSpec, environment: Environment) -> Each:
    """Needs no file: the weights come with OpenCV."""
    import cv2

    people = read_fields(People, spec.config)
    detector = cv2.HOGDescriptor()
    detector.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())  # type: ignore[attr-defined]
    cv2.setNumThreads(1)

    def answer(data: Data) -> Data:
        pixels = reduced(picture_of(data, environment.settings), "RGB", people.longest_side)
        boxes = _boxes(detector, pixels[..., ::-1].copy(), people.least_margin)
        return regions_of(boxes, size=(pixels.shape[1], pixels.shape[0]), concept="person")

    return Each(answer)


def _boxes(detector: Any, pixels: Any, least: float) -> list[Box]:  # OpenCV's types are too wide to help
    """The value of a person is 1 / (1 + e^-margin): an order, not a probability."""
    if pixels.shape[1] < WINDOW[0] or pixels.shape[0] < WINDOW[1]:
        return []
    found, margins = detector.detectMultiScale(pixels, winStride=(8, 8), padding=(16, 16), scale=1.05)
    pairs = zip(found, map(float, margins), strict=True)
    return [box_of(box, 1 / (1 + math.exp(-m))) for box, m in pairs if m >= least]
