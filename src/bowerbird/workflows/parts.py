"""Data taken apart as annotations want it: one for the whole, one for each region and each frame."""

from collections.abc import Iterator

from clarifai_grpc.grpc.api.resources_pb2 import Data


def parts_of(data: Data) -> Iterator[Data]:
    """What is said of the whole, if anything is; then each region, then each frame."""
    whole = Data()
    whole.CopyFrom(data)
    whole.ClearField("regions")
    whole.ClearField("frames")
    if whole.ByteSize():
        yield whole
    for region in data.regions:
        yield Data(regions=[region])
    for frame in data.frames:
        yield Data(frames=[frame])
