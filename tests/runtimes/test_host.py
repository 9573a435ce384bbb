"""The model process: answers like models in this process do, and its death is an error, never a hang."""

import asyncio
import os
import signal
import stat
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data
from hypothesis import given
from hypothesis import strategies as st
from model_zoo import encoded, environment, image_data, linear_zip, photo, spec, text_data
from stand_ins import Echo, open_echo
from structlog.testing import capture_logs

from bowerbird import errors
from bowerbird.errors import (
    ApiError,
    BadFormat,
    DeadlineExceeded,
    InputInvalid,
    InputTooLarge,
    ModelLoading,
    PredictionFailed,
)
from bowerbird.runtimes import client as client_module
from bowerbird.runtimes import frames, registry
from bowerbird.runtimes.client import ModelHostClient
from bowerbird.runtimes.frames import Kind
from bowerbird.runtimes.host import bind, serve_models, use_one_thread
from bowerbird.runtimes.pool import InProcessRuntimes
from bowerbird.runtimes.spec import Runtimes, spec_from_bytes, spec_to_bytes

pytestmark = pytest.mark.anyio

HOST = """
import asyncio, sys
from pathlib import Path
from bowerbird.runtimes.host import serve_models
from bowerbird.runtimes.pool import InProcessRuntimes
from stand_ins import Echo, open_echo

asyncio.run(serve_models(
    Path(sys.argv[1]),
    InProcessRuntimes(lambda spec: Echo() if spec.version_id == sys.argv[2] else open_echo()),
    stop=asyncio.Event(),
))
"""


def texts(*words: str) -> list[Data]:
    return [text_data(word) for word in words]


def told(results: Sequence[object]) -> list[object]:
    return [result.text.raw if isinstance(result, Data) else type(result) for result in results]


@asynccontextmanager
async def host(path: Path, runtimes: Runtimes) -> AsyncIterator[None]:
    stop = asyncio.Event()
    serving = asyncio.create_task(serve_models(path, runtimes, stop=stop))
    await asyncio.sleep(0)  # it listens after its first step
    try:
        yield
    finally:
        stop.set()
        await serving


@asynccontextmanager
async def client(path: Path, **options: Any) -> AsyncIterator[ModelHostClient]:
    made = ModelHostClient(path, **options)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def echoing(tmp_path: Path) -> AsyncIterator[ModelHostClient]:
    path = tmp_path / "run" / "models.sock"
    async with host(path, InProcessRuntimes(lambda _: open_echo())), client(path) as made:
        yield made


async def test_answers_are_those_of_a_model_in_this_process(tmp_path: Path) -> None:
    where = environment(linear_zip())
    pool = InProcessRuntimes(lambda spec: registry.load(spec, where))
    inputs = [image_data(encoded(photo())), image_data(b"garbage")]
    async with host(tmp_path / "s", pool), client(tmp_path / "s") as there:
        expected, answers = await pool.predict(spec(), inputs), await there.predict(spec(), inputs)
    assert answers[0] == expected[0]
    for answer, error in zip(answers[1:], expected[1:], strict=True):
        assert isinstance(answer, ApiError)
        assert isinstance(error, ApiError)
        assert (type(answer), answer.details) == (type(error), error.details)


async def test_many_requests_share_the_connection(echoing: ModelHostClient) -> None:
    words = [str(n) for n in range(100)]
    assert await asyncio.gather(*(echoing.predict(spec(), texts(word, word)) for word in words)) == [
        texts(word, word) for word in words
    ]


async def test_errors_keep_their_kind_and_details(echoing: ModelHostClient) -> None:
    with capture_logs():
        good, bad, crash = await echoing.predict(spec(), texts("good", "bad", "crash"))
    assert good == text_data("good")
    assert isinstance(bad, InputInvalid)
    assert bad.details == "bad"
    assert isinstance(crash, PredictionFailed)


async def test_no_inputs_get_no_results(echoing: ModelHostClient) -> None:
    assert await echoing.predict(spec(), []) == []


async def test_more_versions_than_slots_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "SLOTS", 2)

    class Name(Echo):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def predict(self, inputs: Sequence[Data]) -> list[Any]:
            return texts(self.name) * len(inputs)

    pool = InProcessRuntimes(lambda spec: Name(spec.version_id))
    async with host(tmp_path / "s", pool), client(tmp_path / "s") as there:
        for version in "abcabcbac":
            assert told(await there.predict(spec(version_id=version), texts("?"))) == [version]


