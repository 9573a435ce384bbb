"""What every capture queue does: one suite, run on SQLite, on PostgreSQL, and on NATS before either."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from stores import BROKEN, CATS, DOGS, NOON, Store, capture

from bowerbird.errors import Busy
from bowerbird.queue import (
    Capture,
    Failure,
    Leased,
    Pick,
    Queue,
    Waiting,
    hour_of,
    open_queue,
    uncontrolled_share,
)

pytestmark = pytest.mark.anyio

LATER = NOON + 1000


async def lease(queue: Queue, limit: int = 64, now: float = LATER, worker: str = "one") -> list[Leased]:
    return await queue.lease(limit, now=now, ttl=60, worker=worker)


async def put(queue: Queue, *captures: Capture) -> set[str]:
    return await queue.put_many(captures, {})


async def test_a_capture_comes_back_as_it_was_put(queue: Queue) -> None:
    item = Capture(
        "0123456789abcdef" * 2, CATS, NOON + 0.25, bytes(range(256)), ("a" * 64, "b" * 64), "c" * 64
    )
    assert await put(queue, item) == {item.capture_id}
    [leased] = await lease(queue)
    assert leased.capture == item
    assert (leased.attempt, leased.lost, leased.history) == (1, 0, ())


async def test_a_capture_stands_once_however_often_it_is_put(queue: Queue) -> None:
    item, other = capture(), capture()
    assert await put(queue, item, item) == {item.capture_id}
    assert await put(queue, other, item) == {other.capture_id}
    [row] = await queue.funnel(CATS)
    assert (row.taken, row.skipped, row.waiting) == (2, {"duplicate": 2}, 2)


async def test_of_a_large_put_those_are_new_that_were_not_there(queue: Queue) -> None:
    items = [capture() for _ in range(150)]
    there = items[10:30]
    await put(queue, *there)
    assert await put(queue, *items) == {one.capture_id for one in items if one not in there}
    [row] = await queue.funnel(CATS)
    assert (row.taken, row.skipped, row.waiting) == (150, {"duplicate": 20}, 150)


async def test_a_dead_capture_is_not_taken_again(queue: Queue) -> None:
    item = capture()
    await put(queue, item)
    await queue.bury(await lease(queue), error=BROKEN)
    assert await put(queue, item) == set()


async def test_it_tells_which_captures_it_holds_waiting_or_dead(queue: Queue) -> None:
    dead, waiting, posted, never = (capture(at=NOON + n) for n in range(4))
    await put(queue, dead, waiting, posted)
    one, two, three = await lease(queue)
    await queue.bury([one], error=BROKEN)
    await queue.retry([two], not_before=LATER, error=BROKEN)
    await queue.ack([three])
    asked = [one.capture_id for one in (dead, waiting, posted, never)]
    assert await queue.holds(asked) == {dead.capture_id, waiting.capture_id}
    assert await queue.holds([]) == set()


async def test_counts_of_skipped_ones_are_written_with_the_captures_and_alone(queue: Queue) -> None:
    hour = int(NOON)
    await queue.put_many([capture()], {(CATS, hour, "filtered"): 3, (DOGS, hour, "caller"): 1})
    await queue.add_counts({(CATS, hour, "filtered"): 2, (CATS, hour + 3600, "budget"): 1})
    await queue.put_many([], {(DOGS, hour, "caller"): 1})
    cats, dogs, cats_later = await queue.funnel()
    assert (cats.collector, cats.taken, cats.skipped, cats.offered) == (CATS, 1, {"filtered": 5}, 6)
    assert (dogs.collector, dogs.taken, dogs.skipped) == (DOGS, 0, {"caller": 2})
    assert (cats_later.hour, cats_later.skipped) == (hour + 3600, {"budget": 1})


async def test_the_funnel_is_kept_by_the_hour_in_which_a_capture_was_taken(queue: Queue) -> None:
    await put(queue, capture(at=NOON - 0.5), capture(at=NOON), capture(at=NOON + 3599.5))
    assert [(row.hour, row.taken) for row in await queue.funnel(CATS)] == [(NOON - 3600, 1), (NOON, 2)]
    assert [row.hour for row in await queue.funnel(CATS, since=NOON + 10)] == [hour_of(NOON)]


async def test_the_funnels_of_some_collectors_are_told_at_once(queue: Queue) -> None:
    birds, hour = "alice/pets/birds", int(NOON)
    await put(queue, capture(CATS), capture(DOGS), capture(DOGS, NOON - 3600), capture(birds))
    await queue.add_counts({(CATS, hour, "filtered"): 3, (birds, hour, "filtered"): 1})
    expected = [(hour - 3600, DOGS, 1, 1), (hour, CATS, 1, 4), (hour, DOGS, 1, 1)]
    for _ in range(2):
        found = await queue.funnels([DOGS, CATS, "alice/pets/none"], since=NOON - 3600)
        assert [(row.hour, row.collector, row.taken, row.offered) for row in found] == expected
        await lease(queue)  # on NATS, what waited in the stream is in SQL then
    assert [row.hour for row in await queue.funnels([DOGS], since=NOON)] == [hour]
    assert await queue.funnels([]) == []


async def test_the_oldest_are_leased_first(queue: Queue) -> None:
    ages = [5.0, 1.0, 3.0, 2.0, 4.0]
    await put(queue, *(capture(at=NOON + age) for age in ages))
    first = await lease(queue, 2)
    second = await lease(queue, 3)
    assert [one.capture.taken_at - NOON for one in first + second] == [1, 2, 3, 4, 5]


async def test_the_collector_whose_oldest_capture_is_oldest_comes_first(queue: Queue) -> None:
    await put(queue, capture(CATS, NOON + 2), capture(CATS, NOON + 3), capture(DOGS, NOON + 1))
    assert [one.capture.collector for one in await lease(queue, 2)] == [DOGS, CATS]


async def test_collectors_that_are_excluded_keep_their_captures(queue: Queue) -> None:
    await put(queue, capture(CATS, NOON), capture(DOGS, NOON + 1))
    [leased] = await queue.lease(64, now=LATER, ttl=60, worker="one", exclude={CATS})
    assert leased.capture.collector == DOGS
    assert await queue.lease(64, now=LATER, ttl=60, worker="one", exclude=[CATS, DOGS]) == []


async def test_what_is_leased_is_not_leased_again_before_the_lease_runs_out(queue: Queue) -> None:
    await put(queue, capture())
    await lease(queue, now=LATER)
    assert await lease(queue, now=LATER + 59) == []
    [again] = await lease(queue, now=LATER + 60)
    assert (again.attempt, again.lost) == (2, 1)


async def test_a_lease_can_be_extended_while_it_is_held(queue: Queue) -> None:
    await put(queue, capture())
    held = await lease(queue)
    assert await queue.extend(held, until=LATER + 300) == 1
    assert await lease(queue, now=LATER + 299) == []
    assert len(await lease(queue, now=LATER + 300)) == 1
    assert await queue.extend(held, until=LATER + 900) == 0


async def test_what_was_acknowledged_is_gone_and_counted_as_posted(queue: Queue) -> None:
    await put(queue, capture(CATS, NOON - 1), capture(CATS), capture(DOGS))
    assert await queue.ack(await lease(queue)) == 3
    assert await lease(queue, now=LATER + 1000) == []
    assert [(row.hour, row.posted) for row in await queue.funnel(CATS)] == [(NOON - 3600, 1), (NOON, 1)]
    assert await queue.waiting() == Waiting(0, None)


async def test_what_turned_out_unwanted_is_gone_and_counted_as_filtered(queue: Queue) -> None:
    await put(queue, capture(), capture())
    assert await queue.discard(await lease(queue, 1)) == 1
    [row] = await queue.funnel(CATS)
    assert (row.taken, row.posted, row.skipped["filtered"], row.waiting) == (1, 0, 1, 1)
    assert (await queue.waiting()).count == 1


async def test_calls_with_nothing_in_hand_change_nothing(queue: Queue) -> None:
    assert await put(queue) == set()
    await queue.add_counts({})
    assert await queue.ack([]) == await queue.discard([]) == await queue.bury([], error=BROKEN) == 0
    assert await queue.retry([], not_before=0, error=BROKEN) == await queue.extend([], until=0) == 0
    assert await queue.retry([], not_before=0, error=BROKEN, burn=False) == 0
    assert await queue.drop_collector(CATS) == await queue.redrive(Pick()) == 0
    assert await queue.funnel() == []


async def test_a_worker_whose_lease_was_taken_over_changes_nothing(queue: Queue) -> None:
    await put(queue, capture(), capture())
    stalled = await lease(queue)
    [first, _] = await lease(queue, now=LATER + 60, worker="two")
    assert await queue.ack(stalled) == 0
    assert await queue.discard(stalled) == 0
    assert await queue.retry(stalled, not_before=0, error=BROKEN) == 0
    assert await queue.retry(stalled, not_before=0, error=BROKEN, burn=False) == 0
    assert await queue.bury(stalled, error=BROKEN) == 0
    assert await queue.ack([first]) == 1
    [row] = await queue.funnel(CATS)
    assert (row.taken, row.posted, row.dead, row.waiting) == (2, 1, 0, 1)


async def test_a_lease_that_is_held_does_not_revive_another_of_the_same_batch(queue: Queue) -> None:
    await put(queue, capture(), capture())
    stale = await lease(queue)
    [first, _] = await lease(queue, now=LATER + 60)
    assert await queue.ack([first, *stale]) == 1
    assert (await queue.waiting()).count == 1


async def test_a_late_worker_may_still_finish_what_nobody_took_over(queue: Queue) -> None:
    await put(queue, capture())
    assert await queue.ack(await lease(queue)) == 1


async def test_a_stalled_worker_cannot_finish_a_capture_that_came_anew(queue: Queue) -> None:
    item = capture()
    await put(queue, item)
    stalled = await lease(queue)
    await queue.ack(await lease(queue, now=LATER + 60))
    await put(queue, item)
    await lease(queue, now=LATER + 60)
    assert await queue.ack(stalled) == 0


async def test_a_capture_that_failed_comes_back_later_with_its_errors(queue: Queue) -> None:
    await put(queue, capture())
    slow = Failure("post", "timeout ✗", NOON + 2)
    for now, error in [(LATER, BROKEN), (LATER + 100, slow)]:
        assert await queue.retry(await lease(queue, now=now), not_before=now + 100, error=error) == 1
        assert await lease(queue, now=now + 99) == []
    [third] = await lease(queue, now=LATER + 200)
    assert (third.attempt, third.lost, third.history) == (3, 0, (BROKEN, slow))


async def test_an_attempt_of_a_blocked_collector_is_given_back_and_the_latest_reason_noted(
    queue: Queue,
) -> None:
    await put(queue, capture(), capture())
    again = Failure(BROKEN.stage, BROKEN.text, NOON + 9)
    for error, noted in [(BROKEN, (BROKEN,)), (again, (again,)), (None, (again,))]:
        assert await queue.retry(await lease(queue), not_before=LATER, error=error, burn=False) == 2
        held = await lease(queue)
        assert [(one.attempt, one.history) for one in held] == [(1, noted), (1, noted)]
        await queue.retry(held, not_before=LATER, error=None, burn=False)


async def test_of_many_errors_the_first_and_the_latest_are_kept(queue: Queue) -> None:
    await put(queue, capture())
    for n in range(40):
        error = Failure("post", f"error {n} {'x' * 9_000}", NOON)
        await queue.retry(await lease(queue), not_before=LATER, error=error)
    [held] = await lease(queue)
    said = [failure.text.split()[1] for failure in held.history]
    assert said == ["0", *(str(n) for n in range(40 - len(said) + 1, 40))]
    assert len(said) == 32
    assert max(len(failure.text) for failure in held.history) == 1_000


async def test_what_a_clock_that_was_set_back_put_off_is_due_now(queue: Queue) -> None:
    ahead, hour = capture(at=LATER + 3_600), 3_600.0
    await put(queue, ahead, capture(DOGS, LATER + 299), capture(DOGS))
    [dogs, cats] = await lease(queue, 3)
    assert (dogs.capture.collector, cats.capture) == (DOGS, ahead)
    await queue.retry([cats], not_before=LATER + hour + 9, error=BROKEN)
    [again] = await lease(queue)
    assert (again.capture, again.attempt, again.lost) == (ahead, 2, 0)
    await lease(queue, now=LATER + hour)
    lost = {one.capture.capture_id: one.lost for one in await lease(queue)}
    assert lost[ahead.capture_id] == 2


async def test_a_capture_lives_since_it_was_taken_or_leased_anew_after_it_was_redriven(queue: Queue) -> None:
    await put(queue, capture())
    [held] = await lease(queue)
    assert held.alive_since == NOON
    await queue.bury([held], error=BROKEN)
    await queue.redrive(Pick())
    for now in (LATER + 60, LATER + 200):
        [held] = await lease(queue, now=now)
        assert held.alive_since == LATER + 60


async def test_payloads_in_the_blob_store_are_named_while_their_capture_is_there(queue: Queue) -> None:
    keys = [letter * 64 for letter in "abc"]
    waits, dies = (replace(capture(), payload=b"", payload_key=key) for key in keys[:2])
    before = await queue.under_way()
    await put(queue, waits, dies, capture())
    held = {one.capture.capture_id: one for one in await lease(queue)}
    first, _ = await queue.under_way()
    assert first > before[1]
    await queue.bury([held[dies.capture_id]], error=BROKEN)
    assert await queue.named(keys) == set(keys[:2])
    await queue.ack([held[waits.capture_id]])
    assert await queue.named([*keys, ""]) == {keys[1]}


async def test_dead_letters_keep_their_payload_and_their_whole_history(queue: Queue) -> None:
    item = capture(payload=b"\x00\xff")
    await put(queue, item)
    await queue.retry(await lease(queue), not_before=LATER, error=BROKEN)
    last = Failure("post-queue workflow", "cannot decode", NOON + 7)
    assert await queue.bury(await lease(queue), error=last) == 1
    [letter] = await queue.dead(Pick())
    assert (letter.capture, letter.attempt, letter.died_at) == (item, 2, NOON + 7)
    assert letter.history == (BROKEN, last)
    assert await lease(queue, now=LATER + 1000) == []
    [row] = await queue.funnel(CATS)
    assert (row.taken, row.dead, row.waiting) == (1, 1, 0)
    assert (await queue.waiting()).count == 0


async def bury_at(queue: Queue, *deaths: tuple[str, float]) -> list[Capture]:
    """Captures of these collectors, dead at these times after noon."""
    buried = []
    for collector, died_at in deaths:
        item = capture(collector)
        await put(queue, item)
        await queue.bury(await lease(queue), error=Failure("post", "no", NOON + died_at))
        buried.append(item)
    return buried


async def test_dead_letters_are_paged_the_latest_first(queue: Queue) -> None:
    one, two, three, four = await bury_at(queue, (CATS, 2), (CATS, 1), (DOGS, 9), (CATS, 2))
    page = await queue.dead(Pick(), limit=2)
    assert [letter.capture for letter in page] == [three, four]
    page = await queue.dead(Pick(), limit=2, after=page[-1].cursor)
    assert [letter.capture for letter in page] == [one, two]
    assert await queue.dead(Pick(), after=page[-1].cursor) == []


async def test_dead_letters_are_picked_by_id_collector_and_age(queue: Queue) -> None:
    one, two, three = await bury_at(queue, (CATS, 1), (CATS, 5), (DOGS, 3))

    async def picked(pick: Pick) -> list[Capture]:
        return [letter.capture for letter in await queue.dead(pick)]

    assert await picked(Pick(ids=(one.capture_id, three.capture_id))) == [three, one]
    assert await picked(Pick(collector=CATS)) == [two, one]
    assert await picked(Pick(died_before=NOON + 4)) == [three, one]
    assert await picked(Pick(ids=(one.capture_id,), collector=DOGS)) == []
    assert await picked(Pick(ids=())) == []


async def test_redriven_captures_wait_again_under_the_same_ids(queue: Queue) -> None:
    one, two, _ = await bury_at(queue, (CATS, 1), (CATS, 2), (DOGS, 3))
    assert await queue.redrive(Pick(collector=CATS)) == 2
    again = await lease(queue)
    assert {item.capture.capture_id for item in again} == {one.capture_id, two.capture_id}
    assert [(item.attempt, item.lost, len(item.history)) for item in again] == [(1, 0, 1), (1, 0, 1)]
    [row] = await queue.funnel(CATS)
    assert (row.dead, row.waiting) == (0, 2)


async def test_dead_letters_are_counted_without_looking_at_them(queue: Queue) -> None:
    assert await queue.count_dead() == 0
    await put(queue, capture(), capture(), capture())
    await queue.bury((await lease(queue))[:2], error=BROKEN)
    assert await queue.count_dead() == 2


async def test_what_was_lost_uncontrolled_is_told_from_what_was_shed(queue: Queue) -> None:
    hour = int(NOON)
    await queue.put_many(
        [capture(), capture()],
        {(CATS, hour, "shed"): 4, (CATS, hour, "overflow"): 1, (CATS, hour + 3600, "error"): 1},
    )
    rows = await queue.funnel(CATS)
    assert [row.uncontrolled for row in rows] == [1, 1]
    assert uncontrolled_share(rows) == 2 / 8
    assert uncontrolled_share(rows[:1]) == 1 / 7
    assert uncontrolled_share([]) == 0


async def test_purged_dead_letters_are_counted(queue: Queue) -> None:
    one, *_ = await bury_at(queue, (CATS, 1), (CATS, 2))
    assert await queue.purge(Pick(ids=(one.capture_id,))) == 1
    [row] = await queue.funnel(CATS)
    assert (row.taken, row.dead, row.purged, row.waiting) == (2, 1, 1, 0)


async def test_a_deleted_collector_leaves_nothing_but_its_counts(queue: Queue) -> None:
    await bury_at(queue, (CATS, 1))
    await put(queue, capture(), capture(), capture(DOGS))
    held = await lease(queue, 1)
    assert await queue.drop_collector(CATS) == 3
    assert await queue.ack(held) == 0
    [row] = await queue.funnel(CATS)
    assert (row.taken, row.posted, row.dead, row.purged, row.waiting) == (3, 0, 0, 3, 0)
    assert (await queue.waiting()).count == 1


async def test_thousands_are_dropped_redriven_and_purged(queue: Queue) -> None:
    count = 2_100
    await put(queue, *(capture() for _ in range(count)))
    assert await queue.bury(await lease(queue, count), error=BROKEN) == count
    assert await queue.redrive(Pick()) == count
    assert await queue.bury(await lease(queue, 1_050), error=BROKEN) == 1_050
    assert await queue.purge(Pick()) == 1_050
    assert await queue.drop_collector(CATS) == 1_050


async def test_what_waits_is_counted_with_its_oldest(queue: Queue) -> None:
    await put(queue, capture(CATS, NOON + 5), capture(CATS, NOON + 2), capture(DOGS, NOON + 9))
    await lease(queue, 1)
    assert await queue.waiting(CATS) == Waiting(2, NOON + 2)
    assert await queue.waiting(DOGS) == Waiting(1, NOON + 9)
    assert await queue.waiting() == Waiting(3, NOON + 2)
    assert await queue.waiting("alice/pets/birds") == Waiting(0, None)


async def test_how_collectors_stand_is_told_at_once(queue: Queue) -> None:
    assert await queue.standings([CATS, DOGS]) == {}
    await put(queue, capture(CATS, NOON), capture(CATS, NOON + 2), capture(DOGS, NOON))
    [first] = await lease(queue, 1)
    await queue.bury([first], error=BROKEN)
    dead, other = first.capture.collector, DOGS if first.capture.collector == CATS else CATS
    found = await queue.standings([CATS, DOGS])
    assert await queue.standings([dead]) == {dead: found[dead]}
    assert await queue.standings([]) == {}
    assert found[dead].dead == 1
    assert found[other].dead == 0
    assert sum(one.waiting for one in found.values()) == 2
    assert found[other].oldest == NOON


async def test_two_workers_never_hold_the_same_capture(store: Store) -> None:
    one, two = await store.open(), await store.open()
    await put(one, *(capture((CATS, DOGS)[n % 2], NOON + n) for n in range(300)))

    async def drain(queue: Queue, worker: str) -> list[str]:
        done = []
        while batch := await lease(queue, 7, worker=worker):
            assert await queue.ack(batch) == len(batch)
            done += [item.capture.capture_id for item in batch]
        return done

    done = await asyncio.gather(drain(one, "one"), drain(two, "two"))
    await one.close()
    await two.close()
    assert len(set(done[0]) | set(done[1])) == len(done[0]) + len(done[1]) == 300


async def test_two_writers_of_the_same_captures_put_each_once(store: Store) -> None:
    one, two = await store.open(), await store.open()
    items = [capture() for _ in range(200)]

    async def write(queue: Queue, mine: list[Capture]) -> int:
        return sum([len(await queue.put_many(mine[n : n + 20], {})) for n in range(0, 200, 20)])

    new = await asyncio.gather(write(one, items), write(two, items[::-1]))
    [row] = await one.funnel(CATS)
    await one.close()
    await two.close()
    assert sum(new) == 200
    assert (row.taken, row.skipped, row.waiting) == (200, {"duplicate": 200}, 200)


async def test_a_store_that_cannot_be_reached_is_busy(tmp_path: Path) -> None:
    for url in ("", "postgresql://nobody@127.0.0.1:1/none"):
        queue = await open_queue(url, tmp_path / "missing.db")
        with pytest.raises(Busy):
            await queue.waiting()
        with pytest.raises(Busy):
            await put(queue, capture())
        await queue.close()


async def test_a_capture_that_no_store_can_hold_is_an_error_of_its_own(queue: Queue) -> None:
    for item in (capture(id="not hexadecimal"), capture(at="noon")):  # type: ignore[arg-type]
        with pytest.raises(Exception) as caught:  # noqa: PT011 - each driver has its own
            await put(queue, item)
        assert not isinstance(caught.value, Busy)
