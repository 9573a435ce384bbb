"""Request handlers that answer after a durable commit, without a wire: one for a group, and one for each."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from bench.messages import MODEL, SOURCE, answer_by_hand, request
from bench.places import place
from bench.rows import Row, at_least_of
from bowerbird.services import Prediction

CALLERS = 64
ROUNDS = 7
SECONDS = 0.4
Handler = Callable[[str], Awaitable[object]]  # of one request, named by its id


async def rows(scratch: Path) -> list[Row]:
    folder = scratch / "durable"
    folder.mkdir()
    async with place(folder / "place", capture_durability="committed") as at:
        await at.collect(at.collector("all", pre_queue_random_sample=1.0))
        asked = request()

        async def grouped(id: str) -> None:
            made = answer_by_hand(asked, id, int(time.time()))
            results = [one.data for one in made.outputs]
            model = (SOURCE.user_id, SOURCE.app_id, MODEL)
            offered = Prediction(model, "", SOURCE.user_id, id, asked.inputs, results, made.outputs)
            waiting = at.app.services.tap.offer(offered)
            assert waiting is not None
            await waiting

        with closing(commit_table(folder / "each.db")) as db:

            async def single(id: str) -> None:
                answer_by_hand(asked, id, int(time.time()))
                row = (id, MODEL, time.time(), asked.inputs[0].SerializeToString())
                db.execute("INSERT INTO c (id, model, taken_at, payload) VALUES (?, ?, ?, ?)", row)

            pairs = [(await _rate(grouped, n), await _rate(single, n)) for n in range(ROUNDS)]
    ours, floors = zip(*pairs, strict=True)
    return [
        at_least_of("handler that answers after its commit", ours, floors, 2.5, "commit in the event loop")
    ]


def commit_table(file: Path) -> sqlite3.Connection:
    """A bare table, each statement a durable transaction."""
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE c (seq INTEGER PRIMARY KEY, id TEXT, model TEXT, taken_at REAL, payload BLOB)")
    return db


async def _rate(handle: Handler, turn: int) -> float:
    """Requests a second, of callers who each send the next when they have their answer."""
    start, done = time.perf_counter(), 0

    async def call(caller: int) -> None:
        nonlocal done
        while time.perf_counter() - start < SECONDS:
            await handle(f"{turn:08x}{caller:08x}{done:016x}")
            done += 1
            await asyncio.sleep(0)

    await asyncio.gather(*map(call, range(CALLERS)))
    return done / (time.perf_counter() - start)
