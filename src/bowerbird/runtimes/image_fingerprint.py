"""The runtime image-fingerprint: a perceptual hash, which tells copies of a picture from others."""

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.image_hashes import image_hash
from bowerbird.runtimes.each import Each, picture_of
from bowerbird.runtimes.fields import Fields, read_fields
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec

BITS = 64


class Nothing(Fields):
    """There is nothing to choose."""


@runtime("image-fingerprint")
def load(spec: ModelSpec, environment: Environment) -> Each:
    """Needs no file."""
    read_fields(Nothing, spec.config)

    def answer(data: Data) -> Data:
        return _answer(image_hash(picture_of(data, environment.settings)))

    return Each(answer, parallel=2)


def _answer(bits: int) -> Data:
    """64 numbers of ±1/8, so that the product of two is 1 - d / 32 for d bits that differ.

    The hash itself is in the metadata as `phash`, where the operator dedup looks for it.
    """
    data = Data()
    signs = np.unpackbits(np.frombuffer(bits.to_bytes(8, "big"), np.uint8))
    data.embeddings.add(vector=(signs.astype(np.float64) * 2 - 1) / 8, num_dimensions=BITS)
    data.metadata["phash"] = f"{bits:016x}"
    return data
