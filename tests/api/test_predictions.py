"""Predictions made elsewhere feed the same collectors."""

from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data, Image, Input, Text
from google.protobuf.json_format import MessageToDict
from pond import SOURCE, Pond

from bowerbird.errors import Code
from bowerbird.proto.bowerbird_v1_pb2 import PostPredictionsRequest, Prediction

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pond(pond: Pond) -> Pond:
    await pond.add_doubt()
    await pond.collect(pre_queue_workflow_id="doubt")
    return pond


def prediction(text: str, value: float, **fields: Any) -> Prediction:
    output = Data(concepts=[Concept(id="cat", value=value)])
    return Prediction(input=Input(data=Data(text=Text(raw=text))), output=output, **fields)


async def send(pond: Pond, *predictions: Prediction, who: str = "alice", model: str = "said") -> Any:
    request = PostPredictionsRequest(user_app_id=SOURCE, model_id=model, predictions=predictions)
    return await pond.world.call(who, "PostPredictions", request)


async def test_what_a_model_said_elsewhere_is_collected_by_the_same_rule(pond: Pond) -> None:
    answer = await send(pond, prediction("sure", 0.9), prediction("unsure", 0.5, caller_user_id="bob"))
    assert [r.status.code for r in answer.results] == [Code.SUCCESS, Code.SUCCESS]
    [kept] = await pond.kept()
    capture = MessageToDict(kept.data.metadata)["capture"]
    assert capture["caller_user_id"] == "bob"
    assert capture["request_id"] == answer.results[1].request_id
    assert capture["model_id"] == "said"
    assert capture["model_version_id"]


async def test_a_prediction_sent_again_is_kept_once(pond: Pond) -> None:
    for _ in range(3):
        await send(pond, prediction("unsure", 0.5, request_id="r1"))
    assert len(await pond.kept()) == 1
    await send(pond, prediction("unsure", 0.5, request_id="r1"))
    assert len(await pond.kept()) == 1


async def test_one_that_is_wrong_does_not_hold_up_the_others(pond: Pond) -> None:
    wrong = [
        Prediction(output=Data()),
        prediction("x", 0.5, request_id="has a space"),
        prediction("x", 0.5, model_version_id="none"),
        Prediction(input=Input(data=Data(image=Image(), text=Text(raw="x")))),
    ]
    answer = await send(pond, *wrong, prediction("unsure", 0.5))
    assert answer.status.code == Code.MIXED_STATUS
    assert [r.status.code == Code.SUCCESS for r in answer.results] == [False] * 4 + [True]
    words = ("input.data", "request_id", "model_version_id", "data.image and data.text")
    for result, word in zip(answer.results, words, strict=False):
        assert word in result.status.details
    assert len(await pond.kept()) == 1


async def test_who_may_not_predict_may_not_send(pond: Pond) -> None:
    assert (await send(pond, prediction("x", 0.5), who="mallory")).status.code == Code.CONN_DOES_NOT_EXIST
    weak = await pond.world.add_key("alice", "zoo", scopes=["Models:Get"])
    assert (await send(pond, prediction("x", 0.5), who=weak)).status.code == Code.CONN_INSUFFICIENT_SCOPES
    assert (await send(pond, prediction("x", 0.5), model="none")).status.code == Code.MODEL_DOES_NOT_EXIST
