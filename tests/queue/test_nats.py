"""What holds of the queue on NATS beyond what every queue does: two stores, each of which may fail alone."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import nats
import pytest
from nats.aio.msg import Msg
from nats_server import PROGRAM, NatsServer
from stores import BROKEN, CATS, DOGS, NOON, Store, capture, delete_streams

from bowerbird.errors import Busy
from bowerbird.queue import Capture, Leased, Pick, Queue, Waiting, nats_stream, open_queue
from bowerbird.queue import nats as nats_queue
from bowerbird.queue.nats_line import Question, Session
from bowerbird.queue.nats_stream import Address, acknowledge, give_back
from bowerbird.queue.sqlite import create_file

pytestmark = pytest.mark.anyio

LATER = NOON + 1000
MOVER = Path(__file__).with_name("mover.py")
Publish = Callable[[Session, Sequence[Question]], Awaitable[list[bool]]]


@pytest.fixture
def store(queue_url: str, tmp_path: Path) -> Store:
    create_file(tmp_path / "captures.db")
    return Store("", tmp_path / "captures.db", queue_url)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """A server that the test may kill."""
    if not PROGRAM:
        assert os.environ.get("BOWERBIRD_REQUIRE_SERVICES") != "1"
        pytest.skip("no nats-server program")
    server = NatsServer(tmp_path / "nats", "-js")
    await server.start()
    yield server
    server.kill()


async def lease(queue: Queue, limit: int = 64) -> list[Leased]:
    return await queue.lease(limit, now=LATER, ttl=60, worker="one")


async def figures(queue: Queue) -> tuple[int, int, int, dict[str, int]]:
    """taken, posted, waiting and what was skipped, of cats in the hour after noon."""
    [row] = await queue.funnel(CATS)
    assert row.taken == row.posted + row.dead + row.purged + row.waiting
    assert (await queue.waiting(CATS)).count == row.waiting
    return row.taken, row.posted, row.waiting, dict(row.skipped)


async def test_what_waits_in_the_stream_and_in_sql_is_one_queue(queue: Queue) -> None:
    cats = [capture(CATS, NOON + 1 + n) for n in range(700)]
    dogs = [capture(DOGS, NOON + 5000 + n) for n in range(700)]
    await queue.put_many(cats + dogs, {})
    held = await lease(queue, 5)
    assert [one.capture for one in held] == cats[:5]
    assert await queue.waiting() == Waiting(1400, NOON + 1)
    assert await queue.waiting(DOGS) == Waiting(700, NOON + 5000)
    assert await figures(queue) == (700, 0, 700, {})
    assert [(row.hour, row.waiting) for row in await queue.funnel(since=NOON + 3600)] == [(NOON + 3600, 700)]
    assert await queue.drop_collector(DOGS) == 700
    assert await queue.waiting() == Waiting(700, NOON + 1)


async def test_what_was_moved_but_not_acknowledged_counts_once(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {(CATS, int(NOON), "filtered"): 2}
    await queue.put_many([capture(), capture(), capture()], counts)
    monkeypatch.setattr(nats_queue.nats_stream, "acknowledge", give_back)  # so that it is delivered again
    held = await lease(queue, 1)
    assert await figures(queue) == (3, 0, 3, {"filtered": 2})
    assert await queue.ack(held + await lease(queue)) == 3
    assert await figures(queue) == (3, 3, 0, {"filtered": 2})
    monkeypatch.undo()
    assert await lease(queue) == []
    assert await figures(queue) == (3, 3, 0, {"filtered": 2})


async def test_what_was_acknowledged_in_the_midst_of_others_is_not_taken_for_waiting(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def acknowledge_the_last(session: Session, messages: Sequence[Msg]) -> None:
        await acknowledge(session, messages[-1:])

    await queue.put_many([capture(), capture(), capture()], {})
    monkeypatch.setattr(nats_queue, "BATCH", 2)
    monkeypatch.setattr(nats_queue.nats_stream, "acknowledge", acknowledge_the_last)
    assert await queue.ack(await lease(queue, 1)) == 1
    assert await figures(queue) == (3, 1, 2, {})


async def test_a_worker_that_is_killed_at_any_time_counts_nothing_twice(store: Store) -> None:
    queue = await store.open()
    await queue.put_many([capture() for _ in range(4000)], {(CATS, int(NOON), "filtered"): 7})
    await let_redeliver_soon(store.queue_url)
    for lines in (1, 30, 60):
        command = [sys.executable, str(MOVER), store.database_url, str(store.file), store.queue_url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220
            assert process.stdout
            for _ in range(lines):
                await asyncio.to_thread(process.stdout.readline)
            process.kill()
        taken, posted, _, skipped = await figures(queue)
        assert (taken, skipped) == (4000, {"filtered": 7})
        assert posted >= lines * 20
    while (await queue.waiting()).count:
        await queue.ack(await queue.lease(1000, now=LATER + 1e6, ttl=60, worker="last"))
    assert await figures(queue) == (4000, 4000, 0, {"filtered": 7})
    await queue.close()


async def let_redeliver_soon(queue_url: str) -> None:
    """What the killed worker was given comes back after half a second, not after ACK_WAIT_S."""
    server, _, name = queue_url.rpartition("/")
    client = await nats.connect(server)
    stream = client.jetstream()
    info = await stream.consumer_info(name, nats_stream.CONSUMER)
    await stream.add_consumer(name, replace(info.config, ack_wait=0.5))
    await client.close()


async def test_a_put_that_may_have_happened_is_tried_again_without_counting_twice(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish: Publish = nats_stream.publish

    async def publish_and_break(session: Session, messages: Sequence[Question]) -> list[bool]:
        await publish(session, messages)
        raise Busy("the answers were lost")

    item, counts = capture(), {(CATS, int(NOON), "filtered"): 2}
    monkeypatch.setattr(nats_stream, "publish", publish_and_break)
    with pytest.raises(Busy):
        await queue.put_many([item], counts)
    monkeypatch.undo()
    assert await queue.put_many([item], counts) == {item.capture_id}
    assert await figures(queue) == (1, 0, 1, {"filtered": 2})
    assert await queue.put_many([item], counts) == set()
    assert await figures(queue) == (1, 0, 1, {"filtered": 4, "duplicate": 1})


async def test_an_id_that_was_posted_within_the_window_is_a_duplicate(queue: Queue) -> None:
    item = capture()
    await queue.put_many([item], {})
    await queue.ack(await lease(queue))
    assert await queue.put_many([item], {}) == set()
    assert await figures(queue) == (1, 1, 0, {"duplicate": 1})


async def put_once_more(queue: Queue, item: Capture) -> int:
    """Put it until JetStream has forgotten its id; how often it had not."""
    known = 0
    while not await queue.put_many([item], {}):
        known += 1
    return known


async def test_behind_the_window_sql_finds_the_duplicate(store: Store) -> None:
    queue = await replace(store, queue_url=f"{store.queue_url}?dedup_s=0.1").open()
    item = capture()
    await queue.put_many([item], {})
    await queue.bury(await lease(queue), error=BROKEN)
    known = await put_once_more(queue, item)
    [row] = await queue.funnel()
    assert (row.taken, row.dead, row.waiting, row.offered) == (2, 1, 1, 2 + known)
    assert await lease(queue) == []
    [row] = await queue.funnel()
    assert (row.taken, row.dead, row.waiting, row.offered) == (1, 1, 0, 2 + known)
    assert row.skipped == {"duplicate": known + 1}
    await queue.close()


async def test_a_stream_that_was_made_anew_gives_the_same_numbers_to_other_captures(store: Store) -> None:
    queue = await store.open()
    await queue.put_many([capture(), capture()], {})
    assert await queue.ack(await lease(queue)) == 2
    await delete_streams(store.queue_url)
    with pytest.raises(Busy):
        await queue.put_many([capture()], {})
    item = capture()
    await queue.put_many([item], {})
    assert [one.capture for one in await lease(queue)] == [item]
    assert await figures(queue) == (3, 2, 1, {})
    await queue.close()


async def test_what_was_moved_long_ago_is_forgotten(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats_queue, "FORGET_EVERY_S", -1)
    monkeypatch.setattr(nats_queue, "REMEMBERED_S", -60)
    queue = await store.open()
    await queue.put_many([capture() for _ in range(20)], {(CATS, int(NOON), "filtered"): 7})
    assert await queue.ack(await lease(queue)) == 20
    assert await figures(queue) == (20, 20, 0, {"filtered": 7})
    with sqlite3.connect(store.file) as db:
        assert db.execute("SELECT count(*) FROM arrivals").fetchone() == (0,)
    db.close()
    await queue.close()


async def test_captures_are_put_while_sql_is_away(store: Store, tmp_path: Path) -> None:
    away = await replace(store, file=tmp_path / "missing.db").open()
    item = capture()
    assert await away.put_many([item], {(CATS, int(NOON), "filtered"): 2}) == {item.capture_id}
    for call in (lease(away), away.funnel(), away.waiting(), away.dead(Pick())):
        with pytest.raises(Busy):
            await call
    await away.close()
    queue = await store.open()
    assert [one.capture for one in await lease(queue)] == [item]
    assert await figures(queue) == (1, 0, 1, {"filtered": 2})
    await queue.close()


async def test_a_capture_that_no_message_can_hold_is_an_error_of_its_own(queue: Queue) -> None:
    for item in (
        capture(payload=bytes(2 << 20)),
        capture(collector="a\0b"),
        capture(at=1e300),
        capture(at=float("nan")),
    ):
        with pytest.raises(ValueError, match=r"cannot be|larger"):
            await queue.put_many([item], {})
    assert (await queue.waiting()).count == 0


@pytest.mark.parametrize("collector", ["17", "alice/pets/cats.v1", "a b*c>d%é"])
async def test_a_collector_may_have_any_name(queue: Queue, collector: str) -> None:
    item = capture(collector)
    await queue.put_many([item, capture(f"{collector}.x")], {})
    assert (await queue.waiting(collector)).count == 1
    assert [(row.collector, row.taken) for row in await queue.funnel(collector)] == [(collector, 1)]
    assert [one.capture for one in await lease(queue) if one.capture.collector == collector] == [item]


async def test_a_server_that_is_killed_under_load_loses_nothing_that_it_acknowledged(
    server: NatsServer, tmp_path: Path
) -> None:
    create_file(tmp_path / "captures.db")
    store = Store("", tmp_path / "captures.db", f"{server.url}/drill")
    groups = [[capture() for _ in range(16)] for _ in range(240)]
    kept: list[list[Capture]] = []
    refusals: list[Busy] = []
    progress = asyncio.Event()

    async def write(mine: list[list[Capture]]) -> None:
        queue = await store.open()
        for group in mine:
            while True:
                try:
                    assert await queue.put_many(group, {}) == {item.capture_id for item in group}
                    break
                except Busy as error:
                    refusals.append(error)
                    await asyncio.sleep(0.01)
            kept.append(group)
            progress.set()
        await queue.close()

    async def harm() -> None:
        for end, after in ((server.kill, 40), (server.stop, 120), (server.kill, 180)):
            while len(kept) < after:
                await progress.wait()
                progress.clear()
            end()
            with pytest.raises(Busy):
                await queue.lease(1, now=0, ttl=60, worker="nothing is due then")
            await server.start()

    queue = await store.open()
    await asyncio.gather(harm(), *(write(groups[n::4]) for n in range(4)))
    assert refusals
    ids = {item.capture_id for group in groups for item in group}
    assert await figures(queue) == (len(ids), 0, len(ids), {})
    held: list[Leased] = []
    while batch := await lease(queue, 1000):
        held += batch
    assert {one.capture.capture_id for one in held} == ids
    assert await queue.ack(held) == len(ids)
    assert await figures(queue) == (len(ids), len(ids), 0, {})
    await queue.close()


async def test_whoever_waits_for_a_server_that_dies_is_told_at_once(
    server: NatsServer, tmp_path: Path
) -> None:
    queue = await open_queue("", tmp_path / "captures.db", server.url)
    await queue.put_many([capture()], {})
    server.pause()
    put = asyncio.create_task(queue.put_many([capture()], {}))
    await asyncio.sleep(0)
    server.kill()
    with pytest.raises(Busy, match="broke"):
        await put
    await queue.close()


async def test_a_server_without_jetstream_is_busy(tmp_path: Path, server: NatsServer) -> None:
    plain = NatsServer(tmp_path / "plain")
    await plain.start()
    queue = await open_queue("", tmp_path / "captures.db", plain.url)
    with pytest.raises(Busy):
        await queue.put_many([capture()], {})
    await queue.close()
    plain.kill()


async def test_a_server_that_hangs_is_busy_until_it_answers_again(
    server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = await open_queue("", tmp_path / "captures.db", server.url)
    await queue.put_many([capture()], {})
    monkeypatch.setattr("bowerbird.queue.nats_line.ANSWER_S", 0.2)
    server.pause()
    with pytest.raises(Busy, match="does not answer"):
        await queue.put_many([capture()], {})
    server.go_on()
    monkeypatch.undo()
    assert len(await queue.put_many([capture()], {})) == 1
    await queue.close()


def test_an_address_names_servers_and_streams() -> None:
    assert Address.parse("nats://127.0.0.1:4222") == Address(("nats://127.0.0.1:4222",), "bowerbird", 1, 120)
    several = Address.parse("tls://me:pw@a:4222,b:4223/cats?replicas=3&dedup_s=60")
    assert several == Address(("tls://me:pw@a:4222", "tls://me:pw@b:4223"), "cats", 3, 60)


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:4222",
        "http://127.0.0.1",
        "nats://",
        "nats://a/b.c",
        "nats://a?copies=3",
        "nats://a?replicas=x",
    ],
)
async def test_what_is_no_address_is_refused_at_once(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"address|literal"):
        await open_queue("", tmp_path / "captures.db", url)
