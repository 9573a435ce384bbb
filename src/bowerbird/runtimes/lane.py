"""One model version and those who wait for it: while a batch runs, requests gather for the next."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import structlog
from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.errors import ApiError, ModelInvalid, PredictionFailed
from bowerbird.runtimes.crops import is_crops
from bowerbird.runtimes.spec import ModelSpec, Results, Runtime
from bowerbird.runtimes.video import is_video

log = structlog.get_logger()


class Request:
    """Inputs of one call, and their results as they come; `done` ends when all are there."""

    def __init__(self, inputs: Sequence[Data]) -> None:
        self.inputs = inputs
        self.results: list[Data | ApiError | None] = [None] * len(inputs)
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._missing = len(inputs)

    def answer(self, place: int, result: Data | ApiError) -> None:
        if self.done.done():
            return
        self.results[place] = result
        self._missing -= 1
        if not self._missing:
            self.done.set_result(None)


class Waiting(NamedTuple):
    """One input that waits."""

    request: Request
    place: int


class Lane:
    """Loads its version at once, then runs whatever waits, as many as fit into a batch, without delay.

    Belongs to one event loop; only loading and predicting happen in its threads.
    """

    def __init__(
        self, spec: ModelSpec, load: Callable[[ModelSpec], Runtime], clock: Callable[[], float]
    ) -> None:
        self.spec = spec
        self.failed_at: float | None = None  # when loading failed, by the clock
        self._clock = clock
        self._failure: ApiError | None = None
        self._runtime: Runtime | None = None
        self._retired = False
        self._running = 0
        self._queue: deque[Waiting] = deque()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._loop = asyncio.get_running_loop()
        loading = self._loop.run_in_executor(self._threads, _load_safely, load, spec)
        loading.add_done_callback(self._loaded)

    @property
    def is_loading(self) -> bool:
        return self._runtime is None and self._failure is None

    @property
    def waiting(self) -> int:
        """Inputs that wait."""
        return len(self._queue)

    def submit(self, request: Request) -> None:
        self._queue.extend(Waiting(request, place) for place in range(len(request.inputs)))
        self._pump()

    def retire(self) -> None:
        """Take nothing new; close the version when what runs and waits is through."""
        self._retired = True
        self._pump()

    def _loaded(self, loading: "asyncio.Future[Runtime | ApiError]") -> None:
        outcome = loading.result()
        if isinstance(outcome, ApiError):
            self._failure, self.failed_at = outcome, self._clock()
        else:
            self._runtime = outcome
            self._threads.shutdown(wait=False)
            self._threads = ThreadPoolExecutor(outcome.parallel, thread_name_prefix="model")
        self._pump()

    def _pump(self) -> None:
        if self._failure is not None:
            while self._queue:
                waiting = self._queue.popleft()
                waiting.request.answer(waiting.place, self._failure)
        if self._runtime is not None:
            while self._running < self._runtime.parallel and (batch := self._take(self._runtime.max_batch)):
                self._start(self._runtime, batch)
        if self._retired and not self._running and not self.is_loading:
            self._threads.shutdown(wait=False)
            if self._runtime is not None:
                self._runtime.close()

    def _take(self, most: int) -> list[Waiting]:
        """The next inputs that somebody still waits for. A video goes alone, and so do crops: others need not
        see their end."""
        batch: list[Waiting] = []
        while self._queue and len(batch) < most:
            request, place = self._queue[0]
            is_slow = is_video(request.inputs[place]) or is_crops(request.inputs[place])
            if batch and is_slow:
                break
            waiting = self._queue.popleft()
            if not request.done.done():
                batch.append(waiting)
                if is_slow:
                    break
        return batch

    def _start(self, runtime: Runtime, batch: list[Waiting]) -> None:
        self._running += 1
        inputs = [waiting.request.inputs[waiting.place] for waiting in batch]
        running = self._loop.run_in_executor(self._threads, _predict_safely, runtime, inputs, self.spec)

        def finish(running: "asyncio.Future[Results]") -> None:
            self._running -= 1
            for waiting, result in zip(batch, running.result(), strict=True):
                waiting.request.answer(waiting.place, result)
            self._pump()

        running.add_done_callback(finish)


def _load_safely(load: Callable[[ModelSpec], Runtime], spec: ModelSpec) -> Runtime | ApiError:
    try:
        return load(spec)
    except ApiError as error:
        return error
    except Exception:  # a runtime is somebody else's code
        log.exception("model_load_failed", model=spec.model_id, version=spec.version_id)
        return ModelInvalid("the model could not be loaded")


def _predict_safely(runtime: Runtime, inputs: list[Data], spec: ModelSpec) -> Results:
    """Results for all inputs; when a batch fails as a whole, its inputs are tried one by one."""
    try:
        results = runtime.predict(inputs)
        if len(results) != len(inputs):
            raise RuntimeError(f"{len(results)} results for {len(inputs)} inputs")
    except ApiError as error:
        return [error for _ in inputs]
    except Exception:  # a runtime is somebody else's code
        if len(inputs) > 1:
            return [result for data in inputs for result in _predict_safely(runtime, [data], spec)]
        log.exception("prediction_failed", model=spec.model_id, version=spec.version_id)
        return [PredictionFailed()]
    return results
