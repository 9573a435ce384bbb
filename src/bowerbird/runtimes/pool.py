"""Runs models in threads of this process: each version is loaded when it is first asked for."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.errors import ApiError, DeadlineExceeded, ModelBusy, ModelLoading
from bowerbird.runtimes.lane import Lane, Request
from bowerbird.runtimes.spec import ModelSpec, Results, Runtime

FAILURE_COUNTS_S = 5.0  # how long a version that failed to load is not tried again


class InProcessRuntimes:
    """Many model versions behind one `predict`; the least recently used one goes when there are too many.

    Each version has a lane of its own, with its own threads: one that hangs holds up no other.
    """

    def __init__(
        self,
        load: Callable[[ModelSpec], Runtime],
        *,
        max_models: int = 16,
        max_queue: int = 256,
        timeout_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`load` is called in a thread; `max_queue` inputs may wait for each version."""
        self._load = load
        self._max_models = max_models
        self._max_queue = max_queue
        self._timeout_s = timeout_s
        self._clock = clock
        self._lanes: OrderedDict[tuple[str, str, str, str], Lane] = OrderedDict()

    async def predict(self, spec: ModelSpec, inputs: Sequence[Data]) -> Results:
        """One result for each input, in order: ModelBusy, ModelLoading, DeadlineExceeded among them."""
        if not inputs:
            return []
        lane = self._lane(spec)
        if lane.waiting and lane.waiting + len(inputs) > self._max_queue:
            return [ModelBusy(f"{lane.waiting} inputs wait for it") for _ in inputs]
        request = Request(inputs)
        lane.submit(request)
        try:
            async with asyncio.timeout(self._timeout_s):
                await request.done
        except TimeoutError:
            late: ApiError = ModelLoading() if lane.is_loading else DeadlineExceeded()
            return [result if result is not None else late for result in request.results]
        finally:
            request.done.cancel()  # what nobody waits for any more is not run
        return [result for result in request.results if result is not None]

    async def close(self) -> None:
        """Let go of every version; what still waits is answered with errors."""
        while self._lanes:
            self._lanes.popitem()[1].retire()

    def _lane(self, spec: ModelSpec) -> Lane:
        lane = self._lanes.get(spec.key)
        if lane is not None and (lane.spec != spec or self._is_over(lane)):
            self._lanes.pop(spec.key).retire()
            lane = None
        if lane is None:
            lane = self._lanes[spec.key] = Lane(spec, self._load, self._clock)
            self._evict()
        self._lanes.move_to_end(spec.key)
        return lane

    def _is_over(self, lane: Lane) -> bool:
        return lane.failed_at is not None and self._clock() - lane.failed_at > FAILURE_COUNTS_S

    def _evict(self) -> None:
        while len(self._lanes) > self._max_models:
            self._lanes.popitem(last=False)[1].retire()
