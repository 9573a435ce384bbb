"""A collected input that is predicted and collected once more."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data, Input, Text
from clarifai_grpc.grpc.api.service_pb2 import PostModelOutputsRequest
from pond import SOURCE, Pond
from world import World

pytestmark = pytest.mark.anyio


async def test_what_an_earlier_collector_wrote_is_kept_beside_the_new(world: World, pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    await pond.predict("cat=0.9", request_id="first")
    (first,) = await pond.kept()
    again = Input(id="mine", data=Data(text=Text(raw="cat=0.8"), metadata=first.data.metadata))
    request = PostModelOutputsRequest(user_app_id=SOURCE, model_id="said", inputs=[again])
    await world.ok("alice", "PostModelOutputs", request)
    second, _ = await pond.kept()
    capture = second.data.metadata["capture"]
    assert capture["original_input_id"] == "mine"
    assert capture["caller_metadata"]["collector_id"] == "c"
    assert capture["caller_metadata"]["capture"]["request_id"] == "first"
