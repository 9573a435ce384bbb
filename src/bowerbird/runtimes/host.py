"""The model process: serves predictions on a socket, so that no model runs in the API's event loop."""

import asyncio
import os
import socket
import struct
from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from pathlib import Path

import structlog
from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.errors import ApiError, BadFormat, ModelBusy
from bowerbird.runtimes.frames import (
    BUFFER,
    Kind,
    frame,
    read_frame,
    read_predict,
    read_request,
    read_spec,
    result_frame,
)
from bowerbird.runtimes.spec import ModelSpec, Runtimes, spec_from_bytes

MAX_IN_FLIGHT = 1024 * 1024 * 1024  # bytes of inputs that a connection may have under way
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

log = structlog.get_logger()


def use_one_thread(environ: MutableMapping[str, str]) -> None:
    """Keep number libraries from using every core for each call; before any of them is imported."""
    for name in ONE_THREAD:
        environ.setdefault(name, "1")


async def serve_models(path: Path, runtimes: Runtimes, *, stop: asyncio.Event) -> None:
    """Answer predictions at the socket `path`, which only its owner may open, until `stop` is set."""
    connections: dict[_Connection, asyncio.Event] = {}  # with what is set when they have ended

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(reader, writer, runtimes)
        ended = connections[connection] = asyncio.Event()
        try:
            await connection.serve()
        finally:
            del connections[connection]
            ended.set()

    server = await asyncio.start_unix_server(connected, sock=bind(path), limit=BUFFER)
    log.info("models_served", socket=str(path), process=os.getpid())
    try:
        await stop.wait()
    finally:
        _unlink(path)  # first: once it is closed, another process may put its own there
        server.close()
        for connection, ended in tuple(connections.items()):
            connection.abort()
            await ended.wait()


def bind(path: Path) -> socket.socket:
    """A bound socket of mode 0600, in a folder that is made if needed. What a dead process left is replaced.

    Raises OSError when a living process listens there, or the path is too long for a socket.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.is_socket() and not _is_served(path):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)  # nobody can connect before it listens
    except OSError:
        listener.close()
        raise
    return listener


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
    return True


class _Connection:
    """One client: its specifications by slot, and what it waits for."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, runtimes: Runtimes
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._runtimes = runtimes
        self._specs: dict[int, ModelSpec] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._in_flight = 0  # bytes

    async def serve(self) -> None:
        self._writer.write(frame(Kind.HELLO))
        try:
            while True:
                self._take(*await read_frame(self._reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away
        except (ApiError, struct.error) as error:
            log.warning("models_connection_refused", reason=str(error))
        finally:
            for task in tuple(self._tasks.values()):
                task.cancel()
            self._writer.close()

    def abort(self) -> None:
        """Let `serve` end, whatever is under way."""
        self._writer.transport.abort()

    def _take(self, kind: int, body: memoryview) -> None:
        if kind == Kind.SPEC:
            slot, spec = read_spec(body)
            self._specs[slot] = spec_from_bytes(spec)
        elif kind == Kind.PREDICT:
            self._predict(body)
        elif kind == Kind.CANCEL:
            if task := self._tasks.get(read_request(body)):
                task.cancel()
        else:
            raise BadFormat(f"a frame of kind {kind}")

    def _predict(self, body: memoryview) -> None:
        request, slot, inputs = read_predict(body)
        if slot not in self._specs:
            raise BadFormat(f"slot {slot} stands for nothing")
        if self._in_flight + len(body) > MAX_IN_FLIGHT:
            self._writer.write(result_frame(request, [ModelBusy() for _ in inputs]))
            return
        size = len(body)
        self._in_flight += size
        task = asyncio.create_task(self._answer(request, self._specs[slot], inputs))
        self._tasks[request] = task
        task.add_done_callback(lambda _: self._forget(request, size))

    async def _answer(self, request: int, spec: ModelSpec, inputs: Sequence[Data]) -> None:
        try:
            results = await self._runtimes.predict(spec, inputs)
        except Exception:  # the client must not wait for an answer that never comes
            log.exception("models_predict_failed", model=spec.model_id, version=spec.version_id)
            results = [ApiError() for _ in inputs]
        self._writer.write(result_frame(request, results))
        with suppress(ConnectionError):
            await self._writer.drain()

    def _forget(self, request: int, size: int) -> None:
        self._tasks.pop(request, None)
        self._in_flight -= size
