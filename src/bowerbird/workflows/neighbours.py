"""The embedding of a prediction, for operators that compare it with what the app holds."""

from collections.abc import Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Data


def embedding_of(data: Data) -> Sequence[float]:
    """The first embedding; empty when there is none."""
    return data.embeddings[0].vector if data.embeddings else ()
