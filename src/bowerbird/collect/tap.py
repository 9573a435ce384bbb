"""The tap: decides, for each prediction, which collectors take it. Never raises, never blocks, no I/O."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import perf_counter
from typing import Literal, cast

import structlog
from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.collect.capture import Writer
from bowerbird.collect.compiled import Compiled
from bowerbird.collect.lineup import Lineup, Ready
from bowerbird.collect.plans import Plans
from bowerbird.collect.recorded import Taken
from bowerbird.collect.recording import Recorder
from bowerbird.collect.shedding import Shedding
from bowerbird.collect.taking import Single, captured, request_key
from bowerbird.collect.watch import Watch
from bowerbird.errors import ApiError
from bowerbird.queue import Reason, hour_of
from bowerbird.services import Clock, Prediction
from bowerbird.workflows.draws import digest
from bowerbird.workflows.view import View

log = structlog.get_logger()
FLUSH_S = 0.5  # how often the counts of what was skipped go to the writer


class Tap:
    """Stands behind every predict call. A model without collectors costs one look-up, and the recorder's."""

    def __init__(
        self,
        plans: Plans,
        writer: Writer,
        recorder: Recorder,
        clock: Clock,
        *,
        is_awaited: bool,
        shedding: Shedding,
        watch: Watch,
        reached: Callable[[str], None],
    ) -> None:
        self._plans = plans
        self._writer = writer
        self._recorder = recorder
        self._clock = clock
        self._is_awaited = is_awaited
        self._shedding = shedding
        self._watch = watch
        self._reached = reached

    def offer(self, prediction: Prediction) -> Awaitable[object] | None:
        """Decide on every input of a call; what to wait for before answering it, when there is anything."""
        collectors = self._plans.by_model.get(prediction.model)
        waits: list[Awaitable[object]] = []
        taken: dict[int, Taken] = {}
        digests: dict[int, int] = {}
        try:
            for index, result in enumerate(prediction.results):
                if not isinstance(result, ApiError):
                    digests[index] = digest(request_key(prediction.request_id, index))
            if collectors:
                self._decide(collectors, prediction, digests, taken, waits)
        except Exception as error:  # a prediction must not fail because of us
            log.error("tap failed", model=prediction.model, exc_info=error)
        try:
            self._recorder.offer(prediction, digests, taken)
        except Exception as error:  # as above; and captures are worth more than records
            log.error("prediction not recorded", model=prediction.model, exc_info=error)
        return self._committed(waits) if waits else None

    async def _committed(self, waits: Sequence[Awaitable[object]]) -> None:
        self._reached("offered")
        for wait in waits:
            await wait
        self._reached("committed")

    def _decide(
        self,
        collectors: Sequence[Compiled],
        prediction: Prediction,
        digests: Mapping[int, int],
        taken: dict[int, Taken],
        waits: list[Awaitable[object]],
    ) -> None:
        """Decide on each input, and note who took it, and in `waits` what the call has to wait for.

        The body of this loop is the price of collectors that take nothing.
        """
        if self._watch.cases:
            collectors = self._watch.timed(prediction.model, collectors)
        lineup = self._plans.lineup(collectors, prediction.version_id, prediction.caller_user_id)
        for index, hashed in digests.items():
            result = cast(Data, prediction.results[index])  # errors have no digest
            lineup.seen += 1
            values = lineup.values(result.concepts)
            is_pressed = self._shedding.pressure > 0
            asked = self._unshed(lineup, hashed) if is_pressed else lineup.asked(hashed, values)
            if asked:
                single = Single.of(prediction, index, result, hashed)
                if takers := self._ask(asked, single, single.view(values), waits):
                    taken[index] = takers

    def _unshed(self, lineup: Lineup, hashed: int) -> Sequence[Ready]:
        """Those to be asked under pressure: who sheds the prediction is not."""
        asked = []
        for each in lineup.ready:
            part = self._shedding.part(each.one.collector.options.priority)
            if part < 1 and each.plan.sheds(hashed, part):
                each.count("shed")
            elif each.plan.is_let_in(hashed):
                asked.append(each.thinned(part))
        return asked

    def _ask(
        self, asked: Sequence[Ready], single: Single, view: View, waits: list[Awaitable[object]]
    ) -> Taken:
        """Let each decide, with a look at the clock that the next one shares; those that took it."""
        budget = self._watch.budget_s
        takers: dict[str, float | None] = {}
        before = perf_counter()
        for each in asked:
            reason: Reason | Literal["taken"] = each.plan.rest(view).reason
            after = perf_counter()
            if after - before > budget:
                self._watch.accuse(single.model, each.one)
            before = after
            if reason == "taken":
                reason = self._take(each, single, view, takers, waits)
                before = perf_counter()
            if reason != each.usual:
                each.count(reason)
        return takers

    def _take(
        self,
        each: Ready,
        single: Single,
        view: View,
        takers: dict[str, float | None],
        waits: list[Awaitable[object]],
    ) -> Literal["taken", "shadow", "error"]:
        """Hand it to the writer, who counts it from now on; note that, and what the call has to wait for."""
        one = each.one
        if one.is_shadow:
            return "shadow"
        try:
            chance = each.chance(view)
            capture = captured(one, single, self._clock(), chance)
        except Exception as error:  # costs this item, not the others
            log.error("tap failed", collector=one.collector.name, exc_info=error)
            return "error"
        takers[one.key] = chance
        offered = self._writer.offer(capture, wait=self._is_awaited)
        self._shedding.look(self._writer.fill)
        if not isinstance(offered, bool):
            waits.append(offered)
        return "taken"

    async def keep_counting(self) -> None:
        """Hand the counts of what was skipped to the writer every moment, and see how full it is."""
        while True:
            await asyncio.sleep(FLUSH_S)
            self.flush()
            self._shedding.look(self._writer.fill)

    def flush(self) -> None:
        """Hand over what was counted since the last time."""
        hour = hour_of(self._clock())
        for key, tally in self._plans.tallies().items():
            for reason, n in tally.items():
                if n:
                    self._writer.skip(key, hour, reason, n)
                    tally[reason] = 0
