"""What the tap costs its host: one call, and the host's throughput while the server is killed and restarted.

Run: python bench.py [ROUNDS]
"""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent / "src"), str(Path(__file__).parent / "tests")]

from tap_programs import KillableServer

from bowerbird_tap import Limits, Tap, tap

SECONDS = 4.0
CONCEPTS = {f"concept-{number}": number / 20 for number in range(20)}
IMAGE = bytes(range(256)) * 400


def call_costs(watch: Tap) -> None:
    print(f"{'one call':34}{'p50 µs':>10}{'p99 µs':>10}")
    shapes: dict[str, tuple[dict[str, object], dict[str, object]]] = {
        "text, 1 concept": ({"text": "the quick brown fox"}, {"concepts": {"cat": 0.5}}),
        "text, 20 concepts": ({"text": "the quick brown fox"}, {"concepts": CONCEPTS}),
        "image of 100 KiB, 20 concepts": ({"image": IMAGE}, {"concepts": CONCEPTS}),
    }
    for name, (given, output) in shapes.items():
        took = []
        for number in range(5_000):
            started = time.perf_counter_ns()
            watch(given, output)
            took.append((time.perf_counter_ns() - started) / 1000)
            if number % 50 == 0:
                time.sleep(0.01)  # or the queue would be full
        took.sort()
        print(f"{name:34}{took[len(took) // 2]:>10.1f}{took[len(took) * 99 // 100]:>10.1f}")
        watch.flush(30)


def predict(work: int) -> float:
    """A model that never lets go of the interpreter's lock: the worst host for a background thread."""
    state = b"seed"
    for _ in range(work):
        state = hashlib.md5(state, usedforsecurity=False).digest()
    return state[0] / 255


def calibrated(milliseconds: float) -> int:
    started = time.thread_time()
    predict(20_000)
    return int(20_000 * milliseconds / 1000 / (time.thread_time() - started))


def window(work: int, watch: Tap | None) -> tuple[float, float, float, float]:
    """Predictions a second, then milliseconds of processor each: the model, the calls, the background."""
    clocks = [time.pthread_getcpuclockid(thread.ident or 0) for thread in tap_threads()]
    background = sum(map(time.clock_gettime, clocks))
    model, calls, done, started = 0.0, 0.0, 0, time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        begun = time.thread_time()
        score = predict(work)
        predicted = time.thread_time()
        if watch:
            watch({"text": "the quick brown fox jumps"}, {"concepts": {"cat": score, "dog": 1 - score}})
        calls += time.thread_time() - predicted
        model += predicted - begun
        done += 1
    rate = done / (time.perf_counter() - started)
    if watch:
        watch.flush(30)  # what it still has to do is its cost, too
    background = sum(map(time.clock_gettime, clocks)) - background
    return rate, model / done * 1000, calls / done * 1000, background / done * 1000


def tap_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("bowerbird-tap")]


def disturb(log: Path, host: Connection, flapping: Event, stop: Event) -> None:
    """In a process of its own: to start processes is not the host's work."""
    server = KillableServer(log)
    host.send(server.url)
    while not stop.is_set():
        if flapping.wait(0.1):
            stop.wait(1.0)
            server.kill()
            stop.wait(0.7)
            server.start()
    server.kill()


def host_throughput(milliseconds: float, rounds: int, folder: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    flapping, stop = spawn.Event(), spawn.Event()
    disturber = spawn.Process(target=disturb, args=(folder / "log", there, flapping, stop))
    disturber.start()
    watch = tap("a/b/c", url=here.recv(), key="k", spool=folder / "spool")
    compare(calibrated(milliseconds), rounds, watch, flapping)
    watch.flush(30)
    arrived = (folder / "log").read_text().splitlines()
    stop.set()
    disturber.join()
    stats = watch.stats()
    watch.close()
    print(f"offered {stats.offered}, arrived {len(set(arrived))} different, {len(arrived)} with repeats")
    print(stats)


def compare(work: int, rounds: int, watch: Tap, flapping: Event) -> None:
    rates, costs = [], []
    watch("start the threads", [])
    watch.flush()
    for _ in range(rounds):
        bare = window(work, None)
        flapping.set()
        tapped = window(work, watch)
        flapping.clear()
        rates.append(tapped[0] / bare[0] - 1)
        calls = tapped[2] - bare[2]  # without the price of measuring
        costs.append((calls / tapped[1], (calls + tapped[3]) / tapped[1]))
        print(
            f"  {bare[0]:7.1f} -> {tapped[0]:7.1f} predictions/s,"
            f" µs a prediction: calls {calls * 1000:5.1f}, background {tapped[3] * 1000:5.1f}"
        )
    own, everything = (statistics.median(each) for each in zip(*costs))
    print(f"medians: throughput {statistics.median(rates):+.2%}; of the model's processor time")
    print(f"  {own:.2%} in the host's own thread, {everything:.2%} with the background threads")


def main() -> None:
    logging.disable()
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        server = KillableServer(Path(folder) / "log")
        watch = tap("a/b/c", url=server.url, key="k", spool=Path(folder) / "spool", limits=Limits())
        call_costs(watch)
        watch.close()
        server.kill()
    for milliseconds in (1.0, 5.0):
        print(f"a model of {milliseconds} ms, server killed and restarted all the time, {rounds} rounds:")
        with tempfile.TemporaryDirectory() as folder:
            host_throughput(milliseconds, rounds, Path(folder))


if __name__ == "__main__":
    main()
