"""How many of the inputs that a query finds have what: exact while they are few, else evenly drawn."""

from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import (
    Annotation,
    Concept,
    Data,
    Filter,
    Input,
    Query,
    Text,
    UserAppIDSet,
)
from clarifai_grpc.grpc.api.service_pb2 import PostInputsRequest
from google.protobuf.json_format import MessageToDict
from pond import struct
from world import World

from bowerbird.errors import SearchInvalid
from bowerbird.index import facets as index
from bowerbird.proto.labelling_pb2 import FacetsQuery, InputFacets, PostInputFacetsRequest

pytestmark = pytest.mark.anyio
ZOO = UserAppIDSet(user_id="alice", app_id="zoo")
Counts = dict[str, list[tuple[Any, int]]]


def an_input(n: int) -> Input:
    metadata = {
        "site": "north" if n % 4 else "south",
        "n": n % 2,
        "odd = key": True,
        "tags": ["a", "b"][: n % 3],
    }
    if n % 5 == 0:
        metadata |= {"collector_id": "night", "capture": {"request_id": f"r{n}"}}
    concepts = [Concept(id="cat", value=1.0)] if n % 2 else [Concept(id="dog", value=0.0)]
    return Input(id=f"i{n}", data=Data(text=Text(raw=f"{n}"), metadata=struct(**metadata), concepts=concepts))


async def fill(world: World, count: int) -> None:
    for start in range(0, count, 100):
        made = [an_input(n) for n in range(start, min(start + 100, count))]
        await world.ok("alice", "PostInputs", PostInputsRequest(user_app_id=ZOO, inputs=made))


async def facets(world: World, *queries: FacetsQuery) -> list[InputFacets]:
    request = PostInputFacetsRequest(user_app_id=ZOO, queries=queries)
    return list((await world.ok("alice", "PostInputFacets", request)).facets)


def plain(found: InputFacets) -> Counts:
    return {f.name: [(MessageToDict(v.value), v.count) for v in f.values] for f in found.facets}


async def test_what_the_found_inputs_have_in_common(world: World) -> None:
    await fill(world, 60)
    north = Query(filters=[Filter(input=Input(data=Data(metadata=struct(site="north"))))])
    cat = Query(filters=[Filter(annotation=Annotation(data=Data(concepts=[Concept(id="cat", value=1)])))])
    everything, filtered, one = await facets(
        world,
        FacetsQuery(),
        FacetsQuery(query=north),
        FacetsQuery(query=cat, facets=["metadata.site", "concept"]),
    )
    assert (everything.total, everything.drawn) == (60, 0)
    counts = plain(everything)
    assert counts["concept"] == [("cat", 30)]
    assert counts["without_concept"] == [("dog", 30)]
    assert counts["collector"] == [("night", 12)]
    assert counts["kind"] == [("text", 60)]
    assert counts["metadata.site"] == [("north", 45), ("south", 15)]
    assert counts["metadata.n"] == [(0.0, 30), (1.0, 30)]
    assert counts['metadata."odd = key"'] == [(True, 60)]
    assert counts["metadata.tags[]"] == [("a", 40), ("b", 20)]
    assert not [name for name in counts if "capture" in name or "collector_id" in name]
    missing = {f.name: f.missing for f in everything.facets}
    assert (missing["concept"], missing["collector"], missing["metadata.site"]) == (30, 48, 0)
    assert filtered.total == 45
    assert plain(filtered)["metadata.site"] == [("north", 45)]
    assert plain(one) == {"metadata.site": [("north", 30)], "concept": [("cat", 30)]}


async def test_of_many_some_are_drawn_and_that_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "MOST", 100)
    await fill(world, 400)
    (found,) = await facets(world, FacetsQuery())
    assert found.total == 400
    assert 60 < found.drawn < 140
    counts = dict(plain(found)["metadata.site"])
    assert counts["north"] + counts["south"] == 400
    assert 250 < counts["north"] < 350
    assert plain(found)["kind"] == [("text", 400)]


async def test_what_is_no_facet_is_refused(world: World) -> None:
    for queries in ([], [FacetsQuery(facets=["colour"])]):
        request = PostInputFacetsRequest(user_app_id=ZOO, queries=queries)
        await world.fails(SearchInvalid.code, "alice", "PostInputFacets", request)
