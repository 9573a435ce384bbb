"""What KServe and Seldon log of their models feeds collectors, whatever way and order it comes in."""

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data, ImportInfo, Input, Model, ModelVersion, Text
from clarifai_grpc.grpc.api.service_pb2 import PostModelOutputsRequest, PostModelsRequest
from google.protobuf.json_format import MessageToDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pond import SOURCE, Pond, struct
from world import World, world

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.app import App, Collecting, collecting, opened
from bowerbird.errors import Code
from bowerbird.jobs.worker import drain
from bowerbird.proto.bowerbird_v1_pb2 import PayloadEvent, PostPayloadEventsRequest

pytestmark = pytest.mark.anyio
KSERVE = "org.kubeflow.serving.inference"
SELDON = "io.seldon.serving.inference"
TEXTS = {"input": {"kind": "text", "name": "text"}, "output": {"kind": "concepts", "name": "scores"}}


async def add_external(world: World, id: str, labels: list[str], **described: Any) -> None:
    params = struct(runtime="external", labels=labels, **described)
    version = ModelVersion(import_info=ImportInfo(params=params))
    model = Model(id=id, model_type_id="text-classifier", model_version=version)
    await world.ok("alice", "PostModels", PostModelsRequest(user_app_id=SOURCE, models=[model]))


@pytest.fixture
async def pond(pond: Pond) -> Pond:
    await add_external(pond.world, "far", ["cat", "dog"], **TEXTS)
    await pond.add_doubt()
    await pond.collect(pre_queue_workflow_id="doubt", model_id="far")
    return pond


def event(id: str, side: str, body: object, family: str = KSERVE, **attributes: str) -> PayloadEvent:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return PayloadEvent(id=id, type=f"{family}.{side}", source="s", attributes=attributes, data=data)


def asked(id: str, *texts: str) -> PayloadEvent:
    return event(id, "request", {"instances": list(texts)})


def answered(id: str, *rows: list[float]) -> PayloadEvent:
    return event(id, "response", {"predictions": list(rows)})


UNSURE, SURE = [0.55, 0.45], [0.99, 0.01]


async def send(pond: Pond, *events: PayloadEvent, who: str = "alice", model: str = "far") -> Any:
    request = PostPayloadEventsRequest(user_app_id=SOURCE, model_id=model, events=events)
    return await pond.world.call(who, "PostPayloadEvents", request)


async def text_of(pond: Pond, kept: Input) -> str:
    path = f"orig/users/alice/apps/kept/inputs/{kept.id}"
    file = await pond.world.app.dispatcher.media(path, Credentials(key=pond.world.tokens["alice"]))
    return (await file.read(0, file.size)).decode()


async def kept_texts(pond: Pond) -> list[str]:
    return sorted([await text_of(pond, kept) for kept in await pond.kept()])


@pytest.fixture
async def other(world: World) -> AsyncIterator[tuple[App, Collecting]]:
    """A second API process on the same stores."""
    async with opened(world.app.settings, clock=world.clock) as app, collecting(app) as behind:
        yield app, behind


async def test_a_request_and_its_response_are_one_prediction_for_each_instance(pond: Pond) -> None:
    first = await send(pond, asked("r1", "sure", "unsure"))
    assert (first.status.code, first.results[0].is_paired, first.waiting) == (Code.SUCCESS, False, 1)
    second = await send(pond, answered("r1", SURE, UNSURE))
    assert (second.results[0].is_paired, second.waiting, second.paired) == (True, 0, 1)
    [kept] = await pond.kept()
    capture = MessageToDict(kept.data.metadata)["capture"]
    assert await text_of(pond, kept) == "unsure"
    assert (capture["request_id"], capture["input_index"], capture["model_id"]) == ("r1", 1, "far")
    assert capture["model_version_id"]
    assert (await pond.funnel()).figures["offered"] == 2


async def test_the_response_may_come_first_and_both_may_come_together(pond: Pond) -> None:
    await send(pond, answered("r1", UNSURE))
    await send(pond, asked("r1", "one"))
    answer = await send(pond, answered("r2", UNSURE), asked("r2", "two"))
    assert [r.is_paired for r in answer.results] == [True, True]
    assert await kept_texts(pond) == ["one", "two"]


HALVES = st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=14)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HALVES.map(lambda more: [*((n, b) for n in range(4) for b in (True, False)), *more]), st.randoms())
async def test_in_any_order_and_however_often_each_pair_is_offered_once(
    pond: Pond, came: list[tuple[int, bool]], chance: Random
) -> None:
    turn, before = uuid.uuid4().hex, (await pond.funnel()).figures["offered"]
    events = [asked(f"{turn}-{n}", "x") if b else answered(f"{turn}-{n}", UNSURE) for n, b in came]
    chance.shuffle(events)
    while events:
        size = chance.randint(1, 14)
        answer = await send(pond, *events[:size])
        assert answer.status.code == Code.SUCCESS
        del events[:size]
    assert (await pond.funnel()).figures["offered"] == before + 4
    assert (answer.waiting, answer.paired, answer.expired) == (0, before + 4, 0)


