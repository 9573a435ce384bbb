"""`bowerbird` for those who run it often: a process that has imported everything forks for each command.

A shell calls it by a function, which hands over its arguments, folder, environment and standard streams,
and ends as the command does.
"""

import gc
import json
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import bowerbird.cli
from bowerbird.api.rpc import handlers

CLIENT = """import json, os, socket, sys
address, *words = sys.argv[1:]
with socket.socket(socket.AF_UNIX) as parent:
    parent.connect(address)
    socket.send_fds(parent, [b"-"], [0, 1, 2])
    parent.sendall(json.dumps([["bowerbird", *words], os.getcwd(), dict(os.environ)]).encode())
    parent.shutdown(socket.SHUT_WR)
    code = parent.recv(1)
sys.exit(code[0] if code else "it died")
"""


@contextmanager
def forked_commands(folder: Path, env: Mapping[str, str]) -> Iterator[str]:
    """What a shell script begins with that runs `bowerbird`. Imports see the environment `env`."""
    address, client = folder / "parent.sock", folder / "client.py"
    client.write_text(CLIENT)
    command = [sys.executable, __file__, str(address)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        run = shlex.join([sys.executable, "-IS", str(client), str(address)])
        yield f'bowerbird() {{ {run} "$@"; }}\n'


def _fork_for_each(address: str) -> None:
    bowerbird.cli.add_commands()
    handlers()  # imports them
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        os.write(1, b"ready\n")
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            client, _ = listener.accept()
            if os.fork() == 0:
                _become(client)
            client.close()


def _become(client: socket.socket) -> NoReturn:
    """Run the command that the client wants."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(client, 1, 3)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    with client.makefile("rb") as order:
        sys.argv, folder, env = json.load(order)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    code: object = 1
    try:
        bowerbird.cli.app()
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        client.send(bytes([code if isinstance(code, int) else 1]))
        client.close()
    sys.exit()


if __name__ == "__main__":
    _fork_for_each(sys.argv[1])
