"""Operators that cut boxes out of images, and count them."""

import io

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data
from PIL import Image
from workflows.doors import boxed, picture
from workflows.shapes import info, output, view
from workflows.test_operators import run

from bowerbird.errors import ApiError
from bowerbird.workflows.plain import plain_struct


def crops(data: Data, given: Data | None = None, **parameters: object) -> list[Image.Image]:
    kept = run("image-crop", info(**parameters), view(data, given=given))
    if kept is None:
        return []
    made = kept.to_data()
    assert not made.image.base64
    assert not any(region.data.concepts for region in made.regions)
    return [Image.open(io.BytesIO(region.data.image.base64)) for region in made.regions]


def shown(content: bytes) -> Data:
    data = Data()
    data.image.base64 = content
    return data


def test_each_box_is_cut_out_of_the_inputs_image() -> None:
    left, right = crops(boxed((0, 0, 1, 0.5), (0, 0.5, 0.5, 1)), shown(picture()))
    assert (left.size, right.size) == ((20, 20), (20, 10))
    assert left.getpixel((10, 10))[0] > 200
    assert right.getpixel((10, 5))[2] > 200


@pytest.mark.parametrize(
    ("margin", "size"), [(1.0, (10, 10)), (2.0, (20, 20)), (0.5, (5, 5)), (10, (40, 20)), (0.1, (1, 1))]
)
def test_a_margin_widens_the_box_within_the_image(margin: float, size: tuple[int, int]) -> None:
    (crop,) = crops(boxed((0.25, 0.375, 0.75, 0.625)), shown(picture()), margin=margin)
    assert crop.size == size


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (1, 1, 1, 1), (-1, -1, 3, 3), (0.9, 0.9, 0.1, 0.1)])
def test_odd_boxes_give_something(box: tuple[float, float, float, float]) -> None:
    (crop,) = crops(boxed(box), shown(picture()))
    assert min(crop.size) >= 1


def test_what_is_transparent_stays_so() -> None:
    (crop,) = crops(boxed((0, 0, 1, 1)), shown(picture(mode="RGBA")))
    assert (crop.mode, crop.format) == ("RGBA", "PNG") if crop.has_transparency_data else ("RGB", "JPEG")


def test_without_boxes_nothing_is_cut_out() -> None:
    assert crops(output({"a": 0.5}, [{"b": 0.5}]), shown(picture())) == []


def test_without_an_image_it_says_so() -> None:
    with pytest.raises(ApiError, match="no image"):
        crops(boxed((0, 0, 1, 1)))


def test_regions_are_counted_by_their_best_concept() -> None:
    data = output({"x": 1}, [{"car": 0.75, "van": 0.5}, {"car": 0.625}, {"dog": 0.25}, {}])

    def counted(thresholds: dict[str, float] | None = None, **parameters: object) -> object:
        kept = run("object-counter", info(thresholds, **parameters), view(data))
        return None if kept is None else plain_struct(kept.to_data().metadata)

    assert counted() == {"object_count": {"car": 2, "dog": 1}}
    assert counted(threshold=0.5) == {"object_count": {"car": 2}}
    assert counted({"dog": 0}) == {"object_count": {"dog": 1}}
    assert counted({"van": 0}) is None
