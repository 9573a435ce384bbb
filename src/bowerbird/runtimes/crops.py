"""Lets models that take images look at what was cut out of one: crop by crop, each answer in its region."""

from collections.abc import Sequence
from typing import Literal

from clarifai_grpc.grpc.api.resources_pb2 import Data, Region

from bowerbird.errors import ApiError, PredictionFailed
from bowerbird.runtimes.spec import Results, Runtime

_MEDIA: tuple[Literal["image", "video", "audio", "text"], ...] = ("image", "video", "audio", "text")


def is_crops(data: Data) -> bool:
    """Whether there are images in the regions, and no medium but them."""
    regions = any(region.data.HasField("image") for region in data.regions)
    return regions and not any(data.HasField(kind) for kind in _MEDIA)


class CropByCrop:
    """A model that is shown the images of regions; everything else it is given as it is."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @property
    def max_batch(self) -> int:
        return self._runtime.max_batch

    @property
    def parallel(self) -> int:
        return self._runtime.parallel

    def predict(self, inputs: Sequence[Data]) -> Results:
        whole = [data for data in inputs if not is_crops(data)]
        answers = iter(self._runtime.predict(whole) if whole else ())
        return [self._looked_at(data) if is_crops(data) else next(answers) for data in inputs]

    def close(self) -> None:
        self._runtime.close()

    def _looked_at(self, data: Data) -> Data | ApiError:
        regions = [region for region in data.regions if region.data.HasField("image")]
        seen = Data()
        try:
            for start in range(0, len(regions), self.max_batch):
                self._look(regions[start : start + self.max_batch], seen)
        except ApiError as error:
            return error
        return seen

    def _look(self, group: Sequence[Region], seen: Data) -> None:
        """Add what the model says of these regions. Raises ApiError when it fails on one."""
        results = self._runtime.predict([Data(image=region.data.image) for region in group])
        if len(results) != len(group):
            raise PredictionFailed(f"{len(results)} results for {len(group)} crops")
        for region, result in zip(group, results, strict=True):
            if isinstance(result, ApiError):
                raise type(result)(f"region {region.id}: {result.details or result.text()}")
            added = seen.regions.add(id=region.id, value=region.value, track_id=region.track_id)
            added.region_info.CopyFrom(region.region_info)
            added.data.CopyFrom(result)
