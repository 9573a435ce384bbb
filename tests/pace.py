"""How tests run: in memory, slow ones beside others; failures are told at once, and what a hang waits for."""

import asyncio
import gc
import io
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")
ROOM = 4 * 1024**3
HANGS_S = 240.0  # pytest's own limit, which ends it, is a little more
LOOK_S = 5.0


class Watch:
    """Tells of a test that does not end what its asyncio tasks wait for, which no stack of a thread shows."""

    def __init__(self) -> None:
        self._screen = os.dup(2)  # what is printed while a test runs is kept for its report
        self._running = ("", float("inf"))
        threading.Thread(target=self._look, name="watch", daemon=True).start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._running = (item.nodeid, time.monotonic())
        try:
            return (yield)
        finally:
            self._running = ("", float("inf"))

    def _look(self) -> None:
        told = ""
        while True:
            time.sleep(LOOK_S)
            test, since = self._running
            if time.monotonic() - since > HANGS_S and test != told:
                told = test
                os.write(self._screen, f"\n{test} does not end.\n{tasks()}".encode())


def tasks() -> str:
    """Where each asyncio task of this process waits."""
    out = io.StringIO()
    for one in gc.get_objects():
        if issubclass(type(one), asyncio.Task) and not one.done():
            one.print_stack(file=out)
    return out.getvalue()


class Failures:
    """Tells of each failure when it happens, and not only at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and reporter:
            reporter.write_line("")
            reporter.write_line(f"FAILED {report.nodeid} ({report.when})")


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # what is imported and collected stays: a fifth of the time would go on looking through it
    use_memory()
    config.pluginmanager.register(Watch())
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Failures(config))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # memory is there: look for cycles less often
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than cores: one of them begins with tests that wait for processes and timers."""
    return 1 + (os.cpu_count() or 1)


def use_memory() -> None:
    """Let temporary files lie in memory, if it has room: disks sync slowly, and no test is of a power cut."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    if shutil.disk_usage(MEMORY).free >= ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """To begin with, each worker is given one part of the list: slow ones go to the first. Were they dealt to
    all, all would wait together, and then fight for the cores."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
