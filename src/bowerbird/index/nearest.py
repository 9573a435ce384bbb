"""Nearest neighbours among the embeddings of an app's inputs: what operators and searches ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An input of the app. `similarity` is the cosine of the two embeddings, -1..1."""

    input: int  # its number, inputs.seq
    similarity: float


class Nearest(Protocol):
    """An index of embeddings, as the base workflow of each app gives them."""

    async def nearest(self, app: int, embedding: Sequence[float], k: int) -> list[Neighbour]:
        """The up to `k` inputs of the app (its number, apps.seq) that are most similar, the nearest first.

        Empty when the app holds no embeddings. Raises Invalid when the embedding has another length than
        those that the app holds: it comes from another model.
        """
        ...
