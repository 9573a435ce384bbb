"""The worker's part of collecting: take what was captured, see to it that it is posted, be done with it."""

import asyncio
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import structlog
from sqlalchemy import func, update
from sqlalchemy.exc import SQLAlchemyError

from bowerbird.collect.gates import Gates
from bowerbird.collect.items import Item, opened
from bowerbird.collect.leases import held
from bowerbird.collect.roster import Known, Roster
from bowerbird.collect.settle import LARGE_S, bury_poison, give_back, settle
from bowerbird.collect.stages import judge_and_post
from bowerbird.errors import ApiError
from bowerbird.queue import Leased
from bowerbird.services import Services
from bowerbird.store.revisions import bump
from bowerbird.store.tables import collectors

log = structlog.get_logger()
BATCH = 128  # as many as one PostInputs takes
LARGE_BATCH = 4  # of payloads that lie in the blob store: each may be as large as a request


class Poster:
    """Empties the capture queue into the apps. Everything it does may be done twice: ids are derived."""

    def __init__(self, services: Services, roster: Roster, name: str) -> None:
        self._services = services
        self._roster = roster
        self._name = name
        self._random = random.Random()
        self._limit = 1  # whoever starts may be the successor of one who died
        self.gates = Gates(services.clock)

    async def run_once(self) -> int:
        """Handle one batch; how many items it was."""
        services, known = self._services, await self._roster.all()
        paused = [one.key for one in known.values() if not one.is_active]
        leased = await services.queue.lease(
            self._limit,
            now=services.clock(),
            ttl=services.settings.lease_s,
            worker=self._name,
            exclude=[*paused, *self.gates.resting(known.values())],
        )
        if leased:
            self._limit = 1 if any(one.lost for one in leased) else BATCH
            services.reached("leased")
            async with held(services, leased):
                await self._handle_all(await self._chosen(leased), known)
        return len(leased)

    async def drain(self) -> int:
        """Handle everything that is due; how many items it was."""
        total = 0
        while done := await self.run_once():
            total += done
        return total

    async def _chosen(self, leased: Sequence[Leased]) -> Sequence[Leased]:
        """Those to be handled now: one whose worker may have died of it with nothing else in hand."""
        leased = await bury_poison(self._services, leased)
        suspect = next((one for one in leased if one.lost), None)
        if suspect is None:
            return leased
        await give_back(self._services, [one for one in leased if one is not suspect])
        return [suspect]

    async def _handle_all(self, leased: Sequence[Leased], known: Mapping[str, Known]) -> None:
        groups = _by_collector(leased)
        if groups.keys() - known.keys():  # deleted, or so new that we have not heard of it
            known = await self._roster.now()
        for key, group in groups.items():
            if key not in known:
                await self._services.queue.drop_collector(key)
                continue
            for alike in _alike(group):
                await self._handle_alike(known[key], alike)

    async def _handle_alike(self, collector: Known, left: Sequence[Leased]) -> None:
        """Handle them in batches, as long as nothing stands in the way of their collector."""
        while left:
            is_large = bool(left[0].capture.payload_key)
            if self.gates.state(collector) == "open":
                return await give_back(self._services, left)
            if is_large and self.gates.payloads() == "open":
                return await give_back(self._services, left, after_s=LARGE_S)
            is_probe = self.gates.state(collector) != "closed" or (
                is_large and self.gates.payloads() != "closed"
            )
            size = 1 if is_probe else _batch_size(left[0])
            await self._handle(collector, left[:size], is_probe=is_probe)
            left = left[size:]
        return None

    async def _handle(self, collector: Known, batch: Sequence[Leased], *, is_probe: bool) -> None:
        get = self._services.payloads.get_async
        items = await asyncio.gather(*(opened(one, get) for one in batch))
        try:
            await judge_and_post(self._services, collector, items)
        except Exception as error:  # a fault of ours costs an attempt, and neither the worker nor the lease
            log.exception("worker stumbled", collector=collector.name)
            for item in items:
                if item.is_open:
                    item.fail("worker", ApiError(type(error).__name__))
        self.gates.learn(collector, items)
        await settle(self._services, items, self._random, is_probe=is_probe)
        await self._note(collector, items)
        self._services.reached("settled")

    async def _note(self, collector: Known, items: Sequence[Item]) -> None:
        """Show why the collector's items wait, or that they no longer do."""
        reason = self.gates.reason(collector)
        if reason == collector.blocked or not (reason or any(i.error is None for i in items)):
            return
        try:
            async with self._services.db.write() as conn:
                row = collectors.c.seq == int(collector.key)
                since = func.coalesce(collectors.c.blocked_at, self._services.clock()) if reason else None
                values = {"blocked": reason, "blocked_at": since}
                await conn.execute(update(collectors).where(row).values(values))
                await bump(conn, "collectors")
            await self._services.revisions.poll()
        except (SQLAlchemyError, OSError) as error:  # the next batch will say it
            log.warning("reason not noted", collector=collector.name, error=type(error).__name__)


def _batch_size(leased: Leased) -> int:
    """What failed together is tried in smaller and smaller batches, to find out which of them is at fault."""
    most = LARGE_BATCH if leased.capture.payload_key else BATCH
    return max(1, most >> (leased.attempt - 1))


def _alike(group: Iterable[Leased]) -> Iterator[list[Leased]]:
    """Those that are as large and were tried as often as each other; the first tries first."""

    def kind(one: Leased) -> tuple[int, bool]:
        return one.attempt, bool(one.capture.payload_key)

    for _, alike in groupby(sorted(group, key=kind), key=kind):
        yield list(alike)


def _by_collector(leased: Sequence[Leased]) -> dict[str, list[Leased]]:
    groups: dict[str, list[Leased]] = {}
    for item in leased:
        groups.setdefault(item.capture.collector, []).append(item)
    return groups
