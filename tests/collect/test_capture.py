"""The capture writer: what it takes is durable, what it cannot take is counted, and nobody is held up."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from bowerbird.blobs import Blobs
from bowerbird.collect.capture import Writer, payload_of
from bowerbird.collect.disk import is_nearly_full
from bowerbird.collect.ring import GROUP_BYTES, GROUP_ITEMS, Ring, groups
from bowerbird.errors import Busy
from bowerbird.queue import Capture, Counts, FunnelRow, Leased, Queue, open_queue, open_queue_of_thread
from bowerbird.queue.sqlite import create_file

pytestmark = pytest.mark.anyio

NOON = 1_700_000_000.0 // 3600 * 3600
CATS = "alice/pets/cats"
ROOMY = (1 << 40, 1 << 40)


def capture(payload: bytes = b"payload", id: str = "") -> Capture:
    return Capture(id or uuid4().hex, CATS, NOON, payload)


@dataclass(slots=True)
class Machine:
    """What a test breaks and mends: the store, the gate of its commits, and the disk."""

    folder: Path
    is_down: bool = False
    is_deadly: bool = False
    disk: tuple[int, int] = ROOMY
    gate: threading.Event = field(default_factory=threading.Event)
    tries: int = 0
    groups: list[int] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / "captures.db"

    @property
    def blobs(self) -> Blobs:
        return Blobs(str(self.folder / "blobs"))

    async def open(self) -> Queue:
        queue: Any = await open_queue_of_thread("", self.file)  # its put_many is replaced below
        put_many: Callable[[list[Capture], Counts], Awaitable[set[str]]] = queue.put_many

        async def gated(captures: list[Capture], counts: Counts) -> set[str]:
            self.tries += 1
            self.gate.wait(10)
            if self.is_deadly:
                raise SystemExit("whoever touches this dies")
            if self.is_down:
                raise Busy("the store is down")
            new = await put_many(captures, counts)
            self.groups.append(len(captures))
            return new

        queue.put_many = gated
        opened: Queue = queue
        return opened

    async def kept(self) -> list[Leased]:
        queue = await open_queue("", self.file)
        leased = await queue.lease(10_000, now=NOON + 9, ttl=0, worker="reader")
        await queue.close()
        return leased

    async def counts(self) -> FunnelRow:
        queue = await open_queue("", self.file)
        [row] = await queue.funnel(CATS)
        await queue.close()
        return row


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.gate.set()
    create_file(machine.file)
    return machine


@asynccontextmanager
async def writing(machine: Machine, **options: Any) -> AsyncIterator[Writer]:
    defaults: dict[str, Any] = {"wait_s": 10.0, "idle_s": 0.01, "retry_s": (0.001, 0.002)}
    options = defaults | options
    writer = Writer(machine.open, machine.blobs, disk_free=lambda: machine.disk, **options)
    writer.start()
    try:
        yield writer
    finally:
        machine.gate.set()
        await writer.stop(0.2)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - what it waits for happens in another thread
            await asyncio.sleep(0)


def future(kept: "bool | asyncio.Future[bool]") -> "asyncio.Future[bool]":
    assert isinstance(kept, asyncio.Future)
    return kept


async def test_a_capture_is_in_the_queue_when_its_future_is_done(machine: Machine) -> None:
    item = capture()
    async with writing(machine) as writer:
        assert await future(writer.offer(item, wait=True))
        assert [one.capture for one in await machine.kept()] == [item]


async def test_a_capture_that_nobody_waits_for_is_committed_too(machine: Machine) -> None:
    async with writing(machine) as writer:
        assert writer.offer(capture(), wait=False) is True
        await until(lambda: machine.groups == [1])


async def test_all_that_waits_is_committed_in_one_group(machine: Machine) -> None:
    async with writing(machine) as writer:
        machine.gate.clear()
        first = future(writer.offer(capture(), wait=True))
        await until(lambda: machine.tries == 1)
        rest = [future(writer.offer(capture(), wait=True)) for _ in range(50)]
        machine.gate.set()
        assert all(await asyncio.gather(first, *rest))
    assert machine.groups == [1, 50]


async def test_large_payloads_go_to_the_blob_store_first(machine: Machine) -> None:
    small, large = capture(b"s" * 65_536), capture(b"l" * 65_537)
    async with writing(machine) as writer:
        assert await future(writer.offer(large, wait=True))
        assert await future(writer.offer(small, wait=True))
    by_id = {one.capture.capture_id: one.capture for one in await machine.kept()}
    kept = by_id[large.capture_id]
    assert kept.payload == b""
    assert await payload_of(kept, machine.blobs.get_async) == large.payload
    assert by_id[small.capture_id] == small
    assert await payload_of(small, machine.blobs.get_async) == small.payload


async def test_equal_large_payloads_do_not_share_a_blob(machine: Machine) -> None:
    async with writing(machine) as writer:
        for _ in range(2):
            assert await future(writer.offer(capture(b"l" * 65_537), wait=True))
    first, second = [one.capture for one in await machine.kept()]
    assert first.payload_key != second.payload_key


async def test_a_full_ring_refuses_and_counts_what_it_refused(machine: Machine) -> None:
    async with writing(machine, ring_items=3) as writer:
        machine.gate.clear()
        taken = [writer.offer(capture(), wait=False) for _ in range(5)]
        assert taken == [True, True, True, False, False]
        assert writer.offer(capture(), wait=True) is False
        assert writer.fill == 1.0
        machine.gate.set()
        await until(lambda: writer.fill == 0)
        assert await future(writer.offer(capture(), wait=True))
    counts = await machine.counts()
    assert (counts.taken, counts.skipped) == (4, {"overflow": 3})


async def test_a_ring_is_bounded_by_bytes_too(machine: Machine) -> None:
    async with writing(machine, ring_bytes=1000) as writer:
        machine.gate.clear()
        assert writer.offer(capture(b"x" * 600), wait=False) is True
        assert writer.offer(capture(b"x" * 401), wait=False) is False
        assert writer.offer(capture(b"x" * 400), wait=False) is True


async def test_counts_are_written_without_any_capture(machine: Machine) -> None:
    async with writing(machine) as writer:
        for _ in range(3):
            writer.skip(CATS, int(NOON), "sampled_out")
        await until(lambda: 0 in machine.groups)
        assert (await machine.counts()).skipped == {"sampled_out": 3}


async def test_a_flush_waits_for_all_that_came_before(machine: Machine) -> None:
    async with writing(machine, idle_s=10.0) as writer:
        writer.offer(capture(), wait=False)
        writer.skip(CATS, int(NOON), "sampled_out")
        assert await writer.flush()
        counts = await machine.counts()
    assert (counts.taken, counts.skipped) == (1, {"sampled_out": 1})


async def test_while_the_store_is_down_callers_wait_no_longer_than_the_deadline(machine: Machine) -> None:
    machine.is_down = True
    item = capture()
    async with writing(machine, wait_s=0.02) as writer:
        assert await future(writer.offer(item, wait=True)) is False
        assert "the store is down" in writer.trouble
        machine.is_down = False
        await until(lambda: not writer.trouble)
        assert await future(writer.offer(capture(), wait=True))
    assert item in [one.capture for one in await machine.kept()]


async def test_once_the_store_is_known_to_be_down_nobody_waits(machine: Machine) -> None:
    machine.is_down = True
    async with writing(machine, wait_s=0.02) as writer:
        assert not await future(writer.offer(capture(), wait=True))

        def is_answered_at_once() -> bool:
            return future(writer.offer(capture(), wait=True)).done()

        await until(is_answered_at_once)


async def test_while_the_store_is_silent_nobody_waits_after_the_first(machine: Machine) -> None:
    async with writing(machine, wait_s=0.05) as writer:
        machine.gate.clear()
        assert not await future(writer.offer(capture(), wait=True))
        await until(lambda: writer.trouble == "the store is silent")
        later = [future(writer.offer(capture(), wait=True)) for _ in range(5)]
        assert all(one.done() for one in later)
        machine.gate.set()
        await until(lambda: writer.fill == 0 and not writer.trouble)
    assert (await machine.counts()).taken == 6


async def test_a_writer_that_dies_starts_again_and_counts_what_it_held(machine: Machine) -> None:
    machine.is_deadly = True
    async with writing(machine) as writer:
        writer.skip(CATS, int(NOON), "filtered", 3)
        assert await future(writer.offer(capture(), wait=True)) is False
        machine.is_deadly = False
        await until(lambda: not writer.fill)
        assert await future(writer.offer(capture(), wait=True)) is True
    counts = await machine.counts()
    assert (counts.taken, counts.skipped) == (1, {"error": 1, "filtered": 3})
    assert (counts.uncontrolled, counts.offered) == (1, 5)


async def test_what_no_store_would_take_is_counted_by_the_next_writer(machine: Machine) -> None:
    machine.is_down = True
    leftovers = machine.folder / "uncounted"
    async with writing(machine, leftovers=leftovers, wait_s=0.01) as writer:
        for _ in range(3):
            writer.offer(capture(), wait=False)
        writer.skip(CATS, int(NOON), "caller", 4)
        await until(lambda: bool(writer.trouble))
        writer.offer(capture(), wait=False)
        await writer.stop(0.01)
    machine.is_down = False
    async with writing(machine, leftovers=leftovers):
        await until(lambda: bool(machine.groups))
    assert (await machine.counts()).skipped == {"overflow": 4, "caller": 4}
    assert list(leftovers.iterdir()) == []


async def test_a_cancelled_caller_disturbs_nobody(machine: Machine) -> None:
    async with writing(machine) as writer:
        machine.gate.clear()
        gone = future(writer.offer(capture(), wait=True))
        other = future(writer.offer(capture(), wait=True))
        gone.cancel()
        machine.gate.set()
        assert await other
    assert len(await machine.kept()) == 2


async def test_a_capture_that_cannot_be_stored_is_counted_and_holds_up_nobody(machine: Machine) -> None:
    async with writing(machine) as writer:
        machine.gate.clear()
        futures = [
            future(writer.offer(item, wait=True))
            for item in (capture(), capture(id="not hexadecimal"), capture())
        ]
        writer.skip(CATS, int(NOON), "filtered", 2)
        machine.gate.set()
        assert await asyncio.gather(*futures) == [True, False, True]
    counts = await machine.counts()
    assert (counts.taken, counts.skipped) == (2, {"error": 1, "filtered": 2})


async def test_a_nearly_full_disk_stops_capturing_until_there_is_room(machine: Machine) -> None:
    machine.disk = (1 << 20, 1 << 40)
    async with writing(machine) as writer:
        assert writer.offer(capture(), wait=True) is False
        assert writer.trouble == "the disk is nearly full"
        machine.disk = ROOMY
        await until(lambda: not writer.trouble)
        assert await future(writer.offer(capture(), wait=True))
    assert (await machine.counts()).skipped == {"overflow": 1}


async def test_a_disk_that_cannot_be_looked_at_stops_capturing(machine: Machine) -> None:
    def broken() -> tuple[int, int]:
        raise OSError("gone")

    writer = Writer(machine.open, machine.blobs, disk_free=broken)
    writer.start()
    assert writer.offer(capture(), wait=False) is False
    await writer.stop()


@pytest.mark.parametrize(
    ("free", "total", "expected"),
    [(9, 100, True), (10, 100, False), ((1 << 30) - 1, 1 << 40, True), (1 << 30, 1 << 40, False)],
)
async def test_nearly_full_is_less_than_a_tenth_and_less_than_a_gibibyte(
    free: int, total: int, expected: bool
) -> None:
    assert is_nearly_full(free, total) is expected


async def test_stopping_commits_what_is_left_and_refuses_the_rest(machine: Machine) -> None:
    async with writing(machine) as writer:
        for _ in range(20):
            writer.offer(capture(), wait=False)
        writer.skip(CATS, int(NOON), "caller")
        await writer.stop()
        assert writer.offer(capture(), wait=True) is False
    counts = await machine.counts()
    assert (counts.taken, counts.skipped) == (20, {"caller": 1})


async def test_stopping_gives_up_on_a_store_that_stays_down(machine: Machine) -> None:
    machine.is_down = True
    async with writing(machine) as writer:
        kept = future(writer.offer(capture(), wait=True))
        await until(lambda: bool(writer.trouble))
        await writer.stop(0.01)
        assert await kept is False


async def test_groups_are_cut_by_items_and_by_bytes(machine: Machine) -> None:
    small, big = (capture(b""), None), (capture(bytes(GROUP_BYTES // 2 + 1)), None)
    assert [len(group) for group in groups([small] * (GROUP_ITEMS + 1))] == [GROUP_ITEMS, 1]
    assert [len(group) for group in groups([small, big, big, small])] == [2, 2]
    assert list(groups([])) == []


async def test_a_ring_that_many_threads_fill_loses_and_invents_nothing(machine: Machine) -> None:
    ring = Ring(1_000_000, 1 << 30, 0.01)
    taken, counted = 0, 0

    def fill() -> None:
        for _ in range(500):
            ring.put(capture(), None)
            ring.count((CATS, 0, "filtered"))

    threads = [threading.Thread(target=fill) for _ in range(4)]
    for thread in threads:
        thread.start()
    while taken < 2000 or counted < 2000:
        ring.rest()
        items, tally, _ = ring.take()
        ring.release(items)
        taken, counted = taken + len(items), counted + tally.total()
    for thread in threads:
        thread.join()
    assert (taken, counted, ring.fill) == (2000, 2000, 0)


async def test_a_payload_that_waited_long_for_its_row_is_put_anew(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bowerbird.collect.capture.FRESH_S", -1.0)
    machine.is_down = True
    large = capture(b"x" * 100_000)
    async with writing(machine) as writer:
        kept = future(writer.offer(large, wait=True))
        await until(lambda: machine.tries > 1)
        machine.gate.clear()
        for stale in machine.folder.glob("blobs/??/??/*"):  # whoever swept took it for an orphan
            stale.unlink()
        machine.is_down = False
        machine.gate.set()
        assert await kept
    [one] = await machine.kept()
    assert await payload_of(one.capture, machine.blobs.get_async) == large.payload
