"""The operator dedup."""

import re
from collections.abc import Callable, Hashable, Iterator
from enum import StrEnum
from typing import Annotated, Generic, NamedTuple, TypeVar, cast

from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import PARAMS, Choice, Field, Number, Share, invalid
from bowerbird.workflows.fingerprints import MinHash, Sketch
from bowerbird.workflows.keys import metadata_path
from bowerbird.workflows.operators import Look, Skip, Step, operator
from bowerbird.workflows.plain import at_path
from bowerbird.workflows.recent import ImageIndex, Kept, Key, Recent, SameIndex, TextIndex
from bowerbird.workflows.state import Memory, State
from bowerbird.workflows.view import View

F = TypeVar("F")
MOST_KEPT = 50_000
DAY_S = 86_400.0
YEAR_S = 366 * DAY_S
HASH_FIELD = "metadata.phash"
HASH = re.compile(r"[0-9a-fA-F]{16}")


class Method(StrEnum):
    """When one input is a repeat of another."""

    EXACT = "exact"
    TEXT = "text"
    IMAGE = "image"


@operator("dedup", title="Deduplicator", kind="filter", reads_media=True)
def dedup(
    *,
    memory: Memory,
    method: Annotated[
        Method,
        Choice("exact: the same content or URL; text: shingles in common; image: perceptual hashes.", Method),
    ] = Method.EXACT,
    similarity: Annotated[float, Share("Of text: how similar repeats are at least.")] = 0.8,
    distance: Annotated[
        float,
        Number("Of image: in how many of 64 bits repeats differ at most; 4 strictly, 10 loosely.", 0, 16),
    ] = 4.0,
    hash_field: Annotated[
        str, Field("Of image: where the input's metadata have the hash, as 16 hexadecimal digits.")
    ] = HASH_FIELD,
    window: Annotated[float, Number("How many of those kept last are remembered.", 1, MOST_KEPT)] = 10_000.0,
    ttl: Annotated[float, Number("For how many seconds they are remembered.", 1, YEAR_S)] = DAY_S,
) -> Step:
    """Drop what repeats something that was kept, and count it there. Inputs are compared, not predictions;
    one that the method cannot compare is kept. Each process of the API remembers for itself what it kept.
    Images are not decoded while a caller waits, so their hashes have to come with them. What is kept stands
    for its repeats: figures about production must weight it by their number."""
    for name, value in (("window", window), ("distance", distance)):
        if value != int(value):
            raise invalid(PARAMS + name, f"expected a whole number; it is {value:g}")
    size = int(window)
    last = f"the last {size:,} that were kept, for {ttl:,.0f} s"
    if method is Method.TEXT:
        return _of_texts(memory, size, similarity, ttl, f"{last}; similarity {similarity:g}")
    if method is Method.IMAGE:
        path = metadata_path(hash_field)
        if path is None:
            raise invalid(f"{PARAMS}hash_field", f"expected metadata.<field>; it is {hash_field!r}")
        images = memory.cell(
            lambda: Seen(memory.collector, Recent(ImageIndex(size, int(distance)), size, ttl))
        )
        near = f"{last}; {distance:g} of 64 bits"
        return Deduplicating(images, lambda view: _hash_at(view, path), memory.state.clock, near)
    same = memory.cell(lambda: Seen(memory.collector, Recent(SameIndex(size), size, ttl)))
    return Deduplicating(same, content, memory.state.clock, last)


class Seen(Generic[F]):
    """What one node of a collector has kept.

    An item is captured before its repeats come, so their number cannot be in the capture: `recent.counted`
    has what is to be told later about those captured before.
    """

    def __init__(self, collector: str, recent: Recent[F]) -> None:
        self.collector = collector
        self.recent = recent


def counted(state: State) -> dict[tuple[str, Key], int]:
    """How often inputs that collectors kept came again, of those for which that changed since this was last
    asked; each with its collector."""
    return {
        (seen.collector, key): n for seen in state.cells(Seen) for key, n in seen.recent.counted().items()
    }


def repeats(state: State, collector: str, key: Key) -> int:
    """How often an input that a collector kept came again, as far as this process remembers."""
    return sum(seen.recent.repeats(key) for seen in state.cells(Seen) if seen.collector == collector)


class _Met(NamedTuple):
    """What a prediction met: itself in the hands of a method, and what it repeats."""

    fingerprint: object
    twin: Kept | None
    now: float


class Deduplicating(Generic[F]):
    """Remembers what is taken in the end. The same input of the same request is no repeat of itself."""

    def __init__(
        self, seen: Seen[F], read: Callable[[View], F | None], clock: Callable[[], float], against: str
    ) -> None:
        self._against = against
        self._seen = seen  # held, or it would be forgotten
        self._read = read
        self._clock = clock

    def __call__(self, view: View, draw: Draw) -> View | None:
        met = view.memo.get(self)
        if not isinstance(met, _Met):
            view.memo[self] = met = self._look(view)
        return view if met.twin is None or met.twin.key == _key(view) else None

    def look(self, view: View) -> Look:
        met = view.memo.get(self)
        if not isinstance(met, _Met) or met.fingerprint is None:
            return Look("nothing that could be compared", self._against)
        if met.twin is None or met.twin.key == _key(view):
            return Look("no repeat", self._against)
        return Look(f"a repeat of {met.twin.key[1]}", self._against)

    def why(self, view: View) -> Skip:
        return "duplicate"

    def learn(self, view: View, taken: bool) -> None:
        met = view.memo.get(self)
        if not isinstance(met, _Met) or met.fingerprint is None:
            return
        if met.twin is None and taken:
            self._seen.recent.add(cast(F, met.fingerprint), _key(view), met.now)
        elif met.twin is not None and not taken and met.twin.key != _key(view):
            self._seen.recent.count(met.twin)

    def _look(self, view: View) -> _Met:
        fingerprint, now = self._read(view), self._clock()
        twin = self._seen.recent.find(fingerprint, now) if fingerprint is not None else None
        return _Met(fingerprint, twin, now)


def content(view: View) -> Hashable | None:
    """What tells one input's media from another's: lengths with hashes of 64 bits, of the bytes or the URL.

    Python's own hash, with this process's secret: to hash a MiB so takes 0.4 ms, 1.6 ms by SHA-256.
    """
    return (view.input and tuple(_media(view.input))) or None


def _media(data: Data) -> Iterator[tuple[str, int, int]]:
    for kind in ("image", "video", "audio"):
        if data.HasField(kind):
            medium = getattr(data, kind)
            found = medium.base64 or medium.url
            if found:
                yield kind, len(found), hash(found)
    if data.HasField("text"):
        text = data.text.raw or data.text.url
        if text:
            yield "text", len(text), hash(text)


def _of_texts(memory: Memory, size: int, similarity: float, ttl: float, against: str) -> Step:
    texts = memory.cell(lambda: Seen(memory.collector, Recent(TextIndex(size, similarity), size, ttl)))
    hasher = MinHash()

    def read(view: View) -> Sketch | None:
        text = view.input.text.raw if view.input is not None else ""
        return hasher.sketch(text) if text else None

    return Deduplicating(texts, read, memory.state.clock, against)


def _hash_at(view: View, path: tuple[str, ...]) -> int | None:
    found = at_path(view.metadata, path)
    return int(found, 16) if isinstance(found, str) and HASH.fullmatch(found) else None


def _key(view: View) -> Key:
    return view.caller_user_id, view.request_key
