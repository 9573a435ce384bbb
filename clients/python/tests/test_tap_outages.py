"""The server is away, killed, restarted; the host forks, ends, or is killed: what arrives then."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tap_programs import KillableServer, run_host
from tap_standin import QUICK, Answer, accept, fail, is_balanced, serving

from bowerbird_tap import Limits, Tap, tap

MODEL = "acme/app/model"


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[KillableServer]:
    server = KillableServer(tmp_path / "arrived.log")
    yield server
    server.kill()


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def predict(watch: Tap, first: int, count: int) -> float:
    """Hand over predictions with numbered ids. The seconds of this thread's processor that the calls took."""
    started = time.thread_time()
    for number in range(first, first + count):
        watch({"text": "the quick brown fox"}, {"concepts": {"cat": 0.5}}, request_id=f"r{number}")
    return time.thread_time() - started


def settle(watch: Tap) -> None:
    """Wait until memory is empty: what the server does not take is on disk."""
    with watch._engine._ring.changed:
        watch._engine._ring.changed.wait_for(lambda: watch.stats().waiting == 0, 10)


def test_everything_arrives_although_the_server_is_killed_and_restarted_again_and_again(
    killable: KillableServer, tmp_path: Path
) -> None:
    watch = tap(MODEL, url=killable.url, key="k", spool=tmp_path / "spool", limits=QUICK)
    cost = 0.0
    for turn in range(6):
        cost += predict(watch, turn * 1000, 500)
        killable.kill()  # with batches on their way
        cost += predict(watch, turn * 1000 + 500, 500)
        if turn % 2:
            settle(watch)
        killable.start()
    assert watch.flush(20)
    watch.close()
    arrived = killable.ids()
    assert set(arrived) == {f"r{number}" for number in range(6000)}  # once, by request id
    assert (
        len(arrived) < 6000 + 6 * 2 * QUICK.in_flight * QUICK.batch_items
    )  # only what was on its way comes twice
    stats = watch.stats()
    assert (stats.sent, stats.rejected, stats.dropped, stats.spooled) == (6000, 0, {}, 0)
    assert cost / 6000 < 200e-6  # seconds of this thread's own time


