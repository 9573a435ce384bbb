"""Pictures of street lamps, and a small real model that tells how bright they shine."""

import io
import random
from collections.abc import Iterator, Sequence

from api.lights import image, post_model, uploaded
from clarifai_grpc.grpc.api.resources_pb2 import Model, UserAppIDSet
from clarifai_grpc.grpc.api.service_pb2 import PostModelOutputsRequest
from PIL import Image, ImageDraw, ImageFilter
from world import World

from bowerbird.api.rpc import METHODS, Credentials

SIZE = (480, 360)
DRAWN = (640, 480)
Colour = tuple[int, int, int]


def lamp(light: float, seed: int) -> bytes:
    """A lamp before a sky, which is as bright on the whole as it is told: 0 is night, 1 is day."""
    chance = random.Random(seed)
    top_down = Image.linear_gradient("L").resize(DRAWN)
    sky = Image.composite(_flat(_tinted(light * 1.05, 14)), _flat(_tinted(light * 0.85, 44)), top_down)
    x, top = chance.randint(180, 460), chance.randint(110, 200)
    glow = Image.new("L", DRAWN)
    ImageDraw.Draw(glow).ellipse((x - 110, top - 76, x + 110, top + 144), fill=int(40 + 190 * light))
    sky.paste(_flat((255, 232, 160)), mask=glow.filter(ImageFilter.GaussianBlur(40)))
    pen = ImageDraw.Draw(sky)
    pen.rectangle((x - 6, top + 40, x + 6, DRAWN[1]), fill=_tinted(0.16, 6))
    pen.ellipse((x - 26, top, x + 26, top + 52), fill=_warm(0.45 + 0.55 * light))
    pen.polygon(
        [(x - 50, top + 18), (x + 50, top + 18), (x + 24, top - 22), (x - 24, top - 22)],
        fill=_tinted(0.12, 6),
    )
    out = io.BytesIO()
    sky.resize(SIZE, Image.Resampling.LANCZOS).save(out, "JPEG", quality=88)
    return out.getvalue()


def _flat(colour: Colour) -> Image.Image:
    return Image.new("RGB", DRAWN, colour)


def _tinted(light: float, blue: int) -> Colour:
    grey = min(255, max(0, int(255 * light)))
    return (max(0, grey - blue // 2), grey, min(255, max(0, grey + blue)))


def _warm(light: float) -> Colour:
    return (int(255 * light), int(238 * light), int(185 * light))


def lamps(count: int, first: int = 0) -> Iterator[bytes]:
    """From night to day, evenly, in an order that looks like none."""
    lights = [0.05 + 0.9 * n / count for n in range(count)]
    random.Random(first).shuffle(lights)
    return (lamp(light, first + n) for n, light in enumerate(lights))


async def put_model(world: World, who: str, place: UserAppIDSet) -> None:
    model = Model(id="lamp-light", model_type_id="visual-classifier", model_version=uploaded())
    await post_model(world, model, who, user_id=place.user_id, app_id=place.app_id)


async def ask(
    world: World, who: str, place: UserAppIDSet, pictures: Sequence[bytes], request_id: str
) -> None:
    """Predictions as a program asks for them; they are recorded when this returns."""
    request = PostModelOutputsRequest(
        user_app_id=place, model_id="lamp-light", inputs=[image(p) for p in pictures]
    )
    credentials = Credentials(key=world.tokens[who], request_id=request_id)
    answer = await world.app.dispatcher.call(METHODS["PostModelOutputs"], request, credentials)
    assert len(answer.outputs) == len(pictures), answer  # type: ignore[attr-defined]
    await world.collecting.flush()
