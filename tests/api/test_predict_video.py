"""Models that take images look at videos frame by frame."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from base import add_workflow, counts, nearest, use, work
from clarifai_grpc.grpc.api.resources_pb2 import (
    Concept,
    Data,
    Embedding,
    ImportInfo,
    Input,
    Model,
    ModelVersion,
    OutputConfig,
    OutputInfo,
    Video,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    PostModelOutputsRequest,
    PostModelsRequest,
    PostModelVersionsRequest,
)
from clarifai_grpc.grpc.api.status.status_code_pb2 import StatusCode as Code
from films import STEP, film
from PIL import Image as Pictures
from pond import struct
from world import World
from zoo import ZOO, picture, png, post

from bowerbird.errors import InputInvalid
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec, Results

pytestmark = pytest.mark.anyio


class Shades:
    """How bright a picture is, as a concept and as an embedding."""

    max_batch = 4
    parallel = 1

    def predict(self, inputs: Sequence[Data]) -> Results:
        return [_shade(d) if d.image.base64 else InputInvalid("there is no picture") for d in inputs]

    def close(self) -> None:
        pass


def _shade(data: Data) -> Data:
    grey = float(np.asarray(Pictures.open(io.BytesIO(data.image.base64)).convert("L")).mean())
    return Data(
        concepts=[Concept(id="bright", name="bright", value=grey / 255)],
        embeddings=[Embedding(vector=[grey, 100.0])],
    )


@runtime("shades")
def load(spec: ModelSpec, environment: Environment) -> Shades:
    return Shades()


async def add_model(world: World, sample_ms: int = 0) -> None:
    model = Model(id="shade", model_type_id="visual-classifier")
    await world.ok("alice", "PostModels", PostModelsRequest(models=[model]), **ZOO)
    version = ModelVersion(
        import_info=ImportInfo(params=struct(runtime="shades")),
        output_info=OutputInfo(output_config=OutputConfig(sample_ms=sample_ms)),
    )
    request = PostModelVersionsRequest(model_id="shade", model_versions=[version])
    await world.ok("alice", "PostModelVersions", request, **ZOO)


def filmed(content: bytes, id: str = "") -> Input:
    return Input(id=id, data=Data(video=Video(base64=content)))


def asked(*inputs: Input, sample_ms: int = 0) -> PostModelOutputsRequest:
    request = PostModelOutputsRequest(model_id="shade", inputs=inputs)
    if sample_ms:
        request.model.model_version.output_info.output_config.sample_ms = sample_ms
    return request


async def test_a_video_is_answered_frame_by_frame_beside_a_picture(world: World) -> None:
    await add_model(world)
    answer = await world.ok(
        "alice", "PostModelOutputs", asked(filmed(film(6)), picture(content=png())), **ZOO
    )
    seen, still = answer.outputs
    assert [(f.frame_info.index, f.frame_info.time) for f in seen.data.frames] == [
        (10 * n, 1000 * n) for n in range(6)
    ]
    values = [255 * f.data.concepts[0].value for f in seen.data.frames]
    assert values == pytest.approx([STEP * n for n in range(1, 7)], abs=4)
    assert (len(still.data.concepts), len(still.data.frames)) == (1, 0)


async def test_the_model_or_the_request_says_how_often_it_looks(world: World) -> None:
    await add_model(world, sample_ms=500)
    answer = await world.ok("alice", "PostModelOutputs", asked(filmed(film(2))), **ZOO)
    assert [f.frame_info.time for f in answer.outputs[0].data.frames] == [0, 500, 1000, 1500]
    answer = await world.ok("alice", "PostModelOutputs", asked(filmed(film(2)), sample_ms=2000), **ZOO)
    assert [f.frame_info.time for f in answer.outputs[0].data.frames] == [0]
    request = asked(filmed(film(1)), sample_ms=99)
    assert "sample_ms" in await world.fails(
        Code.CONN_INVALID_RANGE, "alice", "PostModelOutputs", request, **ZOO
    )


async def test_a_video_that_is_none_fails_alone(world: World) -> None:
    await add_model(world)
    request = asked(filmed(b"no video"), filmed(film(1)), filmed(b"x" * (10 * 1024 * 1024 + 1)))
    answer = await world.call("alice", "PostModelOutputs", request, **ZOO)
    codes = [output.status.code for output in answer.outputs]
    assert codes == [Code.INPUT_UNSUPPORTED_FORMAT, Code.SUCCESS, Code.INPUT_OVER_LIMIT]


async def test_a_base_workflow_indexes_videos_by_their_frames(world: World) -> None:
    await add_model(world)
    await add_workflow(world, "base", "shade")
    await use(world, "base")
    await post(world, filmed(film(6), "v"), picture("p", png(colour=255)))
    await work(world)
    assert await counts(world) == {"processed": 2}
    assert (await nearest(world, 6 * STEP, 100, k=1)) == [("v", 1.0)]
