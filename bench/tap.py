"""How long collectors take to decide about a prediction, on the tap that stands behind every predict call."""

import hashlib
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import Data, Input, Output

from bench.messages import APP, CONCEPTS, USER, bytes_input, output, text_input, url_input
from bench.places import Place, place
from bench.rows import Row, at_most
from bowerbird.collect.capture import Writer
from bowerbird.collect.recording import Recorder
from bowerbird.collect.shedding import Shedding
from bowerbird.collect.tap import Tap
from bowerbird.collect.watch import Watch
from bowerbird.queue import Capture, Counts
from bowerbird.services import Prediction

ROUNDS, CALLS = 60, 100
BUSY = 20_000  # predictions of an hour after which few are among the recorded ones
KIB = 1024
Work = Callable[[Prediction], object]


class NullQueue:
    """A queue that keeps nothing, so that the writer's thread leaves the machine to the tap."""

    async def put_many(self, captures: Sequence[Capture], counts: Counts) -> set[str]:
        return set()

    async def close(self) -> None:
        pass


class NullBlobs:
    async def put_async(self, data: bytes) -> str:
        return "key"


async def rows(scratch: Path) -> list[Row]:
    async with place(scratch / "tap") as at:
        await _furnish(at)
        writer = Writer(_null_queue, NullBlobs(), disk_free=lambda: (1 << 40, 1 << 40))
        writer.start()
        tap = Tap(
            at.collecting.plans,
            writer,
            at.collecting.recorder,
            time.time,
            is_awaited=False,
            shedding=Shedding(time.time),
            watch=Watch(at.app.settings.plan_budget_ms / 1000),
            reached=lambda stage: None,
        )
        try:
            return [await _row(tap, writer, at.collecting.recorder, *case) for case in CASES]
        finally:
            await writer.stop()


async def _furnish(at: Place) -> None:
    """A model for each case, watched by its collectors."""
    for model in {case[1] for case in CASES}:
        await at.add_model(model)
    await at.add_thresholders(1, model="one")
    await at.add_thresholders(10, model="ten")
    await at.add_thresholders(10, concepts=CONCEPTS, model="ten-of-all")
    await at.add_thresholders(100, model="hundred")
    await at.collect(
        *(at.collector(f"draw-{n}", "draws", pre_queue_random_sample=0.05) for n in range(10)),
        at.collector("all", "all", pre_queue_random_sample=1.0),
    )


async def _null_queue() -> Any:  # as much of a queue as a writer uses
    return NullQueue()


def _thresholds(count: int) -> Work:
    """A plain loop over the message, and closures that do nothing but compare."""
    tests = [_test(number) for number in range(count)]

    def decide(prediction: Prediction) -> int:
        result = prediction.results[0]
        assert isinstance(result, Data)
        values = {concept.id: concept.value for concept in result.concepts}
        return sum(test(values) for test in tests)

    return decide


def _test(number: int) -> Callable[[Mapping[str, float]], bool]:
    concept = f"concept-{number % CONCEPTS}"
    return lambda values: values.get(concept, 0.0) > 0.95


def _coins(prediction: Prediction) -> int:
    return sum(random.random() < 0.05 for _ in range(10))


def _serialize(prediction: Prediction) -> bytes:
    return prediction.inputs[0].SerializeToString()


def _sha256(prediction: Prediction) -> bytes:
    return hashlib.sha256(prediction.inputs[0].data.image.base64).digest()


CASES: list[tuple[str, str, Input, float, Work, str]] = [
    ("tap, 1 collector, not taken", "one", text_input(), 12, _thresholds(1), "loop and closures"),
    ("tap, 10 collectors, none takes", "ten", text_input(), 15, _thresholds(10), "loop and closures"),
    (
        "tap, 10 collectors of 20 thresholds each, none takes",
        "ten-of-all",
        text_input(),
        15,
        _thresholds(10),
        "loop and closures",
    ),
    ("tap, 100 collectors, none takes", "hundred", text_input(), 40, _thresholds(100), "loop and closures"),
    ("tap, 10 collectors that draw at 5 %", "draws", text_input(), 6, _coins, "random numbers"),
    ("tap, taken, URL, not awaited", "all", url_input(), 30, _serialize, "serialize the input"),
    ("tap, taken, 100 KiB of bytes", "all", bytes_input(100 * KIB), 150, _sha256, "sha256 of the bytes"),
]


async def _row(
    tap: Tap,
    writer: Writer,
    recorder: Recorder,
    what: str,
    model: str,
    given: Input,
    limit: float,
    floor: Work,
    beside: str,
) -> Row:
    """Ours and the floor in turns, so that both meet the same machine, at a model that is busy."""
    _make_busy(recorder, prediction(model, given))
    ours: list[int] = []
    floors: list[int] = []
    for _ in range(ROUNDS):
        predictions = [prediction(model, given) for _ in range(CALLS)]
        ours += _timed(tap.offer, predictions)
        floors += _timed(floor, predictions)
        await writer.flush()
    return at_most(what, statistics.median(ours) / 1e3, limit, "µs", statistics.median(floors) / 1e3, beside)


def _make_busy(recorder: Recorder, prediction: Prediction) -> None:
    """The sample of the hour is full, as is that of what collectors took."""
    for _ in range(BUSY):
        recorder.offer(prediction, {0: random.getrandbits(64)}, {0: {}})


def prediction(model: str, given: Input) -> Prediction:
    data = output()
    return Prediction(
        model=(USER, APP, model),
        version_id="v",
        caller_user_id=USER,
        request_id=f"{random.getrandbits(128):032x}",
        inputs=[given],
        results=[data],
        outputs=[Output(data=data)],
    )


def _timed(work: Work, predictions: Sequence[Prediction]) -> list[int]:
    """The nanoseconds of each."""
    times = []
    for prediction in predictions:
        start = time.perf_counter_ns()
        work(prediction)
        times.append(time.perf_counter_ns() - start)
    return times
