"""What is recorded of what models answer: a bounded, uniform sample that is never in the way."""

from collections import Counter
from collections.abc import Sequence

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data, Image, Input
from clarifai_grpc.grpc.api.service_pb2 import DeleteAppRequest, DeleteModelRequest
from pond import SOURCE, Pond
from sqlalchemy.exc import OperationalError
from world import SUCCESS, World

from bowerbird.collect.recorded import Entry, Recorded, Taken
from bowerbird.collect.recording import Recorder
from bowerbird.collect.taking import request_key
from bowerbird.proto.bowerbird_v1_pb2 import AppOptions, PatchAppOptionsRequest
from bowerbird.queue import hour_of
from bowerbird.services import Prediction
from bowerbird.store.db import Database
from bowerbird.store.kinds import MODELS
from bowerbird.workflows.draws import digest

pytestmark = pytest.mark.anyio


async def number(world: World, id: str = "said") -> int:
    app = await world.app.dispatcher.authority.directory.app("alice", "zoo")
    assert app is not None
    async with world.app.services.db.read() as conn:
        return (await MODELS.row(conn, app.seq, id)).seq


async def recorded(world: World, model: int) -> list[Entry]:
    await world.collecting.flush()
    window = world.app.services.recorded.window(model, 0, with_content=True)
    return [entry async for page in window for entry in page]


def recorder(world: World, *, per_hour: int, media_bytes: int = 1000) -> Recorder:
    """Another process's recorder."""
    services = world.app.services
    store = Recorded(store_of(world), world.clock, per_hour=per_hour, hours=48)
    return Recorder(
        services.db,
        store,
        services.revisions,
        world.clock,
        per_hour=per_hour,
        media_bytes=media_bytes,
        trouble=str,
    )


def store_of(world: World) -> Database:
    return world.app.services.recorded._db


def said(request_id: str, *values: float, given: Sequence[Input] = ()) -> Prediction:
    results = [Data(concepts=[Concept(id="cat", value=value)]) for value in values]
    inputs = given or [Input(data=Data()) for _ in values]
    return Prediction(("alice", "zoo", "said"), "v", "alice", request_id, inputs, results, [])


def offer(one: Recorder, prediction: Prediction, taken: dict[int, Taken]) -> None:
    places = range(len(prediction.results))
    one.offer(prediction, {n: digest(request_key(prediction.request_id, n)) for n in places}, taken)


async def test_a_prediction_is_recorded_with_its_input_and_found_by_its_request(pond: Pond) -> None:
    await pond.predict("cat=0.9 dog=0.1", "dog=0.5", request_id="r1", metadata={"site": "north"})
    model = await number(pond.world)
    first, second = await recorded(pond.world, model)
    assert [first.concept_values(), second.concept_values()] == [
        {"cat": pytest.approx(0.9), "dog": pytest.approx(0.1)},
        {"dog": 0.5},
    ]
    [found] = await pond.world.app.services.recorded.find("r1", 1, [model])
    assert found == second
    assert found.input_message().data.text.raw == "dog=0.5"
    assert found.input_message().data.metadata["site"] == "north"
    assert (found.caller, found.at, found.took()) == ("alice", pond.world.clock.now, {})
    assert await pond.world.app.services.recorded.find("r1", 2, [model]) == []


async def test_failed_predictions_are_neither_recorded_nor_counted(pond: Pond) -> None:
    await pond.predict("cat=0.9", "fail")
    model = await number(pond.world)
    assert len(await recorded(pond.world, model)) == 1
    assert sum((await pond.world.app.services.recorded.answered(model, 0)).values()) == 1


async def test_it_is_told_which_collectors_took_it_and_with_which_probability(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=0.999999)
    await pond.predict("cat=0.9")
    [entry] = await recorded(pond.world, await number(pond.world))
    [(key, chance)] = entry.took().items()
    assert key.isdecimal()
    assert chance == pytest.approx(0.999999)


