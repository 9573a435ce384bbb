"""Collected predictions posted into an app: the worker and PostInputs in one process, on SQLite."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from random import getrandbits

from clarifai_grpc.grpc.api.resources_pb2 import Data, Image, Input, Text
from PIL import Image as Picture

from bench.messages import MODEL
from bench.places import KEPT, Place, place
from bench.rows import Row, at_least
from bench.tap import prediction
from bowerbird.app import poster

ITEMS = 2048
LEAST = 1500  # a second


async def rows(scratch: Path) -> list[Row]:
    cases = [("URLs", _url), ("texts", _text), ("PNGs of 8 x 8", _png)]
    return [
        at_least(f"collected and posted, {what}", await _posted(scratch / f"posting-{n}", make), LEAST, "/s")
        for n, (what, make) in enumerate(cases)
    ]


async def _posted(folder: Path, make: Callable[[int], Input]) -> float:
    """Items a second, from the queue into the app."""
    async with place(folder, capture_durability="buffered") as at:
        await at.collect(at.collector("all", pre_queue_random_sample=1.0))
        for n in range(ITEMS):
            at.collecting.tap.offer(prediction(MODEL, make(n)))
        await at.collecting.flush()
        worker = poster(at.app, "bench")
        start = time.perf_counter()
        handled = await worker.drain()
        spent = time.perf_counter() - start
        await _check(at, handled)
    return handled / spent


async def _check(at: Place, handled: int) -> None:
    """That all of it is in the app. Raises RuntimeError."""
    funnel = await at.app.funnel(KEPT.user_id, KEPT.app_id, "all")
    if not handled == funnel.figures["posted"] == ITEMS:
        raise RuntimeError(f"{ITEMS} collected, {handled} handled: {funnel.figures}")


def _url(n: int) -> Input:
    return Input(data=Data(image=Image(url=f"https://example.com/photos/{n}.jpg")))


def _text(n: int) -> Input:
    return Input(data=Data(text=Text(raw=f"{n} bright objects, and no two of them alike: {getrandbits(64)}")))


def _png(n: int) -> Input:
    file = io.BytesIO()
    Picture.frombytes("L", (8, 8), getrandbits(512).to_bytes(64)).save(file, "PNG")
    return Input(data=Data(image=Image(base64=file.getvalue())))
