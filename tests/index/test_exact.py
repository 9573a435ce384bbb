"""Nearest neighbours: what memory answers is what one finds by comparing with every row."""

import random

import numpy as np
import pytest
from base import with_base, work
from clarifai_grpc.grpc.api.service_pb2 import DeleteInputsRequest
from sqlalchemy import select
from world import World
from zoo import ZOO, post, text

from bowerbird.errors import Invalid
from bowerbird.index.exact import ExactNearest
from bowerbird.index.vectors import Vector, renew_vectors, unit
from bowerbird.store.tables import inputs

pytestmark = pytest.mark.anyio
DIM = 8


async def app_with(world: World, n: int, regions: int = 1) -> tuple[int, dict[int, list[np.ndarray]]]:
    """An app with inputs of random vectors: its number, and the vectors of each input."""
    await post(world, *(text(f"i{i}") for i in range(n)))
    draw, kept = np.random.default_rng(7), {}
    ref = await world.app.dispatcher.authority.directory.app("alice", "zoo")
    assert ref
    async with world.app.services.db.read() as conn:
        query = select(inputs.c.seq).where(inputs.c.app == ref.seq).order_by(inputs.c.seq)
        seqs = list((await conn.execute(query)).scalars())
    for seq in seqs:
        kept[seq] = [unit(draw.normal(size=DIM)) for _ in range(regions)]
    async with world.app.services.db.write() as conn:
        found = [(seq, Vector("v", r, v)) for seq, vs in kept.items() for r, v in enumerate(vs)]
        await renew_vectors(conn, ref.seq, seqs, found)
    return ref.seq, kept


def expected(kept: dict[int, list[np.ndarray]], wanted: np.ndarray, k: int) -> list[int]:
    best = {seq: max(float(v @ unit(wanted)) for v in vectors) for seq, vectors in kept.items()}
    return sorted(best, key=lambda seq: -best[seq])[:k]


@pytest.mark.parametrize("max_bytes", [0, 1 << 20])
async def test_the_nearest_are_found_in_memory_and_when_they_do_not_fit(world: World, max_bytes: int) -> None:
    app, kept = await app_with(world, 40, regions=3)
    nearest = ExactNearest(world.app.services.db, max_bytes=max_bytes)
    draw = np.random.default_rng(8)
    for k in (1, 5, 100):
        wanted = draw.normal(size=DIM)
        found = await nearest.nearest(app, wanted.tolist(), k)
        assert [n.input for n in found] == expected(kept, wanted, k)
    some = random.Random(1).sample(sorted(kept), 7)
    found = await nearest.among(app, "v", wanted.tolist(), 3, inputs=some)
    assert [n.input for n in found] == expected({s: kept[s] for s in some}, wanted, 3)


async def test_what_comes_and_goes_is_seen_by_a_process_that_remembers(world: World) -> None:
    app, kept = await app_with(world, 12)
    nearest = ExactNearest(world.app.services.db, max_bytes=1 << 20)
    wanted = np.ones(DIM)
    assert [n.input for n in await nearest.nearest(app, wanted.tolist(), 3)] == expected(kept, wanted, 3)
    gone = [f"i{n}" for n in range(6)]
    await world.ok("alice", "DeleteInputs", DeleteInputsRequest(ids=gone), **ZOO)
    left = dict(list(kept.items())[6:])
    changed, moved = next(iter(left)), unit(np.ones(DIM))
    assert moved is not None
    async with world.app.services.db.write() as conn:
        await renew_vectors(conn, app, [changed], [(changed, Vector("v", 0, moved))])
    left[changed] = [moved]
    found = await nearest.nearest(app, wanted.tolist(), 12)
    assert [n.input for n in found] == expected(left, wanted, 12)
    assert (found[0].input, round(found[0].similarity, 3)) == (changed, 1.0)


@pytest.mark.parametrize("wrong", [[1.0] * 3, [0.0] * DIM, [float("nan")] * DIM, []])
async def test_a_vector_that_cannot_be_compared_is_refused(world: World, wrong: list[float]) -> None:
    app, _ = await app_with(world, 2)
    with pytest.raises(Invalid):
        await world.app.services.nearest.nearest(app, wrong, 1)


async def test_an_app_without_embeddings_has_no_neighbours(world: World) -> None:
    await with_base(world)
    await work(world)
    assert await world.app.services.nearest.nearest(1, [1.0, 2.0], 1) == []


async def test_what_was_used_longest_ago_goes_from_memory_first(world: World) -> None:
    app, _ = await app_with(world, 12)
    nearest = ExactNearest(world.app.services.db, max_bytes=12 * DIM * 4 + 12 * 16 + 100)
    await nearest.among(app, "v", [1.0] * DIM, 1)
    await nearest.among(app, "none", [1.0] * DIM, 1)
    assert nearest.nbytes <= 12 * DIM * 4 + 12 * 16 + 100
    assert len(await nearest.among(app, "v", [1.0] * DIM, 5)) == 5