async def test_under_heavy_traffic_processes_keep_one_uniform_sample_and_count_all(
    world: World, pond: Pond
) -> None:
    model, two = await number(world), [recorder(world, per_hour=50) for _ in range(2)]
    for n in range(2000):
        offer(two[n % 2], said(f"r{n}", n / 2000), {})
        if n % 500 == 499:
            await two[n // 500 % 2].flush()
    for one in two:
        await one.flush()
    kept = await recorded(world, model)
    everything = recorder(world, per_hour=10_000)
    for n in range(2000):
        offer(everything, said(f"r{n}", n / 2000), {})
    smallest = sorted(entry.hash for _, entry in everything._take()[0])[:50]
    assert sorted(entry.hash for entry in kept) == smallest
    assert await world.app.services.recorded.answered(model, 0) == {hour_of(world.clock.now): 2000}


async def test_the_sample_holds_the_same_share_of_everything(world: World, pond: Pond) -> None:
    model, one = await number(world), recorder(world, per_hour=400)
    for n in range(4000):
        offer(one, said(f"request {n}", (n % 4) / 4), {})
    await one.flush()
    shares = Counter(entry.concept_values()["cat"] for entry in await recorded(world, model))
    assert sum(shares.values()) == 400
    assert all(abs(n - 100) < 35 for n in shares.values()), shares  # four standard deviations


async def test_each_hour_has_a_sample_of_its_own(world: World, pond: Pond) -> None:
    model, one = await number(world), recorder(world, per_hour=5)
    for hour in range(3):
        for n in range(20 * (hour + 1)):
            offer(one, said(f"{hour}-{n}", 0.5), {})
        world.clock.advance(3600)
    await one.flush()
    hours = Counter(entry.hour for entry in await recorded(world, model))
    assert list(hours.values()) == [5, 5, 5]
    assert sorted((await world.app.services.recorded.answered(model, 0)).values()) == [20, 40, 60]


async def test_what_a_collector_took_is_found_too_but_is_not_of_the_sample(world: World, pond: Pond) -> None:
    model, one = await number(world), recorder(world, per_hour=5)
    for n in range(100):
        offer(one, said(f"r{n}", 0.5), {0: {"7": 0.25}} if n == 99 else {})
    await one.flush()
    assert len(await recorded(world, model)) == 5
    [entry] = await world.app.services.recorded.find("r99", 0, [model])
    assert entry.took() == {"7": 0.25}


async def test_large_media_are_left_out_and_small_ones_kept(world: World, pond: Pond) -> None:
    one = recorder(world, per_hour=5, media_bytes=1000)
    given = [Input(data=Data(image=Image(base64=b"x" * size, url="http://u"))) for size in (1000, 1001)]
    given[1].data.metadata["site"] = "north"
    offer(one, said("r", 0.5, 0.6, given=given), {})
    await one.flush()
    small, large = await recorded(world, await number(world))
    assert small.has_media
    assert small.input_message() == given[0]
    assert not large.has_media
    assert large.input_message() == Input(
        data=Data(image=Image(url="http://u"), metadata=given[1].data.metadata)
    )


async def test_an_output_of_another_kind_comes_back_as_it_was(world: World, pond: Pond) -> None:
    one = recorder(world, per_hour=5)
    odd = Data(concepts=[Concept(id="a\nb", value=0.5), Concept(name="only a name", value=0.1)])
    offer(one, Prediction(("alice", "zoo", "said"), "v", "alice", "r", [Input()], [odd], []), {})
    await one.flush()
    [entry] = await recorded(world, await number(world))
    assert entry.concept_values() == {}
    assert entry.output_data() == odd


async def test_predictions_go_on_while_the_store_is_broken_and_are_counted_later(
    pond: Pond, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, model = pond.world, await number(pond.world)
    await pond.collect(pre_queue_random_sample=1.0)
    await pond.predict("cat=0.1")
    await world.collecting.flush()

    async def away(*given: object) -> None:
        raise OperationalError("", {}, OSError("away"))

    with monkeypatch.context() as broken:
        broken.setattr(world.app.services.recorded, "add", away)
        answer = await pond.predict("cat=0.2")
        assert answer.status.code == SUCCESS
        await world.collecting.flush()
    await pond.predict("cat=0.3")
    assert [e.concept_values()["cat"] for e in await recorded(world, model)] == pytest.approx([0.1, 0.3])
    assert sum((await world.app.services.recorded.answered(model, 0)).values()) == 3
    assert len(await pond.kept()) == 3


async def test_what_finds_no_room_is_dropped_and_the_rest_is_kept(
    world: World, pond: Pond, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bowerbird.collect.recording.RING_ITEMS", 3)
    model, one = await number(world), recorder(world, per_hour=100)
    for n in range(10):
        offer(one, said(f"r{n}", 0.5), {})
    await one.flush()
    assert len(await recorded(world, model)) == 3
    assert sum((await world.app.services.recorded.answered(model, 0)).values()) == 10


async def test_nothing_is_kept_longer_than_it_may_be(pond: Pond) -> None:
    await pond.predict("cat=0.1", request_id="old")
    model = await number(pond.world)
    assert len(await recorded(pond.world, model)) == 1
    pond.world.clock.advance(47 * 3600)
    await pond.predict("cat=0.1", request_id="new")
    pond.world.clock.advance(2 * 3600)
    [left] = await recorded(pond.world, model)
    assert left.request_id == "new"
    await pond.world.collecting.recorder.tidy()
    pond.world.clock.advance(-2 * 3600)
    assert len(await recorded(pond.world, model)) == 1


@pytest.mark.parametrize("rpc", ["DeleteModel", "DeleteApp"])
async def test_deleting_a_model_or_its_app_deletes_what_was_recorded(pond: Pond, rpc: str) -> None:
    await pond.predict("cat=0.1")
    model = await number(pond.world)
    await pond.world.collecting.flush()
    requests = {
        "DeleteModel": DeleteModelRequest(user_app_id=SOURCE, model_id="said"),
        "DeleteApp": DeleteAppRequest(user_app_id=SOURCE),
    }
    await pond.world.ok("alice", rpc, requests[rpc])
    await pond.world.collecting.recorder.tidy()
    assert await recorded(pond.world, model) == []
    assert await pond.world.app.services.recorded.answered(model, 0) == {}


async def test_an_app_that_wants_nothing_recorded_loses_what_was_and_may_turn_it_on_again(
    pond: Pond,
) -> None:
    world, model = pond.world, await number(pond.world)
    await pond.predict("cat=0.1", request_id="before")
    assert len(await recorded(world, model)) == 1
    assert await options(world) is True
    assert await options(world, records_predictions=False) is False
    await world.collecting.recorder.tidy()
    await pond.predict("cat=0.2", request_id="meanwhile")
    assert await recorded(world, model) == []
    assert await world.app.services.recorded.answered(model, 0) == {}
    assert await options(world) is False
    assert await options(world, records_predictions=True) is True
    await world.collecting.recorder.tidy()
    await pond.predict("cat=0.3", request_id="after")
    assert [entry.request_id for entry in await recorded(world, model)] == ["after"]


async def test_another_process_that_has_not_heard_yet_records_nothing_either(pond: Pond) -> None:
    model, other = await number(pond.world), recorder(pond.world, per_hour=5)
    offer(other, said("r", 0.5), {})
    await options(pond.world, records_predictions=False)
    await other.flush()
    assert await recorded(pond.world, model) == []


async def options(world: World, **changed: bool) -> bool:
    if changed:
        patch = PatchAppOptionsRequest(user_app_id=SOURCE, options=AppOptions(**changed))
        answer = await world.ok("alice", "PatchAppOptions", patch)
    else:
        answer = await world.ok("alice", "GetAppOptions", user_id="alice", app_id="zoo")
    return bool(answer.options.records_predictions)
