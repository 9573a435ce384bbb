"""Model types, through the door."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import ModelTypeField
from clarifai_grpc.grpc.api.service_pb2 import GetModelTypeRequest, ListModelTypesRequest
from lights import ZOO
from world import World

from bowerbird.errors import Code

pytestmark = pytest.mark.anyio


async def test_all_types_are_listed(world: World) -> None:
    answer = await world.ok("alice", "ListModelTypes", ListModelTypesRequest(), **ZOO)
    ids = [kind.id for kind in answer.model_types]
    assert {"embedding-classifier", "visual-classifier", "concept-thresholder", "random-sample"} <= set(ids)
    assert ids == sorted(ids)


async def test_types_come_in_pages(world: World) -> None:
    every = await world.ok("alice", "ListModelTypes", ListModelTypesRequest(), **ZOO)
    second = await world.ok("alice", "ListModelTypes", ListModelTypesRequest(page=2, per_page=3), **ZOO)
    assert [t.id for t in second.model_types] == [t.id for t in every.model_types][3:6]


async def test_a_type_describes_its_fields(world: World) -> None:
    answer = await world.ok(
        "alice", "GetModelType", GetModelTypeRequest(model_type_id="random-sample"), **ZOO
    )
    field = answer.model_type.model_type_fields[0]
    assert (field.path, field.field_type) == ("output_info.params.keep_fraction", ModelTypeField.RANGE)


async def test_an_old_name_finds_the_type(world: World) -> None:
    request = GetModelTypeRequest(model_type_id="concept-threshold")
    answer = await world.ok("alice", "GetModelType", request, **ZOO)
    assert answer.model_type.id == "concept-thresholder"


async def test_an_unknown_type_does_not_exist(world: World) -> None:
    request = GetModelTypeRequest(model_type_id="mind-reader")
    assert "mind-reader" in await world.fails(
        Code.CONN_DOES_NOT_EXIST, "alice", "GetModelType", request, **ZOO
    )
