"""Many inputs at a glance: small pictures and beginnings of texts, for whoever may get the inputs."""

import io

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Audio, Data, Input
from clarifai_grpc.grpc.api.status.status_code_pb2 import StatusCode as Code
from PIL import Image as Pictures
from test_input_media import WAV
from world import World
from zoo import ZOO, linked, picture, png, post, text

from bowerbird.api.input_glances import TEXT_BYTES
from bowerbird.proto.labelling_pb2 import InputGlance, ListInputGlancesRequest

pytestmark = pytest.mark.anyio


async def glances(world: World, *ids: str) -> dict[str, InputGlance]:
    request = ListInputGlancesRequest(user_app_id=ZOO, input_ids=ids)
    found = (await world.ok("alice", "ListInputGlances", request)).glances
    return {one.input_id: one for one in found}


def noise(width: int, height: int, kind: str) -> bytes:
    out = io.BytesIO()
    Pictures.effect_noise((width, height), 90).convert("RGB").save(out, kind)
    return out.getvalue()


async def test_pictures_are_small_and_texts_begin(world: World) -> None:
    large, small, story = noise(700, 300, "PNG"), png(), "It was a dark night. " * 100
    await post(world, picture("large", large), picture("small", small), text("t", story))
    found = await glances(world, "t", "large", "nobody", "small", "t")
    assert list(found) == ["t", "large", "small"]
    assert found["large"].content_type == "image/webp"
    assert Pictures.open(io.BytesIO(found["large"].content)).size == (256, 110)
    assert (found["small"].content_type, found["small"].content) == ("image/png", small)
    assert found["t"].content.decode() == story[:TEXT_BYTES]


async def test_what_cannot_be_shown_so_is_left_out(world: World) -> None:
    sound = Input(id="sound", data=Data(audio=Audio(base64=WAV)))
    heavy = picture("heavy", noise(256, 256, "PNG"))  # its own small size, and large all the same
    await post(world, sound, heavy, linked("waiting", "https://example.com/a.png"))
    assert await glances(world, "sound", "heavy", "waiting", "a\0b") == {}


async def test_they_are_for_those_who_may_get_the_inputs(world: World) -> None:
    await post(world, picture("a"))
    request = ListInputGlancesRequest(user_app_id=ZOO, input_ids=["a"])
    await world.fails(Code.CONN_DOES_NOT_EXIST, "mallory", "ListInputGlances", request)
    for ids in ([], ["a"] * 129):
        request = ListInputGlancesRequest(user_app_id=ZOO, input_ids=ids)
        await world.fails(Code.CONN_INVALID_REQUEST, "alice", "ListInputGlances", request)
