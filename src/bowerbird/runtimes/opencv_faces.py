"""The runtime opencv-faces: upright faces that look at the camera, found by OpenCV's cascade."""

from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import Data
from pydantic import Field

from bowerbird.runtimes.boxes import Box, box_of, regions_of
from bowerbird.runtimes.each import Each, picture_of, reduced
from bowerbird.runtimes.fields import Fields, read_fields
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec

# Of the five cascades that OpenCV ships, the one with no false face in the test photographs.
CASCADE = "haarcascade_frontalface_alt2.xml"
SMALLEST = 24  # pixels: the cascade was trained on windows of 20


class Faces(Fields):
    """How closely a picture is searched."""

    longest_side: int = Field(480, ge=64, le=4096)  # it is reduced to
    least_windows: int = Field(5, ge=1, le=100)  # overlapping ones that have to agree on a face


@runtime("opencv-faces", install="pip install 'bowerbird[vision]'")
def load(spec: ModelSpec, environment: Environment) -> Each:
    """Needs no file: the cascade comes with OpenCV."""
    import cv2

    faces = read_fields(Faces, spec.config)
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + CASCADE)  # type: ignore[attr-defined]
    cv2.setNumThreads(1)

    def answer(data: Data) -> Data:
        pixels = reduced(picture_of(data, environment.settings), "L", faces.longest_side)
        boxes = _boxes(cascade, pixels, faces.least_windows)
        return regions_of(boxes, size=(pixels.shape[1], pixels.shape[0]), concept="face")

    return Each(answer)


def _boxes(cascade: Any, pixels: Any, least: int) -> list[Box]:  # OpenCV's types are too wide to help
    """The value of a face is n / (n + 5) when n windows agree on it: an order, not a probability."""
    found, windows = cascade.detectMultiScale2(
        pixels, scaleFactor=1.1, minNeighbors=least, minSize=(SMALLEST, SMALLEST)
    )
    return [box_of(box, n / (n + 5)) for box, n in zip(found, windows, strict=True)]
