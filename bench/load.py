"""Load from processes that cost little: h2load for gRPC and wrk for HTTP, else clients in Python."""

import json
import re
import shutil
import statistics
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.messages import APP, MODEL, USER, request
from bowerbird.api.rpc import METHODS
from bowerbird.wire.json import dumps

GRPC_PATH = METHODS["PostModelOutputs"].path
HTTP_PATH = f"/v2/users/{USER}/apps/{APP}/models/{MODEL}/outputs"
CONNECTIONS = 4
STREAMS = 16  # under way at once on each connection
MISSING = [name for name in ("h2load", "wrk") if shutil.which(name) is None]


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did under load."""

    done: int
    rate: float  # requests a second
    p50_ms: float
    size: float  # bytes of an answer, with its frame or its headers


class Server:
    """One of `bench.servers` in a process of its own, in a folder of its own."""

    def __init__(self, kind: str, scratch: Path) -> None:
        self.kind = kind
        folder = scratch / kind
        folder.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.servers", kind, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait(self) -> None:
        """Until it serves. Raises RuntimeError when it does not."""
        said = self._line()
        self.grpc_port: int = said["grpc"]
        self.http_port: int = said["http"]
        self.key: str = said["key"]

    def stop(self) -> dict[str, int]:
        """End it; what it says of what it collected."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        figures: dict[str, int] = self._line()
        self.process.wait(30)
        return figures

    def kill(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()

    def _line(self) -> Any:  # the JSON that the server writes
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server {self.kind!r} ended")
        return json.loads(line)


class Client:
    """Sends the same prediction again and again."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._log = folder / "log"
        body = request().SerializeToString()
        self._frame = folder / "frame"
        self._frame.write_bytes(struct.pack(">BI", 0, len(body)) + body)
        self._json = folder / "body.json"
        self._json.write_bytes(dumps(request()))

    def grpc(
        self,
        server: Server,
        seconds: float,
        *,
        connections: int = CONNECTIONS,
        streams: int = STREAMS,
        rps: int = 0,
    ) -> Load:
        """As many requests as the server answers, or `rps` a second on each connection."""
        if "h2load" in MISSING:
            return _python("grpc", server.grpc_port, seconds, connections * streams, server.key, self._frame)
        self._log.unlink(missing_ok=True)
        said = _run(
            "h2load",
            f"--duration={round(1000 * seconds)}ms",
            f"--clients={connections}",
            f"--max-concurrent-streams={streams}",
            *([f"--rps={rps}"] if rps else []),
            f"--data={self._frame}",
            f"--log-file={self._log}",
            "--header=content-type: application/grpc",
            "--header=te: trailers",
            f"--header=authorization: Key {server.key}",
            f"http://127.0.0.1:{server.grpc_port}{GRPC_PATH}",
        )
        done = int(_found(r"(\d+) done", said))
        if int(_found(r"(\d+) succeeded", said)) != done:
            raise RuntimeError(said)
        times = [int(line.split("\t")[2]) for line in self._log.read_text().splitlines()]
        rate = float(_found(r"finished in .*?, ([\d.]+) req/s", said))
        size = int(_found(r"\((\d+)\) data", said)) / done
        return Load(done, rate, statistics.median(times) / 1000, size)

    def http(self, server: Server, seconds: float) -> Load:
        if "wrk" in MISSING:
            return _python("http", server.http_port, seconds, CONNECTIONS * STREAMS, server.key, self._json)
        script = self._json.with_suffix(".lua")
        script.write_text(_LUA.format(body=self._json, key=server.key))
        said = _run(
            "wrk",
            "--threads=1",
            f"--connections={CONNECTIONS * STREAMS}",
            f"--duration={max(1, round(seconds))}s",
            "--latency",
            f"--script={script}",
            f"http://127.0.0.1:{server.http_port}{HTTP_PATH}",
        )
        if "Non-2xx" in said or "Socket errors" in said:
            raise RuntimeError(said)
        done = int(_found(r"(\d+) requests in", said))
        p50_ms = _quantity(r"50%\s+([\d.]+)(us|ms|s)", said, {"us": 1e-3, "ms": 1.0, "s": 1e3})
        read = _quantity(r"in .*?, ([\d.]+)(KB|MB|GB) read", said, {"KB": 2**10, "MB": 2**20, "GB": 2**30})
        return Load(done, float(_found(r"Requests/sec:\s+([\d.]+)", said)), p50_ms, read / done)


_LUA = """
local file = io.open("{body}")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Key {key}"
"""


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _python(wire: str, port: int, seconds: float, at_once: int, key: str, body: Path) -> Load:
    """A client that takes about as much as it measures."""
    arguments: Sequence[object] = (wire, port, seconds, at_once, key, body)
    said = _run(sys.executable, "-m", "bench.client", *map(str, arguments))
    return Load(**json.loads(said))


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(text)
    return found[1]


def _quantity(pattern: str, text: str, units: Mapping[str, float]) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(text)
    return float(found[1]) * units[found[2]]
