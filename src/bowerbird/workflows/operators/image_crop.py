"""The operator image-crop."""

import asyncio
import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from clarifai_grpc.grpc.api.resources_pb2 import BoundingBox, Data, Region

from bowerbird.errors import InputInvalid
from bowerbird.images import open_image, to_mode
from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import Number
from bowerbird.workflows.operators import SlowStep, operator
from bowerbird.workflows.outside import Outside
from bowerbird.workflows.view import View

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_CROPS = 100
QUALITY = 95  # of JPEG: what is cut out is looked at again


@operator(
    "image-crop",
    title="Image Cropper",
    kind="maker",
    input_fields=["regions[...].region_info.bounding_box"],
    output_fields=["regions[...].data.image", "regions[...].region_info.bounding_box"],
    light=False,
)
def image_crop(
    *,
    outside: Outside,
    margin: Annotated[
        float, Number("What the sides of a box are multiplied by before it is cut out.", 0.1, 10)
    ] = 1.0,
) -> SlowStep:
    """Cut the boxes of regions out of the input's image: each region has its crop as an image, and no longer
    its concepts. Of more than 100 boxes the first 100 are cut out. What has no boxes is dropped. As the last
    node of a collector's post-queue workflow it has the first crop posted in place of the image."""

    async def step(view: View, draw: Draw) -> View | None:
        regions = [one for one in view.to_data().regions if one.region_info.HasField("bounding_box")]
        if not regions:
            return None
        content = view.output.image.base64 or (view.input.image.base64 if view.input is not None else b"")
        if not content:
            raise InputInvalid("image-crop: there is no image to cut the boxes out of")
        cropped = await asyncio.to_thread(_cropped, content, regions[:MOST_CROPS], margin, outside)
        return view.with_output(cropped)

    return step


def _cropped(content: bytes, regions: Sequence[Region], margin: float, outside: Outside) -> Data:
    image = open_image(content, max_bytes=outside.max_image_bytes, max_pixels=outside.max_image_pixels)
    image = to_mode(image, "RGBA" if image.has_transparency_data else "RGB")
    output = Data()
    for region in regions:
        added = output.regions.add(id=region.id, value=region.value, track_id=region.track_id)
        added.region_info.CopyFrom(region.region_info)
        crop = image.crop(_pixels(region.region_info.bounding_box, image.size, margin))
        added.data.image.base64 = _encoded(crop)
        image_info = added.data.image.image_info
        image_info.width, image_info.height = crop.size
        image_info.format = "PNG" if crop.mode == "RGBA" else "JPEG"
    return output


def _pixels(box: BoundingBox, size: tuple[int, int], margin: float) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the widened box, within the image and at least a pixel wide and high."""
    left, right = _stretch(box.left_col, box.right_col, margin, size[0])
    top, bottom = _stretch(box.top_row, box.bottom_row, margin, size[1])
    return left, top, right, bottom


def _stretch(low: float, high: float, margin: float, length: int) -> tuple[int, int]:
    middle, half = (low + high) / 2, abs(high - low) / 2 * margin
    start = min(max(math.floor((middle - half) * length + 0.5), 0), length - 1)
    return start, min(max(math.floor((middle + half) * length + 0.5), start + 1), length)


def _encoded(image: "Image") -> bytes:
    out = io.BytesIO()
    if image.mode == "RGBA":
        image.save(out, "PNG")
    else:
        image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
