"""What operators that are not light may reach: the inputs of the app, and other servers."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bowerbird.errors import PredictionFailed
from bowerbird.index.nearest import Nearest, Neighbour

Labels = Mapping[int, Mapping[str, str]]  # an input's number -> ids and names of what people say it is
LabelsOf = Callable[[int, Sequence[int]], Awaitable[Labels]]  # of an app's inputs, both by their numbers


class Post(Protocol):
    async def __call__(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float, max_bytes: int
    ) -> bytes:
        """The body of a 2xx answer. Raises InputUrlInvalid for a URL that may not be used, InputTooLarge,
        InputRefused for an answer that says no, InputDownloadFailed for what may go better next time."""
        ...


@dataclass(frozen=True, slots=True)
class Outside:
    """The doors out of a workflow that runs in an app."""

    app: int  # its number
    name: str  # user/app
    nearest: Nearest
    labels: LabelsOf
    post: Post
    key: bytes  # the app's, for signatures
    max_image_bytes: int
    max_image_pixels: int
    clock: Callable[[], float]  # seconds since 1970


class _Nothing:
    async def nearest(self, app: int, embedding: Sequence[float], k: int) -> list[Neighbour]:
        raise PredictionFailed("nothing can be looked up here")

    async def labels(self, app: int, inputs: Sequence[int]) -> Labels:
        raise PredictionFailed("nothing can be looked up here")

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float, max_bytes: int
    ) -> bytes:
        raise PredictionFailed("no other server can be called here")


def closed() -> Outside:
    """No door is open: for checking parameters."""
    nothing = _Nothing()
    return Outside(0, "", nothing, nothing.labels, nothing.post, b"", 0, 0, time.time)
