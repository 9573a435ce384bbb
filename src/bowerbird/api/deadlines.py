"""The longest time that a call may take."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Run:
    """Work under way in a task."""

    __slots__ = ("is_late", "task", "until")

    def __init__(self, task: "asyncio.Task[Any]", until: float) -> None:
        self.task = task
        self.until = until  # by the loop's clock
        self.is_late = False


class TimeLimit:
    """Cancels what takes longer than `seconds`, as asyncio.timeout does. Belongs to one event loop.

    All work has the same time, so that what began first is late first, and one timer does for all: a timer
    for each, made and cancelled, would be a tenth of what a prediction costs.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._runs: dict[_Run, None] = {}  # in the order in which they began
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work gives. Raises TimeoutError when it took too long, and whatever the work raises."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        run, cancelled = _Run(task, loop.time() + self._seconds), task.cancelling()
        self._runs[run] = None
        if self._timer is None:
            self._timer = loop.call_at(run.until, self._look)
        try:
            return await work
        except asyncio.CancelledError:
            if run.is_late and task.cancelling() == cancelled + 1:  # by nobody else
                raise TimeoutError from None
            raise
        finally:
            del self._runs[run]
            if run.is_late:
                task.uncancel()

    def _look(self) -> None:
        """Cancel what is late, and look again when the next will be."""
        loop = asyncio.get_running_loop()
        self._timer = None
        for run in self._runs:
            if run.until > loop.time():
                self._timer = loop.call_at(run.until, self._look)
                break
            if not run.is_late:
                run.is_late = True
                run.task.cancel()
