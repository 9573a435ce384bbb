"""A process that has imported everything, and forks: each child runs a command of Bowerbird's at once.

An order is a line of JSON on standard input: arguments, environment, folder, and the file for what is said.
It is answered with "born PID"; each death is told as "died PID CODE". Children do not outlive it.
"""

import json
import os
import signal
import sys
from types import FrameType
from typing import Any

import mortal  # noqa: F401 - registers its runtime

import bowerbird.cli.serving  # noqa: F401 - adds its commands
from bowerbird.api.rpc import handlers
from bowerbird.cli import app

living: set[int] = set()


def main() -> None:
    handlers()  # imports them
    signal.signal(signal.SIGCHLD, _bury)
    try:
        for line in sys.stdin:
            _bear(json.loads(line))
    finally:
        for pid in tuple(living):
            os.kill(pid, signal.SIGKILL)


def _bear(order: Any) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # no death is told before its birth
    pid = os.fork()
    if pid == 0:
        living.clear()
        _be(order)
    living.add(pid)
    _tell(f"born {pid}")
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def _bury(number: int, frame: FrameType | None) -> None:
    while living:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        living.remove(pid)
        _tell(f"died {pid} {os.waitstatus_to_exitcode(status)}")


def _be(order: Any) -> None:
    """Become what is ordered; ends this process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["env"])
    app(order["args"])


def _tell(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # in one piece, also from within a signal handler


main()
