"""The way to the model process: many predictions at once over one socket, and no waiting for the dead."""

import asyncio
import itertools
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import structlog
from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.errors import ApiError, BadFormat, DeadlineExceeded, InputTooLarge, ModelLoading
from bowerbird.runtimes.frames import (
    BUFFER,
    MAX_FRAME,
    SLOTS,
    Kind,
    cancel_frame,
    predict_frame,
    read_frame,
    read_request,
    read_results,
    spec_frame,
)
from bowerbird.runtimes.spec import ModelSpec, Results, spec_to_bytes

CHUNK = 16 * 1024 * 1024  # bytes of inputs that are sent together; one larger input is sent alone
MAX_INPUT = MAX_FRAME - 1024
STOPPED = "the process that runs the models stopped"
BACKOFF_S, MAX_BACKOFF_S = 0.02, 1.0

log = structlog.get_logger()


class ModelHostClient:
    """Runs models in the model process that listens at `path`. Belongs to one event loop.

    While that process is down, the first `grace_s` seconds are waited for; then calls fail at once. What was
    under way when it went down is asked once more of its successor: a prediction changes nothing.
    """

    def __init__(
        self,
        path: Path,
        *,
        timeout_s: float = 60.0,
        grace_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._grace_s = grace_s
        self._clock = clock
        self._link: _Link | None = None
        self._linked = asyncio.Event()
        self._down_since = 0.0
        self._keeper: asyncio.Task[None] | None = None

    async def predict(self, spec: ModelSpec, inputs: Sequence[Data]) -> Results:
        """One result for each input, in order: ModelLoading while the process is down."""
        if not inputs:
            return []
        try:
            async with asyncio.timeout(self._timeout_s):
                chunks = list(_chunks(inputs))
                if len(chunks) == 1:
                    return await self._ask(spec, chunks[0])
                answers = await asyncio.gather(*(self._ask(spec, chunk) for chunk in chunks))
        except TimeoutError:
            return [DeadlineExceeded() for _ in inputs]
        except ModelLoading as error:
            return [error for _ in inputs]
        return list(itertools.chain.from_iterable(answers))

    async def _ask(self, spec: ModelSpec, inputs: Sequence[bytes]) -> Results:
        """The results; after a connection that was lost before it answered, those of the next one."""
        link = await self._connected()
        try:
            return await link.predict(spec, inputs)
        except ModelLoading:
            await link.ended.wait()
        # Once and no more: an input that ends the process would end every one that comes after it.
        return await (await self._connected()).predict(spec, inputs)

    async def close(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None

    async def _connected(self) -> "_Link":
        if self._link is None:
            if self._keeper is None:
                self._down_since = self._clock()
                self._keeper = asyncio.create_task(self._keep_connected())
            left = self._down_since + self._grace_s - self._clock()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._linked.wait(), max(left, 0.0))
        if self._link is None:
            raise ModelLoading("the process that runs the models is not there")
        return self._link

    async def _keep_connected(self) -> None:
        pause = BACKOFF_S
        while True:
            try:
                reader, writer = await _connect(self._path)
            except (OSError, asyncio.IncompleteReadError, ApiError):
                await asyncio.sleep(pause)
                pause = min(MAX_BACKOFF_S, pause * 2)
                continue
            pause = BACKOFF_S
            link = self._link = _Link(writer)
            self._linked.set()
            try:
                await link.listen(reader)
            finally:
                self._link, self._down_since = None, self._clock()
                self._linked.clear()
                link.ended.set()
            log.warning("model_process_lost", socket=str(self._path))


async def _connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to a process that lives: the system takes connections for a dying one, too."""
    reader, writer = await asyncio.open_unix_connection(path, limit=BUFFER)
    try:
        kind, _ = await read_frame(reader)
        if kind != Kind.HELLO:
            raise BadFormat(f"a frame of kind {kind}")
    except BaseException:
        writer.close()
        raise
    return reader, writer


class _Link:
    """One connection: specifications that it told already, and requests that wait for their answer."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.ended = asyncio.Event()
        self._writer = writer
        self._requests = itertools.count(1)
        self._pending: dict[int, asyncio.Future[Results]] = {}
        self._slots: OrderedDict[tuple[str, str, str, str], tuple[int, ModelSpec]] = OrderedDict()

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Take answers until the connection ends; what waits then fails with ModelLoading."""
        try:
            while True:
                kind, body = await read_frame(reader)
                future = self._pending.get(read_request(body)) if kind == Kind.RESULT else None
                if future is not None and not future.done():
                    future.set_result(read_results(body))
        except (asyncio.IncompleteReadError, OSError, ApiError):
            pass  # the process ended, or is not what it should be
        finally:
            for future in self._pending.values():
                if not future.done():
                    future.set_exception(ModelLoading(STOPPED))
            self._writer.close()

    async def predict(self, spec: ModelSpec, inputs: Sequence[bytes]) -> Results:
        """Raises ModelLoading when the connection is lost before the answer; `ended` is set soon after."""
        if any(len(data) > MAX_INPUT for data in inputs):  # which is then sent alone
            return [InputTooLarge(f"{MAX_INPUT:,} bytes are allowed") for _ in inputs]
        if self._writer.is_closing():
            raise ModelLoading(STOPPED)
        request = next(self._requests)
        future: asyncio.Future[Results] = asyncio.get_running_loop().create_future()
        self._pending[request] = future
        try:
            self._writer.write(predict_frame(request, self._slot(spec), inputs))
            await self._writer.drain()
            return await future
        except OSError as error:
            self._writer.transport.abort()  # what cannot be written to may still look readable
            raise ModelLoading(STOPPED) from error
        finally:
            self._forget(request, future)

    def _forget(self, request: int, future: "asyncio.Future[Results]") -> None:
        del self._pending[request]
        is_answered = future.done() and not future.cancelled()
        if is_answered:
            future.exception()  # asyncio complains about errors that nobody looked at
        elif not self._writer.is_closing():
            self._writer.write(cancel_frame(request))

    def _slot(self, spec: ModelSpec) -> int:
        """The number that stands for `spec` on this connection, told to the other side when it is new."""
        known = self._slots.get(spec.key)
        if known is not None and (known[1] is spec or known[1] == spec):
            self._slots.move_to_end(spec.key)
            return known[0]
        if known is not None:
            slot = known[0]
        elif len(self._slots) < SLOTS:
            slot = len(self._slots)
        else:
            slot = self._slots.popitem(last=False)[1][0]
        self._slots[spec.key] = slot, spec
        self._writer.write(spec_frame(slot, spec_to_bytes(spec)))
        return slot


def _chunks(inputs: Sequence[Data]) -> Iterator[list[bytes]]:
    """The inputs in groups of at most CHUNK bytes, or of one."""
    chunk: list[bytes] = []
    size = 0
    for data in inputs:
        content = data.SerializeToString()
        if chunk and size + len(content) > CHUNK:
            yield chunk
            chunk, size = [], 0
        chunk.append(content)
        size += len(content)
    yield chunk
