"""Lets collectors take predictions that were made before, under the ids that they have: replays, feedback."""

from collections import Counter
from collections.abc import Awaitable, Sequence
from typing import Literal

from bowerbird.collect.capture import Writer
from bowerbird.collect.compiled import Compiled
from bowerbird.collect.inclusion import inclusion
from bowerbird.collect.plans import Plans, plan_of, workflow_name
from bowerbird.collect.taking import Single, captured
from bowerbird.errors import Busy, CollectorNotFound
from bowerbird.queue import Queue, Reason, hour_of
from bowerbird.services import Clock
from bowerbird.store.db import Database
from bowerbird.store.kinds import INPUTS
from bowerbird.workflows.plan import Plan
from bowerbird.workflows.state import State
from bowerbird.workflows.stored import load_workflows, relations_for
from bowerbird.workflows.view import View

REASON, FEEDBACK = "replay", "feedback"
Outcome = Reason | Literal["taken"]
Tally = Counter[Outcome]


class Replays:
    """Judges by the same plans as the tap and takes through the same writer."""

    def __init__(self, plans: Plans, writer: Writer, queue: Queue, db: Database, clock: Clock) -> None:
        self._plans = plans
        self._writer = writer
        self._queue = queue
        self._db = db
        self._clock = clock

    async def replay(self, key: str, singles: Sequence[Single]) -> Tally:
        """What became of each; answered when what was taken is durable and counted.

        Raises CollectorNotFound, and Busy when that could not be done: then asking again takes the rest.
        """
        one = await self._find(key)
        known, now, tally = await self.known(one, singles), self._clock(), Tally()
        waits: list[Awaitable[bool]] = []
        for single in singles:
            id, view = single.id_for(one.collector), single.view()
            outcome: Outcome = "duplicate" if id in known else _judged(one, one.plan, view)
            if outcome == "taken":
                assert one.plan is not None
                known.add(id)
                capture = captured(one, single, now, inclusion(one.plan, view), reason=REASON)
                offered = self._writer.offer(capture, wait=True)
                if isinstance(offered, bool):
                    outcome = "overflow"  # the writer has counted it
                else:
                    waits.append(offered)
            else:
                self._writer.skip(one.key, hour_of(now), outcome)
            tally[outcome] += 1
        waits.append(self._writer.flush())
        if not all([await wait for wait in waits]):
            raise Busy("what was taken cannot be written at the moment; ask again, nothing is taken twice")
        return tally

    async def rehearse(self, key: str, singles: Sequence[Single]) -> Tally:
        """What would become of each; operators remember nothing from before. Raises CollectorNotFound."""
        one = await self._find(key)
        plan, known, tally = await self._fresh(one), await self.known(one, singles), Tally()
        for single in singles:
            id = single.id_for(one.collector)
            outcome = "duplicate" if id in known else _judged(one, plan, single.view())
            if outcome == "taken":
                known.add(id)
            tally[outcome] += 1
        return tally

    async def watching(self, single: Single) -> list[tuple[Compiled, bool]]:
        """The collectors that want to hear of feedback on a prediction, each with whether it has taken it."""
        await self._plans.refresh()
        return [
            (one, bool(await self.known(one, [single])))
            for one in self._plans.by_model.get(single.model, ())
            if one.is_active
            and one.collector.takes_feedback
            and (not single.version_id or one.version_id in ("", single.version_id))
            and one.caller_user_id in ("", single.caller_user_id)
        ]

    async def promote(self, one: Compiled, single: Single) -> bool:
        """Take a prediction that the collector did not take; false when it keeps nothing just now.

        It is offered once more, so that the funnel balances. Raises Busy when it could not be written.
        """
        now = self._clock()
        if one.is_shadow:
            self._writer.skip(one.key, hour_of(now), "shadow")
            return False
        offered = self._writer.offer(captured(one, single, now, None, reason=FEEDBACK), wait=True)
        if isinstance(offered, bool) or not await offered:
            raise Busy("it cannot be written at the moment; ask again, nothing is taken twice")
        return True

    async def known(self, one: Compiled, singles: Sequence[Single]) -> set[str]:
        """The capture ids of those that wait, lie dead, or were posted and are still there."""
        ids = [single.id_for(one.collector) for single in singles]
        async with self._db.read() as conn:
            posted = await INPUTS.find(conn, one.collector.app_seq, ids)
        return set(posted) | await self._queue.holds(ids)

    async def _find(self, key: str) -> Compiled:
        """The collector as it is now, not as it was a moment ago."""
        await self._plans.refresh()
        for collectors in self._plans.by_model.values():
            for one in collectors:
                if one.key == key:
                    return one
        raise CollectorNotFound("it was deleted a moment ago")

    async def _fresh(self, one: Compiled) -> Plan | None:
        if one.plan is None:
            return None
        name = workflow_name(one.collector)
        async with self._db.read() as conn:
            workflows = await load_workflows(conn, {name} if name else set())
            workflow = workflows.get(name) if name else None
            relations = await relations_for(conn, one.collector.app_seq, workflow)
        return plan_of(one.collector.message, workflow, one.collector.name, State(self._clock), relations)


def _judged(one: Compiled, plan: Plan | None, view: View) -> Outcome:
    if one.caller_user_id and one.caller_user_id != view.caller_user_id:
        return "caller"
    if plan is None:
        return "error"
    outcome: Outcome = plan.decide(view).reason
    return "shadow" if outcome == "taken" and one.is_shadow else outcome
