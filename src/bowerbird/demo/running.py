"""The demonstration's server: a folder of its own, addresses that are free, and `serve` as a child."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from bowerbird.demo.client import DemoFailedError
from bowerbird.ports import is_free
from bowerbird.settings import Settings

MARK = ".bowerbird-demo"  # a folder that has it may be removed by the next demonstration
LOG = "server.log"
START_S, STOP_S = 60.0, 20.0


def fresh_folder(settings: Settings) -> bool:
    """An empty folder for the data; whether an earlier demonstration was removed for it.

    Raises DemoFailedError for a folder with anything else in it, or with a server at work.
    """
    folder = settings.data
    is_old = (folder / MARK).exists()
    if is_old:
        if _answers(settings.models_socket):
            raise DemoFailedError(f"A demo is still running in {folder}; stop it first, or say --data.")
        shutil.rmtree(folder)
    elif folder.exists() and any(folder.iterdir()):
        raise DemoFailedError(f"{folder} holds something that no demo made; say another folder with --data.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / MARK).touch()
    return is_old


@contextmanager
def serving(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """`bowerbird serve` beside us, stopped at the end; its log is a file in the folder."""
    command = [sys.executable, "-m", "bowerbird", "serve", "--supervised"]
    command += ["--data", str(settings.data.absolute()), "--http", settings.http, "--grpc", settings.grpc]
    command += ["--portal", settings.portal] if settings.portal else ["--no-portal"]
    with (settings.data / LOG).open("ab") as log:
        # In the folder and without our settings, so that it is the same everywhere. Its input is a pipe
        # that ends with us, and with it the server; a session of its own keeps Ctrl-C from it.
        server = subprocess.Popen(  # noqa: S603  # our own program
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=settings.data,
            env={k: v for k, v in os.environ.items() if not k.startswith("BOWERBIRD_")},
            start_new_session=True,
        )
        try:
            yield server
        finally:
            server.terminate()
            try:
                server.wait(STOP_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            if server.stdin is not None:
                server.stdin.close()


def wait_until_ready(settings: Settings, server: subprocess.Popen[bytes]) -> None:
    """Raises DemoFailedError when the server ends, or does not answer within START_S."""
    end = time.monotonic() + START_S
    with httpx2.Client(trust_env=False) as http:
        while time.monotonic() < end and server.poll() is None:
            try:
                is_ready = http.get(f"http://{settings.http}/readyz").status_code == 200
                if is_ready and not is_free(settings.grpc):
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.05)
    raise DemoFailedError(f"The server did not start: see {settings.data / LOG}")


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
