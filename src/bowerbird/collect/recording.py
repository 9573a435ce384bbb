"""Records a bounded, uniform sample of what each model answers, behind the tap and never in its way."""

import asyncio
import functools
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import structlog
from clarifai_grpc.grpc.api.resources_pb2 import Data
from sqlalchemy import select, tuple_

from bowerbird.collect.keeping import kept_input, plain_concepts
from bowerbird.collect.recorded import Entry, Recorded, Taken
from bowerbird.collect.reservoir import Hour
from bowerbird.proto.bowerbird_v1_pb2 import AppOptions
from bowerbird.queue import hour_of
from bowerbird.services import Clock, ModelKey, Prediction
from bowerbird.store.db import Database, unbroken
from bowerbird.store.revisions import Revisions
from bowerbird.store.tables import apps, models
from bowerbird.workflows.draws import MASK, HashedDraw

log = structlog.get_logger()
FLUSH_S = 1.0
TIDY_S = 300.0
RING_ITEMS = 5_000
RING_BYTES = 32 * 1024 * 1024

Held = tuple[ModelKey, Entry]


class Recorder:
    """What is recorded waits in memory, bounded, and is written by the group. What finds no room, or no
    store, is dropped: a prediction never waits for it, and never fails because of it."""

    def __init__(
        self,
        db: Database,
        recorded: Recorded,
        revisions: Revisions,
        clock: Clock,
        *,
        per_hour: int,
        media_bytes: int,
        trouble: Callable[[], str],
    ) -> None:
        """While there is `trouble` with captures, nothing is recorded."""
        self._db = db
        self._recorded = recorded
        self._clock = clock
        self._per_hour = per_hour
        self._media_bytes = media_bytes
        self._trouble = trouble
        self._hours: dict[ModelKey, Hour | None] = {}  # None: its app wants none recorded
        self._off: frozenset[tuple[str, str]] = frozenset()
        self._held: list[Held] = []
        self._bytes = 0
        self.dropped = 0  # for want of room or of a store, ever
        self._counts: Counter[tuple[ModelKey, int]] = Counter()
        self._lock = asyncio.Lock()
        self._stale = asyncio.Event()
        self._stale.set()
        for kind in ("apps", "models"):
            revisions.on_change(kind, self._stale.set)

    def offer(self, prediction: Prediction, digests: Mapping[int, int], taken: Mapping[int, Taken]) -> None:
        """Record what the sample wants of a call. `digests` are those of the request keys of the inputs that
        could be answered; `taken` has the inputs that collectors took.

        The body of this loop is the price of a prediction that is not recorded.
        """
        now = self._clock()
        hour = self._hours.get(prediction.model)
        if hour is None or not hour.begin <= now < hour.end:
            hour = self._open(prediction.model, now)
            if hour is None:
                return
        hour.answered += len(digests)
        a, b = _coin(prediction.caller_user_id)
        for index, digest in digests.items():
            hash = (a * digest + b & MASK) >> 1
            if hash < hour.sample.limit or index in taken:
                self._record(hour, hash, prediction, index, now, taken.get(index))

    async def keep_recording(self) -> None:
        """Write what waits, and delete what has to go, until cancelled."""
        tidied_at = float("-inf")
        while True:
            await asyncio.sleep(FLUSH_S)
            await unbroken(self.flush())
            if self._clock() - tidied_at >= TIDY_S:
                tidied_at = self._clock()
                await unbroken(self.tidy())

    async def follow(self) -> None:
        """Learn which apps want nothing recorded as soon as that changes, until cancelled."""
        while True:
            await self._stale.wait()
            if not await unbroken(self.tidy()):
                await asyncio.sleep(FLUSH_S)

    async def flush(self) -> None:
        """Write what waits; what cannot be written is gone, but what was answered is counted later."""
        async with self._lock:
            held, counts = self._take()
            if not (held or counts):
                return
            try:
                numbers = await self._numbers({key for key, _ in counts} | {key for key, _ in held})
                entries = [entry._replace(model=numbers[key]) for key, entry in held if key in numbers]
                told = {(numbers[key], hour): n for (key, hour), n in counts.items() if key in numbers}
                full = await self._recorded.add(entries, told)
            except Exception as error:  # the store may be away
                self._counts.update(counts)
                self.dropped += len(held)
                log.warning("predictions not recorded", count=len(held), error=type(error).__name__)
                return
            self._lower(numbers, full)

    async def tidy(self) -> bool:
        """Learn what is wanted, and delete what is too old, or whose model is gone or its app wants none."""
        self._stale.clear()
        async with self._lock:
            try:
                await self._tidy()
            except Exception as error:  # the store may be away
                self._stale.set()
                log.warning("recorded predictions not tidied", error=type(error).__name__)
                return False
        return True

    async def _tidy(self) -> None:
        async with self._db.read() as conn:
            rows = await conn.execute(select(apps.c.user_id, apps.c.id, apps.c.options))
            self._off = frozenset((row.user_id, row.id) for row in rows if not records(row.options))
        self._forget_hours()
        left = await self._recorded.tidy()
        if gone := left - set((await self._numbers(None)).values()):
            await self._recorded.forget(gone)

    def _open(self, model: ModelKey, now: float) -> Hour | None:
        """The hour of a model that begins for this process, unless its app wants none recorded."""
        if model in self._hours and self._hours[model] is None:
            return None
        if (before := self._hours.get(model)) is not None:
            self._told(model, before)
        wanted = self._per_hour and model[:2] not in self._off
        self._hours[model] = hour = Hour(hour_of(now), self._per_hour) if wanted else None
        return hour

    def _told(self, model: ModelKey, hour: Hour) -> None:
        if hour.answered:
            self._counts[model, hour.begin] += hour.answered
            hour.answered = 0

    def _record(
        self,
        hour: Hour,
        hash: int,
        prediction: Prediction,
        index: int,
        at: float,
        taken: Taken | None,
    ) -> None:
        is_sampled = hash < hour.sample.limit
        wanted = hour.sample if is_sampled else hour.extra
        if hash >= wanted.limit:
            return
        if len(self._held) >= RING_ITEMS or self._bytes >= RING_BYTES:
            self.dropped += 1
            return
        wanted.add(hash)
        result = cast(Data, prediction.results[index])  # errors have no digest
        kept = kept_input(prediction.inputs[index], self._media_bytes)
        concepts, values = plain_concepts(result)
        entry = Entry(
            model=0,
            hour=hour.begin,
            hash=hash,
            at=at,
            sampled=is_sampled,
            taken=json.dumps(taken) if taken else "",
            input_index=index,
            request_id=prediction.request_id,
            caller=prediction.caller_user_id,
            version=prediction.version_id,
            concepts=concepts,
            values=values,
            output=result.SerializeToString(),
            input=kept.input,
            has_media=kept.has_media,
            content=kept.content,
        )
        self._held.append((prediction.model, entry))
        self._bytes += len(entry.output) + len(kept.input) + len(kept.content)

    def _take(self) -> tuple[Sequence[Held], Counter[tuple[ModelKey, int]]]:
        for model, hour in self._hours.items():
            if hour is not None:
                self._told(model, hour)
        held, counts = self._held, self._counts
        self._held, self._bytes, self._counts = [], 0, Counter()
        return ([] if self._trouble() else held), counts

    async def _numbers(self, keys: set[ModelKey] | None) -> dict[ModelKey, int]:
        """The numbers of those of the models, or of all, that exist and whose apps want them recorded."""
        query = select(models.c.seq, apps.c.user_id, apps.c.id, models.c.id.label("model"), apps.c.options)
        query = query.join(apps, apps.c.seq == models.c.app)
        if keys is not None:
            query = query.where(tuple_(apps.c.user_id, apps.c.id, models.c.id).in_(keys))
        async with self._db.read() as conn:
            rows = await conn.execute(query)
            return {(r.user_id, r.id, r.model): r.seq for r in rows if records(r.options)}

    def _lower(self, numbers: Mapping[ModelKey, int], full: Mapping[tuple[int, int], int]) -> None:
        for key, number in numbers.items():
            hour = self._hours.get(key)
            if hour is not None and (largest := full.get((number, hour.begin))) is not None:
                hour.sample.lower(largest)

    def _forget_hours(self) -> None:
        """Of models that were idle for an hour, and of those for which it may have changed what is wanted."""
        now, kept = self._clock(), dict[ModelKey, Hour | None]()
        for model, hour in self._hours.items():
            if hour is not None:
                self._told(model, hour)
                if now < hour.end and model[:2] not in self._off:
                    kept[model] = hour
        self._hours = kept


@functools.lru_cache(maxsize=1000)
def _coin(caller: str) -> tuple[int, int]:
    """Of a caller: so what two of them send under the same request id are two predictions."""
    draw = HashedDraw("recorded", caller)
    return draw.a, draw.b


def records(options: bytes) -> bool:
    """Whether an app with these options wants its models' predictions recorded."""
    if not options:
        return True
    given = AppOptions.FromString(options)
    return given.records_predictions or not given.HasField("records_predictions")