async def test_a_version_that_was_changed_is_told_again(tmp_path: Path) -> None:
    loaded: list[Any] = []

    def load(spec: Any) -> Echo:
        loaded.append(spec.config)
        return open_echo()

    async with host(tmp_path / "s", InProcessRuntimes(load)), client(tmp_path / "s") as there:
        for config in ({"a": 1.5}, {"a": 1.5}, {"a": [2, {"b": None}]}):
            await there.predict(spec(config=config), texts("x"))
    assert loaded == [{"a": 1.5}, {"a": [2, {"b": None}]}]


async def test_large_requests_are_sent_in_parts(
    echoing: ModelHostClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "CHUNK", 100)
    words = [str(n) * 30 for n in range(50)]
    assert told(await echoing.predict(spec(), texts(*words))) == words


async def test_an_input_that_fits_into_no_frame_is_refused_alone(
    echoing: ModelHostClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "CHUNK", 50)
    monkeypatch.setattr(client_module, "MAX_INPUT", 200)
    assert told(await echoing.predict(spec(), texts("a", "b" * 300, "c"))) == ["a", InputTooLarge, "c"]


async def test_a_result_that_fits_into_no_frame_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MAX_FRAME", 100)
    body = memoryview(frames.result_frame(1, [*texts("a", "b" * 200, "c")])[5:])
    assert told(frames.read_results(body)) == ["a", InputTooLarge, "c"]


async def test_a_deadline_is_kept_and_the_host_stops_waiting_too(tmp_path: Path) -> None:
    echo = Echo(max_batch=1)
    pool = InProcessRuntimes(lambda _: echo)
    async with host(tmp_path / "s", pool), client(tmp_path / "s", timeout_s=0.5) as there:
        assert told(await there.predict(spec(), texts("a", "b"))) == [DeadlineExceeded, DeadlineExceeded]
        later = asyncio.create_task(there.predict(spec(), texts("c")))
        [lane] = pool._lanes.values()
        # Frames come in order: once "c" is there, so is the word that "b" is not wanted any more.
        while lane.waiting < 2:  # noqa: ASYNC110 - another part of the program changes it
            await asyncio.sleep(0)
        echo.gate.set()
        assert told(await later) == ["c"]
    assert echo.batches == [["a"], ["c"]]


async def test_without_a_host_calls_fail_at_once(tmp_path: Path) -> None:
    async with client(tmp_path / "s", grace_s=0.0) as there:
        assert told(await there.predict(spec(), texts("a", "b"))) == [ModelLoading, ModelLoading]


async def test_a_host_that_comes_soon_is_waited_for(tmp_path: Path) -> None:
    async with client(tmp_path / "s", grace_s=20) as there:
        asking = asyncio.create_task(there.predict(spec(), texts("a")))
        await asyncio.sleep(0)
        async with host(tmp_path / "s", InProcessRuntimes(lambda _: open_echo())):
            assert told(await asking) == ["a"]


