"""Operators that other packages bring: they work like our own, and a broken one harms nobody."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import OutputInfo
from clarifai_grpc.grpc.api.service_pb2 import GetModelTypeRequest, ListModelTypesRequest
from packages import install_example, installed, write_broken
from pond import Pond, struct
from world import World

from bowerbird.workflows.operators import broken_operators

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_example(tmp_path_factory.mktemp("package"))


@pytest.fixture
def beside(example: Path) -> Iterator[None]:
    with installed(example):
        yield


async def test_an_installed_operator_is_a_model_type(beside: None, world: World) -> None:
    request = GetModelTypeRequest(model_type_id="time-of-day-filter")
    found = (await world.ok("alice", "GetModelType", request, user_id="alice", app_id="zoo")).model_type
    assert [field.path.rpartition(".")[2] for field in found.model_type_fields] == [
        "start",
        "end",
        "utc_offset",
    ]
    listed = await world.ok(
        "alice", "ListModelTypes", ListModelTypesRequest(per_page=500), user_id="alice", app_id="zoo"
    )
    assert found in listed.model_types


async def test_an_installed_operator_works_in_a_collector(beside: None, world: World, pond: Pond) -> None:
    hour = int(world.clock() / 3600) % 24
    await pond.add_operator("now", "time-of-day-filter", OutputInfo(params=struct(start=hour, end=hour + 1)))
    await pond.add_workflow("w", ("n", "now", ()))
    await pond.collect(pre_queue_workflow_id="w")
    early = await pond.predict("in time")
    world.clock.advance(2 * 3600)
    await pond.predict("too late")
    (kept,) = await pond.kept()
    assert kept.data.metadata["capture"]["request_id"] == early.status.req_id


async def test_a_broken_operator_does_not_take_the_server_down(tmp_path: Path, world: World) -> None:
    write_broken(tmp_path)
    with installed(tmp_path):
        listed = await world.ok("alice", "ListModelTypes", user_id="alice", app_id="zoo")
        assert len(listed.model_types) > 20
        assert broken_operators() == {
            "broken = broken_operator:broken": "RuntimeError: its licence has run out"
        }
