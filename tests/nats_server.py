"""A NATS server of a test's own, which may be killed and started again."""

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import nats

PROGRAM = shutil.which("nats-server")


class NatsServer:
    def __init__(self, folder: Path, *options: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        assert PROGRAM
        self._command = [PROGRAM, "-a", "127.0.0.1", "-p", str(self.port), "-sd", str(folder), *options]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def start(self) -> None:
        silent = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, stdout=silent, stderr=silent)  # noqa: ASYNC220
        client = await nats.connect(
            self.url, reconnect_time_wait=0.05, max_reconnect_attempts=200, error_cb=quiet
        )
        await client.close()

    def pause(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)  # until all its threads stand still

    def go_on(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        assert self._process
        self._process.terminate()
        self._process.wait()


async def quiet(error: Exception) -> None:
    return
