"""Filters: what SQL finds is what one finds by looking at every input."""

import random
from itertools import product

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Input
from world import World
from zoo import having, hits, ids, labelled, made, post, text

from bowerbird.index.filters import Clause, HasTerm, Is, filtered
from bowerbird.index.terms import contains

pytestmark = pytest.mark.anyio

VALUES: list[object] = [
    None,
    True,
    1,
    "1",
    [],
    {},
    [1, 2],
    {"a": 1},
    [{"a": 1, "b": 2}],
    [{"a": 1}, {"b": 2}],
]
WANTED: list[object] = [*VALUES, [1], [{"a": 1}], {"a": {}}, [[]]]


async def inputs_with_metadata(world: World) -> list[Input]:
    draw = random.Random(7)
    pairs = draw.sample(list(product(VALUES, VALUES)), 60)
    given = [text(f"i{n}", metadata={"x": x, "y": {"z": y}}) for n, (x, y) in enumerate(pairs)]
    await post(world, *given)
    return given


async def test_metadata_filters_find_what_contains_them(world: World) -> None:
    given = await inputs_with_metadata(world)
    for wanted in WANTED:
        for metadata in ({"x": wanted}, {"y": {"z": wanted}}, {"x": wanted, "y": {}}):
            small = made(Input(), metadata=metadata).data.metadata
            expected = [i.id for i in given if contains(i.data.metadata, small)]
            assert await hits(world, having(metadata), per_page=1000) == expected[::-1], metadata


async def test_negated_filters_find_all_the_others(world: World) -> None:
    given = await inputs_with_metadata(world)
    for wanted in (None, 1, {"a": 1}, [1, 2]):
        found = await hits(world, having({"x": wanted}), per_page=1000)
        others = await hits(world, having({"x": wanted}, negate=True), per_page=1000)
        assert sorted(found + others) == sorted(ids(given))


async def test_the_rarest_term_leads(world: World) -> None:
    await post(
        world, *(text(f"t{n}", concepts={"all": 1} | ({"one": 1} if n == 3 else {})) for n in range(9))
    )
    clauses = [Clause((HasTerm(('c+:"all"',)), HasTerm(('c+:"one"',)))), Clause((Is("kind", "text"),))]
    async with world.app.services.db.read() as conn:
        found = await filtered(conn, await seq_of_the_app(world), clauses)
        assert found.leads == ('c+:"one"',)
        assert len((await conn.execute(found.page(10))).all()) == 1
    assert await hits(world, labelled("all"), labelled("one")) == ["t3"]


async def test_a_page_of_a_term_is_read_from_the_index_alone(world: World) -> None:
    if not world.app.services.db.is_sqlite:
        return  # the other database plans by its statistics
    async with world.app.services.db.read() as conn:
        await post(world, text("a", metadata={"x": 1}))
        found = await filtered(conn, await seq_of_the_app(world), [Clause((HasTerm(("m:x=1.0",)),))])
        sql = str(found.page(20).compile(dialect=conn.dialect, compile_kwargs={"literal_binds": True}))
        plan = " ".join(row[3] for row in await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}"))
    assert "SEARCH input_terms" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


async def seq_of_the_app(world: World) -> int:
    app = await world.app.dispatcher.authority.directory.app("alice", "zoo")
    assert app is not None
    return app.seq