async def test_halves_that_reach_different_processes_find_each_other(
    pond: Pond, other: tuple[App, Collecting]
) -> None:
    async def to(app: App, one: PayloadEvent) -> Any:
        request = PostPayloadEventsRequest(user_app_id=SOURCE, model_id="far", events=[one])
        credentials = Credentials(key=pond.world.tokens["alice"])
        while True:
            answer: Any = await app.dispatcher.call(METHODS["PostPayloadEvents"], request, credentials)
            if answer.results[0].status.code != Code.TRY_AGAIN:
                return answer

    await other[1].plans.refresh()
    here, there = pond.world.app, other[0]
    ids = [f"r{n}" for n in range(4)]
    sent = [
        to(app, half)
        for id in ids
        for app, half in ((here, asked(id, id)), (there, answered(id, UNSURE)), (here, answered(id, UNSURE)))
    ]
    answers = await asyncio.gather(*sent)
    assert all(answer.status.code == Code.SUCCESS for answer in answers)
    await other[1].flush()
    assert (await pond.funnel()).figures["offered"] == len(ids)
    assert await kept_texts(pond) == sorted(ids)


async def test_a_half_that_stays_alone_is_dropped_and_counted(pond: Pond) -> None:
    await send(pond, asked("alone", "x"), asked("r1", "one"))
    await send(pond, answered("r1", UNSURE))
    pond.world.clock.advance(700)
    assert await drain(pond.world.app.services) >= 1
    answer = await send(pond, asked("next", "y"))
    assert (answer.waiting, answer.paired, answer.expired) == (1, 1, 1)
    assert not (await send(pond, answered("alone", UNSURE))).results[0].is_paired


async def test_the_window_is_bounded_in_bytes_and_the_oldest_goes_first(tmp_path: Path) -> None:
    async with world(tmp_path, payload_window_bytes=2**20) as small:
        await add_external(small, "far", ["cat", "dog"], **TEXTS)
        pond = Pond(small, "")
        for n in range(12):
            small.clock.advance(1)
            await send(pond, asked(f"r{n}", "x" * 100_000))
        answer = await send(pond, answered("r11", UNSURE), answered("r2", UNSURE), answered("r1", UNSURE))
        assert [r.is_paired for r in answer.results] == [True, True, False]
        assert (answer.paired, answer.expired) == (2, 2)
        answer = await send(pond, asked("large", "x" * 600_000, "y" * 600_000))
        assert "1,048,576 are allowed" in answer.results[0].status.details


async def test_the_open_inference_protocol_and_seldon_are_read_as_well(pond: Pond) -> None:
    tensor = {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["v2 a", "v2 b"]}
    scores = {"name": "scores", "shape": [2, 2], "datatype": "FP32", "data": [0.5, 0.5, 0.6, 0.4]}
    ignored = {"name": "more", "shape": [2], "datatype": "FP32", "data": [1, 2]}
    await send(pond, event("v2", "request", {"id": "x", "inputs": [tensor]}))
    await send(pond, event("v2", "response", {"model_name": "m", "outputs": [ignored, scores]}))
    seldon = {"family": SELDON, "requestid": "puid", "modelid": "m"}
    await send(pond, event("1", "request", {"data": {"ndarray": ["sel nd"]}}, **seldon))
    await send(pond, event("2", "response", {"data": {"names": ["a", "b"], "ndarray": [UNSURE]}}, **seldon))
    seldon["requestid"] = "puid2"
    await send(pond, event("3", "request", {"strData": "sel str"}, **seldon))
    tensor = {"shape": [1, 2], "values": UNSURE}
    await send(pond, event("4", "response", {"data": {"tensor": tensor}}, **seldon))
    assert await kept_texts(pond) == ["sel nd", "sel str", "v2 a", "v2 b"]


async def test_what_cannot_be_read_says_why_and_holds_nobody_up(pond: Pond) -> None:
    wrong = {
        "data: expected JSON": event("a", "request", b"\xff\x00"),
        "data: expected JSON ": event("b", "request", b"[" * 100_000),
        "data: expected a JSON object": event("c", "request", [1]),
        "data: expected instances": event("d", "request", {"x": 1}),
        "instance 1: expected a text": event("e", "request", {"instances": ["x", 5]}),
        "'scores' has 3 numbers for 2 concepts": answered("f", [0.1, 0.2, 0.7]),
        "the other server answered an error: no": event("g", "response", {"error": "no"}),
        "instance 0: expected numbers": event("h", "response", {"predictions": [[{}, 1]]}),
        "not finite": event("i", "response", b'{"predictions": [[NaN, 1]]}'),
        "type: expected": event("j", "feedback", {"instances": ["x"]}),
        "id: expected": event("k l", "request", {"instances": ["x"]}),
        "0 instances": event("l", "request", {"instances": []}),
        "129 instances": event("m", "request", {"instances": ["x"] * 129}),
        "UTF-8": event("n", "request", b'{"instances": ["\\ud800"]}'),
        "data, shape and datatype": event(
            "o", "request", {"inputs": [{"name": "t", "shape": [3], "datatype": "BYTES", "data": ["x"]}]}
        ),
    }
    answer = await send(pond, *wrong.values(), asked("good", "unsure"), answered("good", UNSURE))
    assert answer.status.code == Code.MIXED_STATUS
    for said, result in zip(wrong, answer.results, strict=False):
        assert said.strip() in result.status.details, (said, result)
    assert [r.is_paired for r in answer.results[-2:]] == [True, True]
    assert await kept_texts(pond) == ["unsure"]
    assert answer.waiting == 0


