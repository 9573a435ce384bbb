"""The funnel balances whatever happens: taken = posted + waiting + dead + purged."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from stores import CATS, DOGS, NOON, Store, capture

from bowerbird.queue import Capture, Counts, Failure, Leased, Pick, Queue

IDS = [f"{n:032x}" for n in range(0, 12 << 65, 1 << 65)]
items = st.builds(
    lambda n: capture((CATS, DOGS)[n % 2], NOON + 600 * n, id=IDS[n]), st.integers(0, len(IDS) - 1)
)
picks = st.builds(
    Pick, ids=st.none() | st.lists(st.sampled_from(IDS)).map(tuple), collector=st.sampled_from([None, CATS])
)
TTL = 60.0


class Life(RuleBasedStateMachine):
    """What may happen to captures, beside the plainest model of it: the state of each id."""

    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.queue: Queue = self.runner.run(self.store.open())
        self.now = NOON + 100_000.0
        self.state: dict[str, str] = {}
        self.lives: Counter[str] = Counter()
        self.item: dict[str, Capture] = {}
        self.held: dict[str, Leased] = {}
        self.stale: list[Leased] = []
        self.until: dict[str, float] = {}
        self.counts: Counter[str] = Counter()

    def run(self, work: Any) -> Any:  # whatever the queue's method answers
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.queue.close())
        self.runner.close()

    @rule(batch=st.lists(items, max_size=6), filtered=st.integers(0, 3))
    def put(self, batch: list[Capture], filtered: int) -> None:
        batch = [replace(item, capture_id=self.name_of(item.capture_id)) for item in batch]
        fresh = {item.capture_id: item for item in batch if item.capture_id not in self.state}
        counts: Counts = {(CATS, int(NOON), "filtered"): filtered}
        assert self.run(self.queue.put_many(batch, counts)) == set(fresh)
        self.counts += Counter(taken=len(fresh), duplicate=len(batch) - len(fresh), filtered=filtered)
        for id, item in fresh.items():
            self.state[id], self.item[id], self.until[id] = "waiting", item, 0.0

    @rule(limit=st.integers(1, 5), skip_cats=st.booleans())
    def lease(self, limit: int, skip_cats: bool) -> None:
        exclude = [CATS] if skip_cats else []
        due = {
            id
            for id, state in self.state.items()
            if state == "waiting" and self.until[id] <= self.now and self.item[id].collector not in exclude
        }
        leased = self.run(self.queue.lease(limit, now=self.now, ttl=TTL, worker="w", exclude=exclude))
        ids = {one.capture.capture_id for one in leased}
        assert ids <= due
        assert len(ids) == len(leased) == min(limit, len(due))
        for one in leased:
            id = one.capture.capture_id
            if id in self.held:
                self.stale.append(self.held[id])
            self.held[id], self.until[id] = one, self.now + TTL

    @rule(seconds=st.sampled_from([1.0, 59.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    def let_go(self, count: int) -> list[Leased]:
        return [self.held.pop(id) for id in sorted(self.held)[:count]]

    def end(self, id: str) -> None:
        """It is gone. JetStream remembers its id for a while longer: there it comes back under another."""
        del self.state[id]
        if self.store.queue_url:
            self.lives[f"{id[:16]:0<32}"] += 1

    def name_of(self, id: str) -> str:
        return f"{int(id, 16) + self.lives[id]:032x}"

    @rule(count=st.integers(1, 4))
    def ack(self, count: int) -> None:
        done = self.let_go(count)
        assert self.run(self.queue.ack(done + self.stale)) == len(done)
        for one in done:
            self.end(one.capture.capture_id)
        self.counts["posted"] += len(done)

    @rule(count=st.integers(1, 2))
    def discard(self, count: int) -> None:
        unwanted = self.let_go(count)
        assert self.run(self.queue.discard(unwanted + self.stale)) == len(unwanted)
        for one in unwanted:
            self.end(one.capture.capture_id)
        self.counts["taken"] -= len(unwanted)
        self.counts["filtered"] += len(unwanted)

    @rule(count=st.integers(1, 3), burn=st.booleans())
    def retry(self, count: int, burn: bool) -> None:
        failed = self.let_go(count)
        error = Failure("post", "no", self.now)
        retried = self.run(
            self.queue.retry(failed + self.stale, not_before=self.now + 5, error=error, burn=burn)
        )
        assert retried == len(failed)
        for one in failed:
            self.until[one.capture.capture_id] = self.now + 5

    @rule(count=st.integers(1, 3))
    def bury(self, count: int) -> None:
        failed = self.let_go(count)
        error = Failure("post", "no", self.now)
        assert self.run(self.queue.bury(failed + self.stale, error=error)) == len(failed)
        for one in failed:
            self.state[one.capture.capture_id] = "dead"

    def named(self, pick: Pick) -> Pick:
        return pick if pick.ids is None else replace(pick, ids=tuple(map(self.name_of, pick.ids)))

    def dead_ids(self, pick: Pick) -> list[str]:
        return [
            id
            for id, state in self.state.items()
            if state == "dead"
            and (pick.ids is None or id in pick.ids)
            and pick.collector in (None, self.item[id].collector)
        ]

    @rule(pick=picks)
    def redrive(self, pick: Pick) -> None:
        pick = self.named(pick)
        picked = self.dead_ids(pick)
        assert self.run(self.queue.redrive(pick)) == len(picked)
        for id in picked:
            self.state[id], self.until[id] = "waiting", 0.0

    @rule(pick=picks)
    def purge(self, pick: Pick) -> None:
        pick = self.named(pick)
        picked = self.dead_ids(pick)
        assert self.run(self.queue.purge(pick)) == len(picked)
        self.forget(picked)

    @rule()
    def drop(self) -> None:
        gone = [id for id in self.state if self.item[id].collector == DOGS]
        assert self.run(self.queue.drop_collector(DOGS)) == len(gone)
        self.forget(gone)

    def forget(self, ids: list[str]) -> None:
        for id in ids:
            self.end(id)
            if id in self.held:
                self.stale.append(self.held.pop(id))
        self.counts["purged"] += len(ids)

    @invariant()
    def the_funnel_balances(self) -> None:
        rows = self.run(self.queue.funnel())
        states = Counter(self.state.values())
        assert sum(row.taken for row in rows) == self.counts["taken"]
        assert sum(row.posted for row in rows) == self.counts["posted"]
        assert sum(row.purged for row in rows) == self.counts["purged"]
        assert sum(row.dead for row in rows) == states["dead"]
        assert sum(row.waiting for row in rows) == states["waiting"]
        assert self.run(self.queue.waiting()).count == states["waiting"]
        skipped = Counter[str]()
        for row in rows:
            assert min(row.taken, row.posted, row.dead, row.purged, row.waiting) >= 0
            skipped.update(row.skipped)
        assert skipped == Counter(filtered=self.counts["filtered"]) + Counter(
            duplicate=self.counts["duplicate"]
        )


def test_the_funnel_balances_whatever_happens(store: Store) -> None:
    class Fresh(Life):
        def __init__(self) -> None:
            asyncio.run(store.clear())
            super().__init__()

    Fresh.store = store
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Fresh,
        settings=settings(
            max_examples=10 if store.queue_url else 25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=checks,
        ),
    )
