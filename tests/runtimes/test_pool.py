"""Models in threads: loaded once, batched while busy, bounded, and never taken down by an input."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data
from model_zoo import encoded, environment, image_data, linear_zip, photo, spec, text_data, values_by_id
from stand_ins import Echo, open_echo
from structlog.testing import capture_logs

from bowerbird.errors import (
    DeadlineExceeded,
    InputInvalid,
    ModelBusy,
    ModelInvalid,
    ModelLoading,
    NotFound,
    PredictionFailed,
)
from bowerbird.runtimes import registry
from bowerbird.runtimes.pool import FAILURE_COUNTS_S, InProcessRuntimes
from bowerbird.runtimes.spec import ModelSpec, Runtime

pytestmark = pytest.mark.anyio


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def texts(*words: str) -> list[Data]:
    return [text_data(word) for word in words]


def told(results: Sequence[object]) -> list[object]:
    return [result.text.raw if isinstance(result, Data) else type(result) for result in results]


async def started(echo: Echo) -> None:
    await asyncio.to_thread(echo.started.wait, 20)


async def test_a_real_model_answers() -> None:
    where = environment(linear_zip())
    pool = InProcessRuntimes(lambda spec: registry.load(spec, where))
    [answer] = await pool.predict(spec(), [image_data(encoded(photo()))])
    assert sum(values_by_id(answer).values()) == pytest.approx(1)
    await pool.close()


async def test_no_inputs_get_no_results() -> None:
    assert await InProcessRuntimes(lambda _: open_echo()).predict(spec(), []) == []


async def test_requests_that_come_while_a_batch_runs_share_the_next() -> None:
    echo = Echo()
    pool = InProcessRuntimes(lambda _: echo)
    first = asyncio.create_task(pool.predict(spec(), texts("1")))
    await started(echo)
    others = [asyncio.create_task(pool.predict(spec(), texts(str(n)))) for n in range(2, 13)]
    await asyncio.sleep(0)
    echo.gate.set()
    answers = await asyncio.gather(first, *others)
    assert [told(answer) for answer in answers] == [[str(n)] for n in range(1, 13)]
    assert [len(batch) for batch in echo.batches] == [1, 8, 3]


async def test_a_large_request_is_split_into_batches() -> None:
    pool = InProcessRuntimes(lambda _: open_echo(max_batch=4), max_queue=8)
    words = [str(n) for n in range(30)]
    assert told(await pool.predict(spec(), texts(*words))) == words


async def test_first_requests_at_once_load_the_version_once() -> None:
    loads: list[ModelSpec] = []

    def load(spec: ModelSpec) -> Runtime:
        loads.append(spec)
        return open_echo()

    pool = InProcessRuntimes(load)
    await asyncio.gather(*(pool.predict(spec(), texts("x")) for _ in range(20)))
    assert len(loads) == 1


async def test_a_failed_load_is_remembered_for_a_while() -> None:
    clock, loads = Clock(), 0

    def load(_: ModelSpec) -> Runtime:
        nonlocal loads
        loads += 1
        if loads == 1:
            raise NotFound("the upload")
        return open_echo()

    pool = InProcessRuntimes(load, clock=clock)
    for _ in range(2):
        assert told(await pool.predict(spec(), texts("x", "y"))) == [NotFound, NotFound]
    clock.now += FAILURE_COUNTS_S + 1
    assert told(await pool.predict(spec(), texts("x"))) == ["x"]


async def test_a_loader_that_crashes_is_a_model_that_is_not_valid() -> None:
    def load(_: ModelSpec) -> Runtime:
        raise ZeroDivisionError

    with capture_logs() as logs:
        assert told(await InProcessRuntimes(load).predict(spec(), texts("x"))) == [ModelInvalid]
    assert len(logs) == 1


async def test_the_least_recently_used_version_goes() -> None:
    echoes: dict[str, Echo] = {}

    def load(spec: ModelSpec) -> Runtime:
        return echoes.setdefault(spec.version_id, open_echo())

    pool = InProcessRuntimes(load, max_models=2)
    for version in ("a", "b", "a", "c"):
        await pool.predict(spec(version_id=version), texts("x"))
    assert {version: echo.is_closed for version, echo in echoes.items()} == {
        "a": False,
        "b": True,
        "c": False,
    }


async def test_a_version_that_goes_while_it_runs_finishes_first() -> None:
    slow, quick = Echo(), open_echo()
    pool = InProcessRuntimes(lambda spec: slow if spec.version_id == "slow" else quick, max_models=1)
    running = asyncio.create_task(pool.predict(spec(version_id="slow"), texts("x")))
    await started(slow)
    assert told(await pool.predict(spec(version_id="quick"), texts("y"))) == ["y"]
    assert not slow.is_closed
    slow.gate.set()
    assert told(await running) == ["x"]
    assert slow.is_closed


async def test_a_version_that_was_changed_is_loaded_anew() -> None:
    loaded: list[Any] = []

    def load(spec: ModelSpec) -> Runtime:
        loaded.append(spec.config)
        return open_echo()

    pool = InProcessRuntimes(load)
    for config in ({"a": 1}, {"a": 1}, {"a": 2}):
        await pool.predict(spec(config=config), texts("x"))
    assert loaded == [{"a": 1}, {"a": 2}]


async def test_too_many_waiting_inputs_are_turned_away() -> None:
    echo = Echo()
    pool = InProcessRuntimes(lambda _: echo, max_queue=4)
    running = asyncio.create_task(pool.predict(spec(), texts("running")))
    await started(echo)
    waiting = asyncio.create_task(pool.predict(spec(), texts(*"abcd")))
    await asyncio.sleep(0)
    assert told(await pool.predict(spec(), texts("e"))) == [ModelBusy]
    echo.gate.set()
    assert told(await waiting) == list("abcd")
    await running


async def test_what_is_late_fails_and_does_not_run_later() -> None:
    echo = Echo(max_batch=1)
    pool = InProcessRuntimes(lambda _: echo, timeout_s=0.05)
    assert told(await pool.predict(spec(), texts("a", "b"))) == [DeadlineExceeded, DeadlineExceeded]
    echo.gate.set()
    assert told(await pool.predict(spec(), texts("c"))) == ["c"]
    assert echo.batches == [["a"], ["c"]], "nobody waits for b any more"


async def test_a_version_that_still_loads_says_so() -> None:
    release = threading.Event()

    def load(_: ModelSpec) -> Runtime:
        release.wait(20)
        return open_echo()

    pool = InProcessRuntimes(load, timeout_s=0.05)
    assert told(await pool.predict(spec(), texts("a"))) == [ModelLoading]
    release.set()


async def test_a_version_that_hangs_holds_up_no_other() -> None:
    stuck = Echo()
    pool = InProcessRuntimes(lambda spec: stuck if spec.version_id == "stuck" else open_echo())
    hanging = asyncio.create_task(pool.predict(spec(version_id="stuck"), texts("x")))
    await started(stuck)
    assert told(await pool.predict(spec(version_id="other"), texts("y"))) == ["y"]
    stuck.gate.set()
    await hanging


async def test_an_input_that_crashes_the_model_fails_alone_and_is_logged_once() -> None:
    pool = InProcessRuntimes(lambda _: open_echo())
    with capture_logs() as logs:
        results = await pool.predict(spec(), texts("a", "crash", "bad", "b"))
    assert told(results) == ["a", PredictionFailed, InputInvalid, "b"]
    assert [log["event"] for log in logs] == ["prediction_failed"]


async def test_a_model_that_forgets_an_answer_fails() -> None:
    class Forgetful(Echo):
        def predict(self, inputs: Sequence[Data]) -> list[Any]:
            return []

    with capture_logs():
        results = await InProcessRuntimes(lambda _: Forgetful()).predict(spec(), texts("a", "b"))
    assert told(results) == [PredictionFailed, PredictionFailed]
