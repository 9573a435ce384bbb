"""Fingerprints of texts: the same for the same content, near to each other for similar content."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PERMUTATIONS = 128
BANDS, ROWS = 32, 4  # a similarity of 0.8 meets in some band with a probability of 1 - (1 - 0.8⁴)³² > 0.9999
SHINGLE = 5  # words
LONGEST = 1000  # words that are looked at

Signature = NDArray[np.uint32]  # PERMUTATIONS of them
Bands = NDArray[np.uint64]  # BANDS of them; similar texts have at least one in common

_WORD = re.compile(r"\w+")
_HALF = np.uint64(29)


class Sketch(NamedTuple):
    """What is kept of a text: as many minima as there are permutations, and a hash of each band of them."""

    signature: Signature
    bands: Bands


class MinHash:
    """Sketches whose signatures agree as often as the sets of shingles overlap (Broder 1997).

    Python's own hash is used, so they are of use within one process only.
    """

    def __init__(self, seed: int = 5) -> None:
        random = np.random.default_rng(seed)
        # h -> a·h + b mod 2^32 with an odd a is a permutation, and h is a hash already.
        self._factors = random.integers(0, 2**31, PERMUTATIONS, np.uint32) * np.uint32(2) + np.uint32(1)
        self._offsets = random.integers(0, 2**32, PERMUTATIONS, np.uint32)
        self._mixers = random.integers(0, 2**63, ROWS // 2, np.uint64) * np.uint64(2) + np.uint64(1)

    def sketch(self, text: str) -> Sketch | None:
        """Of the shingles of five words each, in whatever case; None for a text without words."""
        words = _WORD.findall(text.lower())[:LONGEST]
        if not words:
            return None
        hashes = np.array(_shingles(words), np.int64).view(np.uint32)[1::2]
        permuted = hashes[:, None] * self._factors
        permuted += self._offsets
        signature: Signature = permuted.min(axis=0)
        return Sketch(signature, self._bands(signature))

    def _bands(self, signature: Signature) -> Bands:
        halves = signature.view(np.uint64).reshape(BANDS, ROWS // 2) * self._mixers
        mixed: Bands = (halves[:, 0] ^ (halves[:, 1] >> _HALF)) * self._mixers[0]
        return mixed


def agreeing(one: Signature, other: Signature) -> int:
    """In how many places they agree: over PERMUTATIONS, an estimate of the Jaccard similarity of the shingles
    with a standard error of at most 0.045."""
    return int(np.count_nonzero(one == other))


def _shingles(words: Sequence[str]) -> list[int]:
    if len(words) < SHINGLE:
        return [hash(tuple(words))]
    return list(map(hash, zip(*(words[place:] for place in range(SHINGLE)), strict=False)))
