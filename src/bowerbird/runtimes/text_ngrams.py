"""The runtime text-ngrams: an embedding of a text by its words and letters, without anything learned."""

import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import Data
from pydantic import Field, model_validator

from bowerbird.runtimes.each import Each
from bowerbird.runtimes.fields import Fields, read_fields
from bowerbird.runtimes.inputs import Positive, text_of, words_of
from bowerbird.runtimes.lab import Numbers
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec

LONGEST = 20_000  # characters that are looked at
LETTERS = (3, 4)  # lengths of the pieces of words


class Ngrams(Fields):
    """How many numbers the embedding has, and what each of them weighs when that is known."""

    dimensions: int = Field(512, ge=16, le=4096)
    idf: tuple[Positive, ...] = ()  # inverse document frequencies, one a dimension

    @model_validator(mode="after")
    def _check(self) -> "Ngrams":
        if len(self.idf) not in (0, self.dimensions):
            raise ValueError(f"idf needs {self.dimensions} numbers, as many as there are dimensions")
        return self


@runtime("text-ngrams")
def load(spec: ModelSpec, environment: Environment) -> Each:
    """Needs no file."""
    ngrams = read_fields(Ngrams, spec.config)
    weights = np.array(ngrams.idf or np.ones(ngrams.dimensions))

    def answer(data: Data) -> Data:
        vector = embedding(text_of(data, environment.settings)[:LONGEST], weights)
        answered = Data()
        answered.embeddings.add(vector=vector, num_dimensions=len(vector))
        return answered

    return Each(answer)


def embedding(text: str, weights: Numbers) -> Numbers:
    """A number for each weight, of length 1; all are 0 for a text without words.

    Each n-gram is hashed to a dimension and a sign (Weinberger 2009), and counts 1 + ln(times).
    """
    vector = np.zeros(len(weights))
    for ngram, times in Counter(_ngrams(words_of(text, lowercase=True))).items():
        hashed = zlib.crc32(ngram.encode())
        sign = 1.0 if hashed & 1 else -1.0
        vector[(hashed >> 1) % len(weights)] += sign * (1 + np.log(times))
    vector *= weights
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector


def _ngrams(words: list[str]) -> Iterator[str]:
    """The words, pairs of them, and pieces of each with its edges marked."""
    yield from words
    yield from map(" ".join, pairwise(words))
    for word in words:
        marked = f"<{word}>"
        for length in LETTERS:
            yield from (marked[start : start + length] for start in range(len(marked) - length + 1))