def start_host(path: Path, *, slow: bool = True) -> "subprocess.Popen[bytes]":
    """A process that answers; about the version "slow" it says nothing, unless told otherwise."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    command = [sys.executable, "-c", HOST, str(path), "slow" if slow else ""]
    return subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)


async def test_what_a_killed_host_left_is_answered_by_its_successor(tmp_path: Path) -> None:
    path = tmp_path / "s"
    process = start_host(path)
    try:
        async with client(path, grace_s=20) as there:
            assert told(await there.predict(spec(), texts("a"))) == ["a"]
            lost = [
                asyncio.create_task(there.predict(spec(version_id="slow"), texts("b", "c"))) for _ in range(3)
            ]
            assert told(await there.predict(spec(), texts("d"))) == ["d"]
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait, 10)
            process = start_host(path, slow=False)
            assert told(await there.predict(spec(), texts("e"))) == ["e"]
            assert [told(answer) for answer in await asyncio.gather(*lost)] == [["b", "c"]] * 3
    finally:
        process.kill()
        await asyncio.to_thread(process.wait, 10)


@asynccontextmanager
async def dying(path: Path) -> AsyncIterator[list[object]]:
    """A host that takes connections, and ends each with its first prediction; its list grows with these."""
    taken: list[object] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):  # whoever came may have left
            writer.write(frames.frame(Kind.HELLO))
            while (await frames.read_frame(reader))[0] != Kind.PREDICT:
                pass
            taken.append(writer)
        writer.close()

    async with await asyncio.start_unix_server(connected, path):
        yield taken


async def test_a_prediction_that_is_lost_twice_is_not_sent_again(tmp_path: Path) -> None:
    async with dying(tmp_path / "s") as taken, client(tmp_path / "s", grace_s=20) as there:
        assert told(await there.predict(spec(), texts("a", "b"))) == [ModelLoading, ModelLoading]
        assert len(taken) == 2


async def test_a_lost_prediction_waits_for_a_successor_no_longer_than_allowed(tmp_path: Path) -> None:
    async with client(tmp_path / "s", grace_s=20, timeout_s=0.3) as there:
        async with dying(tmp_path / "s") as taken:
            asking = asyncio.create_task(there.predict(spec(), texts("a")))
            while not taken:  # noqa: ASYNC110 - another part of the program changes it
                await asyncio.sleep(0)
        assert told(await asking) == [DeadlineExceeded]


async def test_only_the_owner_may_open_the_socket_and_it_goes_with_the_host(tmp_path: Path) -> None:
    path = tmp_path / "s"
    async with host(path, InProcessRuntimes(lambda _: open_echo())):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


async def test_a_socket_in_use_is_not_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "s"
    async with host(path, InProcessRuntimes(lambda _: open_echo())):
        with pytest.raises(OSError, match="in use"):
            bind(path)


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("!IB", 2**31, 2),
        frames.frame(Kind.PREDICT, b"short"),
        frames.predict_frame(1, 5, [b"x"]),
        frames.frame(Kind.SPEC, b"\0\0{}"),
        frames.frame(Kind.SPEC, b"\xff\xff{}"),
        struct.pack("!IB", 0, 99),
        frames.spec_frame(0, spec_to_bytes(spec()))
        + frames.frame(Kind.PREDICT, struct.pack("!QHBI", 1, 0, 0, 99)),
        frames.spec_frame(0, spec_to_bytes(spec())) + frames.predict_frame(1, 0, [b"\xff\xff\xff"]),
    ],
)
async def test_nonsense_ends_its_connection_and_no_other(tmp_path: Path, noise: bytes) -> None:
    path = tmp_path / "s"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(host(path, InProcessRuntimes(lambda _: open_echo())))
        there = await stack.enter_async_context(client(path))
        with capture_logs() as logs:
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(noise)
            assert await reader.read() == frames.frame(Kind.HELLO)
            writer.close()
        assert [log["event"] for log in logs if log["log_level"] == "warning"] == [
            "models_connection_refused"
        ]
        assert told(await there.predict(spec(), texts("a"))) == ["a"]


async def test_a_runtime_that_breaks_its_promise_is_an_error(tmp_path: Path) -> None:
    class Broken:
        async def predict(self, *_: object) -> list[Any]:
            raise ZeroDivisionError

    with capture_logs() as logs:
        async with host(tmp_path / "s", Broken()), client(tmp_path / "s") as there:
            assert told(await there.predict(spec(), texts("a"))) == [ApiError]
    assert [log["event"] for log in logs if log["log_level"] == "error"] == ["models_predict_failed"]


ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ApiError)]
RESULTS = st.lists(
    st.text(max_size=20).map(text_data)
    | st.builds(lambda kind, text: kind(text), st.sampled_from(ERRORS), st.text())
)


@given(request=st.integers(0, 2**64 - 1), results=RESULTS)
def test_results_survive_their_frame(request: int, results: list[Any]) -> None:
    body = memoryview(frames.result_frame(request, results)[5:])
    assert frames.read_request(body) == request
    read = frames.read_results(body)
    assert [type(result) for result in read] == [type(result) for result in results]
    for got, sent in zip(read, results, strict=True):
        assert got == sent or got.details == sent.details  # type: ignore[union-attr]


@given(body=st.binary(max_size=100))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    read: Callable[[memoryview], object]
    for read in (frames.read_predict, frames.read_results, frames.read_spec):
        with suppress(BadFormat, struct.error):
            read(memoryview(body))


def test_specifications_survive_their_bytes() -> None:
    made = spec(config={"a": [1, {"b": "ü"}]}, concepts=(("id", "name"), ("x", "y")))
    assert spec_from_bytes(spec_to_bytes(made)) == made


def test_number_libraries_get_one_thread_unless_told_otherwise() -> None:
    environ = {"OMP_NUM_THREADS": "3"}
    use_one_thread(environ)
    assert (environ["OMP_NUM_THREADS"], environ["OPENBLAS_NUM_THREADS"]) == ("3", "1")
