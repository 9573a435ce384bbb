"""Programs of their own for the tests: a server that can be killed, and hosts that end in several ways."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parent.parent / "src"
TESTS = Path(__file__).parent

SERVER = """
import os, sys
sys.path[:0] = {paths}
import tap_standin
port, log = int(sys.argv[1]), os.open(sys.argv[2], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
def answer(batch):
    os.write(log, "".join(item["request_id"] + "\\n" for item in batch).encode())
    return tap_standin.accept(batch)
class Server(tap_standin.Server):
    request_queue_size = 100
    def __init__(self):
        self.batches, self.requests, self.answer = [], [], answer
        super(tap_standin.Server, self).__init__(("127.0.0.1", port), tap_standin.Handler)
server = Server()
print(server.server_port, flush=True)
server.serve_forever()
"""

HOST = """
import os, sys
sys.path[:0] = {paths}
from bowerbird_tap import Limits, tap
limits = Limits(linger=0.01, retry_first=0.01, retry_most=0.05, drain_share=1.0)
watch = tap("acme/app/model", url=sys.argv[1], key="k", spool=sys.argv[2], limits=limits)
{code}
"""


class KillableServer:
    """Writes every request id to `log` before it answers; comes back at the same port."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.port = 0
        self._process: subprocess.Popen[str] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        code = SERVER.replace("{paths}", _paths())
        command = [sys.executable, "-c", code, str(self.port), str(self.log)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def ids(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


def run_host(code: str, url: str, spool: Path) -> subprocess.CompletedProcess[str]:
    """A program with `watch` at hand, run to its end."""
    program = HOST.replace("{paths}", _paths()).replace("{code}", code)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program, url, str(spool)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def _paths() -> str:
    return json.dumps([str(SOURCES), str(TESTS)])
