"""Exact search among embeddings, from memory: one query, as a thread runs it."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.rows import Row, at_most
from bowerbird.index.exact import Best

INPUTS, DIM = 100_000, 512
MOST_MS = 25.0
ROUNDS = 15


async def rows(scratch: Path) -> list[Row]:
    draw = np.random.default_rng(1)
    vectors = draw.normal(size=(INPUTS, DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    inputs, wanted = np.arange(INPUTS), vectors[7]
    floor = _median_ms(lambda: vectors @ wanted)
    ours = _median_ms(lambda: Best(10, -1.0).look(inputs, vectors, wanted, None))
    return [at_most(f"exact search, {INPUTS // 1000}k × {DIM}, one query", ours, MOST_MS, "ms", floor=floor)]


def _median_ms(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return sorted(spent)[ROUNDS // 2] * 1000
