"""What the API's process takes when it has nothing to do."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from bench.rows import Row, at_most

PATIENCE_S = 30
SETTLE_S = 1.0


async def rows(scratch: Path) -> list[Row]:
    return [at_most("memory of an idle API process", _idle_mb(scratch / "memory"), 150, "MB")]


def _idle_mb(folder: Path) -> float:
    """Resident megabytes of `bowerbird api`, on a new folder that was made ready by another process, as
    `bowerbird serve` does it: one that has migrated a database holds 13 MB more until it is started again."""
    subprocess.run(
        [sys.executable, "-m", "bowerbird", "init", "--data", str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    ports = _free_port(), _free_port()
    addresses = {"BOWERBIRD_HTTP": f"127.0.0.1:{ports[0]}", "BOWERBIRD_GRPC": f"127.0.0.1:{ports[1]}"}
    process = subprocess.Popen(
        [sys.executable, "-m", "bowerbird", "api", "--data", str(folder)],
        env={**os.environ, **addresses},
        stderr=subprocess.DEVNULL,
    )
    try:
        for port in ports:
            _wait_for(port)
        time.sleep(SETTLE_S)
        status = Path(f"/proc/{process.pid}/status").read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    """Until something listens there. Raises TimeoutError."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens at port {port}")
