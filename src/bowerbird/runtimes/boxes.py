"""Answers of detectors: boxes as shares of the picture, each with a concept."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from clarifai_grpc.grpc.api.resources_pb2 import Data, Region


class Box(NamedTuple):
    """In pixels of the picture that was searched, and how sure the detector is, from 0 to 1."""

    left: float
    top: float
    width: float
    height: float
    value: float


def box_of(found: Sequence[float], value: float) -> Box:
    """The box that OpenCV gives as left, top, width and height."""
    left, top, width, height = map(float, found)
    return Box(left, top, width, height, value)


def regions_of(boxes: Iterable[Box], *, size: tuple[int, int], concept: str) -> Data:
    """The answer for a searched picture of that width and height; the surest first."""
    data = Data()
    for box in sorted(boxes, key=lambda box: -box.value):
        region = data.regions.add(value=box.value)
        place(region, (box.left, box.top, box.left + box.width, box.top + box.height), size)
        region.data.concepts.add(id=concept, name=concept, value=box.value)
    return data


def place(region: Region, edges: tuple[float, float, float, float], size: tuple[int, int]) -> None:
    """Write the box: left, top, right and bottom in pixels of a picture of that width and height."""
    width, height = size
    box = region.region_info.bounding_box
    box.left_col, box.right_col = _share(edges[0], width), _share(edges[2], width)
    box.top_row, box.bottom_row = _share(edges[1], height), _share(edges[3], height)
    region.id = f"{box.left_col:.4f}-{box.top_row:.4f}-{box.right_col:.4f}-{box.bottom_row:.4f}"


def _share(pixels: float, of: int) -> float:
    return min(1.0, max(0.0, float(pixels) / of))
