"""A collector of faces, and of pictures, that are new to its app: found, cut out, embedded and compared."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from clarifai_grpc.grpc.api.resources_pb2 import (
    APIPostModelOutputsCollectorSource,
    Collector,
    CollectorSource,
    Data,
    Image,
    Input,
    Model,
    NodeInput,
    OutputInfo,
    Workflow,
    WorkflowNode,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    ListInputsRequest,
    PostCollectorsRequest,
    PostModelOutputsRequest,
    PostModelsRequest,
    PostWorkflowsRequest,
)
from clarifai_grpc.grpc.api.status.status_code_pb2 import StatusCode as Code
from PIL import Image as Pictures
from pond import struct
from world import World

from bowerbird.jobs import drain

pytestmark = pytest.mark.anyio

PUBLIC = {"user_id": "clarifai", "app_id": "main"}
FACES = {"user_id": "alice", "app_id": "faces"}
EMBEDDER = "general-image-embedding"
PHOTOS = Path(skimage.data.__file__).parent
Node = tuple[str, str, tuple[str, ...]]  # its id, its model, the nodes that it reads from

CROPS: Sequence[Node] = (
    ("detect", "face-detection", ()),
    ("crop", "crop", ("detect",)),
    ("embed", EMBEDDER, ("crop",)),
    ("new", "new", ("crop", "embed")),
)
WHOLES: Sequence[Node] = (("embed", EMBEDDER, ()), ("new", "new", ("embed",)))


def photo(name: str) -> Pictures.Image:
    return Pictures.open(PHOTOS / name).convert("RGB")


def packed(image: Pictures.Image, quality: int = 0) -> bytes:
    out = io.BytesIO()
    if quality:
        image.save(out, "JPEG", quality=quality)
    else:
        image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def face(number: int) -> Pictures.Image:
    """One of the grey faces of scikit-image's subset of LFW, large enough to be found."""
    pixels = skimage.data.lfw_subset()[number] * 255
    return Pictures.fromarray(pixels.astype(np.uint8)).resize((200, 200)).convert("RGB")


def model(id: str) -> Model:
    place = PUBLIC if id in ("face-detection", EMBEDDER) else FACES
    return Model(id=id, **place)


async def collecting(world: World, nodes: Sequence[Node], **novelty: float) -> None:
    """A collector of everything that is asked of a public model, with these nodes after the queue; and an app
    that embeds what it holds."""
    await world.add_app("alice", "faces", default_workflow_id="General")
    for id, type, params in (("crop", "image-crop", {"margin": 1.2}), ("new", "novelty-filter", novelty)):
        made = Model(id=id, model_type_id=type, output_info=OutputInfo(params=struct(**params)))
        await world.ok("alice", "PostModels", PostModelsRequest(models=[made]), **FACES)
    linked = [
        WorkflowNode(id=id, model=model(of), node_inputs=[NodeInput(node_id=n) for n in reads])
        for id, of, reads in nodes
    ]
    workflows = PostWorkflowsRequest(workflows=[Workflow(id="new", nodes=linked)])
    await world.ok("alice", "PostWorkflows", workflows, **FACES)
    source = APIPostModelOutputsCollectorSource(
        model_user_id="clarifai",
        model_app_id="main",
        model_id="image-fingerprint",
        post_inputs_key_id=await world.add_key("alice", "faces"),
    )
    collector = Collector(
        id="new",
        pre_queue_random_sample=1,
        post_queue_workflow_id="new",
        collector_source=CollectorSource(api_post_model_outputs_collector_source=source),
    )
    collector.status.code = Code.COLLECTOR_ACTIVE
    await world.ok("alice", "PostCollectors", PostCollectorsRequest(collectors=[collector]), **FACES)
    await world.collecting.plans.refresh()


async def collected(world: World, **photos: bytes) -> list[Input]:
    """What the app holds when a caller has asked about these, one after the other."""
    for id, content in photos.items():
        given = Input(id=id, data=Data(image=Image(base64=content)))
        request = PostModelOutputsRequest(model_id="image-fingerprint", inputs=[given])
        await world.ok("alice", "PostModelOutputs", request, **PUBLIC)
        assert await world.drain() == 1
        await drain(world.app.services)
    return list((await world.ok("alice", "ListInputs", ListInputsRequest(), **FACES)).inputs)


def originals(inputs: Sequence[Input]) -> list[str]:
    return sorted(one.data.metadata["capture"]["original_input_id"] for one in inputs)


async def test_only_faces_that_are_new_are_kept_and_nothing_but_the_face(world: World) -> None:
    pytest.importorskip("cv2", reason="bowerbird[vision] is not installed")
    await collecting(world, CROPS, k=1, threshold=0.01)
    astronaut = photo("astronaut.png")
    [kept] = await collected(world, astronaut=packed(astronaut), cat=packed(photo("chelsea.png")))
    assert originals([kept]) == ["astronaut"]
    assert 80 < kept.data.image.image_info.width < 160  # of 512
    again = {"again": packed(astronaut), "worse": packed(astronaut, 60)}
    assert await collected(world, **again, small=packed(astronaut.resize((384, 384)))) == [kept]
    found = await collected(world, other=packed(face(0)), others=packed(face(0), 60), third=packed(face(1)))
    assert originals(found) == ["astronaut", "other", "third"]


async def test_of_several_faces_the_first_that_is_new_is_kept(world: World) -> None:
    pytest.importorskip("cv2", reason="bowerbird[vision] is not installed")
    await collecting(world, CROPS, k=1, threshold=0.01)
    both = photo("astronaut.png")
    both.paste(face(0), (0, 300))
    assert len(await collected(world, both=packed(both))) == 1
    found = await collected(world, again=packed(both), third=packed(both))
    assert originals(found) == ["again", "both"]
    assert len({one.data.image.image_info.width for one in found}) == 2


async def test_only_pictures_that_are_new_are_kept(world: World) -> None:
    await collecting(world, WHOLES, k=1, threshold=0.1)
    coffee, cat = photo("coffee.png"), photo("chelsea.png")
    copies = {"worse": packed(coffee, 60), "small": packed(cat.resize((225, 150)))}
    found = await collected(world, coffee=packed(coffee), cat=packed(cat), **copies)
    assert originals(found) == ["cat", "coffee"]