def test_a_call_takes_less_than_20_microseconds(tmp_path: Path) -> None:
    with serving() as server:
        watch = tap(MODEL, url=server.url, key="k", spool=tmp_path)
        took = sorted(predict(watch, number, 1) for number in range(3000))
        watch.close()
    assert took[len(took) // 2] < 20e-6


def test_a_host_spends_less_than_2_percent_of_itself_while_the_server_is_killed_and_restarted(
    killable: KillableServer, tmp_path: Path
) -> None:
    watch = tap(MODEL, url=killable.url, key="k", spool=tmp_path / "spool", limits=QUICK)
    stop = threading.Event()

    def disturb() -> None:
        while not stop.is_set():
            killable.kill()
            killable.start()

    thread = threading.Thread(target=disturb)
    thread.start()
    picture, model, calls = bytes(9_000_000), 0.0, 0.0  # 5 ms a prediction
    for number in range(200):
        started = time.thread_time()
        hashlib.sha256(picture).digest()  # as a model does: natively, without the interpreter's lock
        model += time.thread_time() - started
        calls += predict(watch, number, 1)
    stop.set()
    thread.join()
    assert watch.flush(20)
    watch.close()
    assert set(killable.ids()) == {f"r{number}" for number in range(200)}
    assert calls < 0.02 * model


def test_what_a_killed_host_had_on_disk_is_sent_by_the_next_start(
    killable: KillableServer, tmp_path: Path
) -> None:
    code = """
import signal
for number in range(250):
    watch("x", [], request_id=str(number))
while watch.stats().spooled < 250:
    pass
os.kill(os.getpid(), signal.SIGKILL)
"""
    url = killable.url
    killable.kill()
    assert run_host(code, url, tmp_path / "spool").returncode == -9
    killable.start()
    watch = tap(MODEL, url=url, key="k", spool=tmp_path / "spool", limits=QUICK)
    assert watch.flush()
    assert sorted(killable.ids()) == sorted(map(str, range(250)))
    stats = watch.stats()
    assert (stats.offered, stats.adopted, stats.sent) == (0, 250, 250)
    watch.close()
    assert not list((tmp_path / "spool").glob("*/*"))


def test_a_program_that_just_ends_has_sent_everything(killable: KillableServer, tmp_path: Path) -> None:
    ended = run_host(
        'for number in range(250):\n    watch("x", [], request_id=str(number))',
        killable.url,
        tmp_path / "spool",
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert sorted(killable.ids()) == sorted(map(str, range(250)))


def test_a_program_that_ends_while_the_server_is_away_leaves_all_to_the_next(
    killable: KillableServer, tmp_path: Path
) -> None:
    url = killable.url
    killable.kill()
    ended = run_host(
        'for number in range(250):\n    watch("x", [], request_id=str(number))', url, tmp_path / "spool"
    )
    assert ended.returncode == 0
    killable.start()
    run_host("watch.flush()", url, tmp_path / "spool")
    assert sorted(set(killable.ids())) == sorted(map(str, range(250)))


@pytest.mark.parametrize(
    "code",
    [
        """
watch("x", [], request_id="parent before")
child = os.fork()
watch("x", [], request_id="child" if child == 0 else "parent after")
if child:
    os.waitpid(child, 0)
""",
        """
watch("x", [], request_id="parent before")
import multiprocessing
fork = multiprocessing.get_context("fork")
process = fork.Process(target=watch, args=("x", []), kwargs={"request_id": "child"})
process.start()
process.join()
watch("x", [], request_id="parent after")
""",
    ],
)
def test_a_forked_child_sends_its_own_and_nothing_of_its_parents(
    killable: KillableServer, tmp_path: Path, code: str
) -> None:
    ended = run_host(code, killable.url, tmp_path / "spool")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert sorted(killable.ids()) == ["child", "parent after", "parent before"]


def test_parent_and_child_spool_into_segments_of_their_own(killable: KillableServer, tmp_path: Path) -> None:
    code = """
watch("x", [], request_id="parent before")
while watch.stats().spooled < 1:
    pass
child = os.fork()
watch("x", [], request_id="child" if child == 0 else "parent after")
if child:
    os.waitpid(child, 0)
"""
    url = killable.url
    killable.kill()
    assert run_host(code, url, tmp_path / "spool").returncode == 0
    assert len(list((tmp_path / "spool").glob("*/*/*.seg"))) >= 2
    killable.start()
    run_host("watch.flush()", url, tmp_path / "spool")
    assert sorted(killable.ids()) == ["child", "parent after", "parent before"]


def test_the_disk_takes_what_a_hanging_server_does_not(tmp_path: Path) -> None:
    go_on = threading.Event()

    def hang(batch: list[dict[str, object]]) -> Answer:
        go_on.wait(20)
        return accept(batch)

    with serving(hang) as server:
        limits = replace(QUICK, queue_items=400, batch_items=100, patience=0.0)
        watch = tap(MODEL, url=server.url, key="k", spool=tmp_path, limits=limits)
        for turn in range(10):
            predict(watch, turn * 100, 100)
            with watch._engine._ring.changed:
                roomy = watch._engine._ring.changed.wait_for(lambda: watch.stats().waiting <= 300, 10)
            assert roomy
        assert watch.stats().spooled >= 600
        go_on.set()
        assert watch.flush()
        watch.close()
        assert sorted(server.ids()) == sorted(f"r{number}" for number in range(1000))
        assert watch.stats().dropped == {}


def test_without_a_disk_memory_waits_for_the_server(killable: KillableServer) -> None:
    url = killable.url
    killable.kill()
    watch = tap(MODEL, url=url, key="k", spool=None, limits=replace(QUICK, queue_items=300))
    predict(watch, 0, 350)
    killable.start()
    assert watch.flush()
    watch.close()
    assert set(killable.ids()) == {f"r{number}" for number in range(300)}
    assert watch.stats().dropped == {"full": 50}


def test_a_spool_that_cannot_be_written_leaves_items_in_memory(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)  # others could read and forge: not used
    refusals = [fail(503)] * 5
    with serving(lambda batch: refusals.pop() if refusals else accept(batch)) as server:
        watch = tap(MODEL, url=server.url, key="k", spool=tmp_path / "file" / "spool", limits=QUICK)
        (tmp_path / "file").write_text("in the way")
        predict(watch, 0, 10)
        assert watch.flush()
        watch.close()
        assert set(server.ids()) == {f"r{number}" for number in range(10)}
        assert is_balanced(watch.stats())


def test_closing_keeps_its_deadline_when_the_server_hangs(tmp_path: Path) -> None:
    go_on = threading.Event()

    def hang(batch: list[dict[str, object]]) -> Answer:
        go_on.wait(20)
        return accept(batch)

    with serving(hang) as server:
        watch = tap(MODEL, url=server.url, key="k", spool=tmp_path, limits=QUICK)
        predict(watch, 0, 10)
        started = time.monotonic()
        watch.close(0.1)
        assert time.monotonic() - started < 2.0
        assert watch.stats().spooled == 10
        go_on.set()


def test_the_server_says_when_it_wants_to_be_asked_again(tmp_path: Path) -> None:
    refusals: list[Answer] = [(503, {"retry_after": 1})]
    with serving(lambda batch: refusals.pop() if refusals else accept(batch)) as server:
        watch = tap(MODEL, url=server.url, key="k", spool=tmp_path, limits=QUICK)
        watch("x", [])
        started = time.monotonic()
        assert watch.flush()
        assert time.monotonic() - started >= 0.9
        watch.close()


def test_numbers_balance_while_the_server_comes_and_goes(tmp_path: Path) -> None:
    coin = iter([True, False, True, True, False] * 1000)
    with serving(lambda batch: accept(batch) if next(coin) else fail(503)) as server:
        limits = replace(QUICK, batch_items=7, segment_bytes=700, spool_bytes=5_000, queue_items=200)
        watch = tap(MODEL, url=server.url, key="k", spool=tmp_path, limits=limits)
        for turn in range(60):
            predict(watch, turn * 20, 20)
            assert is_balanced(watch.stats())
        assert watch.flush()
        stats = watch.stats()
        assert is_balanced(stats)
        assert (stats.waiting, stats.spooled, stats.spooled_bytes) == (0, 0, 0)
        assert len(set(server.ids())) == stats.sent
        watch.close()


def test_no_thread_is_started_before_the_first_prediction(tmp_path: Path) -> None:
    before = set(threading.enumerate())  # those of earlier tests may still be ending
    watch = tap(MODEL, url=closed_port(), key="k", spool=tmp_path, limits=Limits())
    assert set(threading.enumerate()) <= before
    watch.close()
