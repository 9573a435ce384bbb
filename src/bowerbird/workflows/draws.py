"""Coins that fall the same way whenever they are thrown again for the same request."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

MASK = 2**64 - 1


class Draw(Protocol):
    """Throws the coin of one node."""

    def coin(self, p: float, key: int) -> bool:
        """True with probability `p`, for the digest `key` of whatever is to be taken together.

        A node throws at most one coin for a prediction.
        """
        ...


def digest(key: str) -> int:
    """64 bits that look random and depend on nothing but `key`."""
    return int.from_bytes(_hashed(key), "little")


def packed_digests(keys: Iterable[str]) -> bytes:
    """The digests of many keys, each as 8 bytes, the lowest first."""
    return b"".join(map(_hashed, keys))


def _hashed(key: str) -> bytes:
    return blake2b(key.encode(), digest_size=8).digest()


def limit_of(p: float) -> int:
    """u < p is the same as 2^64·u < limit_of(p)."""
    return int(p * 2.0**64)


class HashedDraw:
    """u = (a·key + b mod 2^64) / 2^64, with an odd `a` and a `b` that are hashed from salt and node.

    The key is a digest, so its bits are random already and one multiplication is enough. Over all keys
    u takes each value exactly once, and the u of k nodes form a rank-1 lattice of 2^64 points with a
    random generator (Korobov 1959), which is nearly independent for the few coins that are thrown
    together. u does not depend on p: who raises p keeps the earlier sample.
    """

    __slots__ = ("a", "b")

    def __init__(self, salt: str, node: str) -> None:
        seed = blake2b(f"{len(salt)}:{salt}{node}".encode(), digest_size=16).digest()
        self.a = int.from_bytes(seed[:8], "little") | 1
        self.b = int.from_bytes(seed[8:], "little")

    def u(self, key: int) -> float:
        """In [0, 1)."""
        return (self.a * key + self.b & MASK) / 2.0**64

    def coin(self, p: float, key: int) -> bool:
        return self.a * key + self.b & MASK < limit_of(p)

    def coins(self, p: float, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """The same of each of many."""
        if p >= 1:
            return np.ones(len(keys), bool)
        won: NDArray[np.bool_] = np.uint64(self.a) * keys + np.uint64(self.b) < np.uint64(limit_of(p))
        return won  # modulo 2^64, as numpy has it