async def test_halves_of_different_sizes_are_no_pair(pond: Pond) -> None:
    await send(pond, asked("r1", "a", "b"))
    answer = await send(pond, answered("r1", UNSURE))
    assert "the request has 2 instances, the response 1" in answer.results[0].status.details
    assert (await pond.funnel()).figures["offered"] == 0


async def test_a_class_without_a_score_counts_as_sure(pond: Pond) -> None:
    await pond.collect("all", pre_queue_random_sample=1.0, collect_outputs=True, model_id="far")
    await send(pond, asked("r1", "number", "name"))
    await send(pond, event("r1", "response", {"predictions": [1, "cat"]}))
    assert (await pond.funnel()).skipped == {"filtered": 2}
    assert (await pond.funnel("all")).figures["taken"] == 2


async def test_pictures_come_back_from_bytes_and_from_pixels(pond: Pond) -> None:
    world = pond.world
    output = {"kind": "concepts", "name": "p", "activation": "softmax"}
    pixels = {"kind": "image", "name": "x", "size": [2, 1], "mean": [0.5], "std": [0.5]}
    await add_external(world, "seen", ["a", "b"], input={"kind": "image-bytes", "name": "b"}, output=output)
    await add_external(world, "pixels", ["a", "b"], input=pixels, output=output)
    for model in ("seen", "pixels"):
        await pond.collect(model, pre_queue_random_sample=1.0, model_id=model)
    # red, then blue; as the model takes them: channel by channel, from -1 to 1
    planes = [[[1.0, -1.0]], [[-1.0, -1.0]], [[-1.0, 1.0]]]
    for model, instance in (("pixels", planes), ("seen", {"b64": base64.b64encode(PNG).decode()})):
        await send(pond, event("r", "request", {"instances": [{"x": instance, "b": instance}]}), model=model)
        await send(pond, event("r", "response", {"predictions": [{"p": [1.0, 2.0]}]}), model=model)
    kept = await pond.kept()
    sizes = {MessageToDict(i.data.metadata)["collector_id"]: i.data.image.image_info for i in kept}
    assert {name: (info.width, info.height, info.format) for name, info in sizes.items()} == {
        "pixels": (2, 1, "PNG"),
        "seen": (1, 1, "PNG"),
    }


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)


async def test_features_are_kept_as_a_text_of_json(pond: Pond) -> None:
    rows = {"kind": "json", "name": "x"}
    await add_external(pond.world, "iris", ["a", "b"], input=rows, output=TEXTS["output"])
    await pond.collect("rows", pre_queue_random_sample=1.0, model_id="iris")
    await send(pond, event("r", "request", {"instances": [[6.8, 2.8], {"x": {"k": 1}}]}), model="iris")
    await send(pond, event("r", "response", {"predictions": [0, 1]}), model="iris")
    assert await kept_texts(pond) == ["[6.8, 2.8]", '{"k": 1}']


async def test_a_model_served_elsewhere_says_so_when_it_is_asked(pond: Pond) -> None:
    inputs = [Input(data=Data(text=Text(raw="x")))]
    request = PostModelOutputsRequest(user_app_id=SOURCE, model_id="far", inputs=inputs)
    answer: Any = await pond.world.call("alice", "PostModelOutputs", request)
    assert answer.status.code == Code.FAILURE
    assert "served elsewhere" in answer.outputs[0].status.description


async def test_a_model_whose_logs_nobody_described_takes_none(pond: Pond) -> None:
    await add_external(pond.world, "plain", [])
    for model in ("plain", "said"):
        answer = await send(pond, asked("r", "x"), model=model)
        assert answer.status.code == Code.MODEL_INVALID_ARGUMENT
        assert "--external" in answer.status.details


async def test_who_may_not_predict_may_not_log(pond: Pond) -> None:
    assert (await send(pond, asked("r", "x"), who="mallory")).status.code == Code.CONN_DOES_NOT_EXIST
    logger = await pond.world.add_key("alice", "zoo", scopes=["Models:Get", "Predict"])
    assert (await send(pond, asked("r", "x"), who=logger)).status.code == Code.SUCCESS
    weak = await pond.world.add_key("alice", "zoo", scopes=["Models:Get"])
    assert (await send(pond, asked("r", "x"), who=weak)).status.code == Code.CONN_INSUFFICIENT_SCOPES
    assert (await send(pond, asked("r", "x"), model="none")).status.code == Code.MODEL_DOES_NOT_EXIST
