"""Collected predictions posted into an app: the worker and PostInputs in one process."""

import io
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from random import getrandbits

from clarifai_grpc.grpc.api.resources_pb2 import Data, Image, Input, Text
from PIL import Image as Picture

from bench.crowd import fill_app
from bench.messages import MODEL
from bench.places import KEPT, Place, place
from bench.postgres import database
from bench.rows import Row, at_least, at_least_of
from bench.tap import prediction
from bowerbird.app import poster

ITEMS = 2048
LEAST = 1500  # a second
FEW, MANY = 10_000, 1_000_000  # inputs that the app has already
ROUNDS = 3


async def rows(scratch: Path) -> list[Row]:
    found = [await _row(scratch, "SQLite", what) for what in CASES]
    found.append(await _growth_row(scratch))
    try:
        async with AsyncExitStack() as stack:
            urls = [await stack.enter_async_context(database()) for _ in CASES]
            return found + [await _row(scratch, "PostgreSQL", *one) for one in zip(CASES, urls, strict=True)]
    except OSError:
        return [*found, Row("PostgreSQL: none at 127.0.0.1:5432", 0, "/s", "", False)]


async def _row(scratch: Path, store: str, what: str, database_url: str = "") -> Row:
    async with _ready(scratch / f"{store}-{what.split()[0]}", database_url) as at:
        return at_least(f"{store}: collected and posted, {what}", await _posted(at, CASES[what]), LEAST, "/s")


async def _growth_row(scratch: Path) -> Row:
    """Two apps in turns, so that both of them meet the same machine."""
    async with _ready(scratch / "few") as few, _ready(scratch / "many") as many:
        for at, size in ((few, FEW), (many, MANY)):
            await _posted(at, _text, 1)
            await fill_app(at.app.services.db, KEPT.app_id, size)
        pairs = [(await _posted(many, _text), await _posted(few, _text)) for _ in range(ROUNDS)]
    ours, floors = zip(*pairs, strict=True)
    return at_least_of(
        f"SQLite: the same, texts, {MANY:,} in the app", ours, floors, 0.95, f"{FEW:,} in the app"
    )


@asynccontextmanager
async def _ready(folder: Path, database_url: str = "") -> AsyncIterator[Place]:
    async with place(folder, capture_durability="buffered", database_url=database_url) as at:
        await at.collect(at.collector("all", pre_queue_random_sample=1.0))
        yield at


async def _posted(at: Place, make: Callable[[int], Input], items: int = ITEMS) -> float:
    """Items a second, from the queue into the app. Raises RuntimeError when not all of them arrive."""
    before = await _figure(at)
    for _ in range(items):
        at.collecting.tap.offer(prediction(MODEL, make(next(_numbers))))
    await at.collecting.flush()
    worker = poster(at.app, "bench")
    start = time.perf_counter()
    handled = await worker.drain()
    spent = time.perf_counter() - start
    if not handled == await _figure(at) - before == items:
        raise RuntimeError(f"{items} collected, {handled} handled")
    return handled / spent


async def _figure(at: Place) -> int:
    return (await at.app.funnel(KEPT.user_id, KEPT.app_id, "all")).figures["posted"]


_numbers = count()


def _url(n: int) -> Input:
    return Input(data=Data(image=Image(url=f"https://example.com/photos/{n}.jpg")))


def _text(n: int) -> Input:
    return Input(data=Data(text=Text(raw=f"{n} bright objects, and no two of them alike: {getrandbits(64)}")))


def _png(n: int) -> Input:
    file = io.BytesIO()
    Picture.frombytes("L", (8, 8), getrandbits(512).to_bytes(64)).save(file, "PNG")
    return Input(data=Data(image=Image(base64=file.getvalue())))


CASES = {"URLs": _url, "texts": _text, "PNGs of 8 x 8": _png}
