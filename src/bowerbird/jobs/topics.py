"""What jobs there are: every module of this package that has a TOPIC serves the kind it names."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache

from bowerbird.errors import ApiError
from bowerbird.jobs.rows import Job
from bowerbird.services import Services

MOST_PAUSE_S = 600.0


class Interrupted(ApiError):
    """The work was started again and again, and never came to an end."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of job. Both functions may be called twice for the same job, and change nothing then.

    `run` raises to be called again, later; after so many `tries`, `give_up` writes down that it failed.
    """

    kind: str
    run: Callable[[Services, Job], Awaitable[None]]
    give_up: Callable[[Services, Job, Exception], Awaitable[None]]
    tries: int = 5


def pause(attempt: int) -> float:
    """Seconds until the next attempt: 2, 8, 32, ... up to ten minutes."""
    return min(2.0 * 4.0 ** min(attempt - 1, 8), MOST_PAUSE_S)


@cache
def topics() -> dict[str, Topic]:
    """All topics by kind."""
    package = importlib.import_module("bowerbird.jobs")
    modules = [
        importlib.import_module(f"bowerbird.jobs.{m.name}") for m in pkgutil.iter_modules(package.__path__)
    ]
    found = [module.TOPIC for module in modules if hasattr(module, "TOPIC")]
    return {topic.kind: topic for topic in found}
