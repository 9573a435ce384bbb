"""The capture queue on NATS beside the one on SQLite, in the same run.

python -m bench.nats_queue [nats://host:port]
"""

import asyncio
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import nats
import uvloop

from bowerbird.queue import Capture, Queue, open_queue_of_thread
from bowerbird.queue.sqlite import create_file

GROUP = 64
BATCH = 128  # what a worker leases
BACKLOG = 12_800
SECONDS = 1.5
PAYLOAD = os.urandom(1024)


def group(size: int) -> list[Capture]:
    now = time.time()
    return [
        Capture(os.urandom(16).hex(), f"alice/pets/cats-{n % 4}", now + n / 1e6, PAYLOAD) for n in range(size)
    ]


async def rate(work: Callable[[], Awaitable[int]], limit: int = sys.maxsize) -> float:
    """What `work` gets done in a second, again and again until the time is up or `limit` is done."""
    done, start = 0, time.perf_counter()
    while done < limit and time.perf_counter() - start < SECONDS:
        done += await work()
    return done / (time.perf_counter() - start)


async def figures(queue: Queue) -> list[float]:
    """Puts in groups, the milliseconds of putting one, and leases with acknowledgements, a second each."""
    stock = [group(GROUP) for _ in range(1500)]
    single = [group(1) for _ in range(400)]

    async def put() -> int:
        return len(await queue.put_many(stock.pop(), {})) if stock else 0

    async def put_one() -> int:
        return len(await queue.put_many(single.pop(), {}))

    async def lease_and_ack() -> int:
        return await queue.ack(await queue.lease(BATCH, now=time.time() + 1, ttl=60, worker="bench"))

    grouped = await rate(put)
    alone = await rate(put_one, limit=400)
    while (await queue.waiting()).count < BACKLOG:
        await queue.put_many(group(640), {})
    return [grouped, 1000 / alone, await rate(lease_and_ack, limit=BACKLOG)]


async def main(server: str) -> None:
    name = f"bench-{secrets.token_hex(4)}"
    columns: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(dir=".") as folder:
        for what, queue_url in {"SQLite": "", "NATS": f"{server}/{name}"}.items():
            file = Path(folder) / f"{what}.db"
            create_file(file)
            queue = await open_queue_of_thread("", file, queue_url)
            columns[what] = await figures(queue)
            await queue.close()
    client = await nats.connect(server)
    for stream in (name, f"{name}-counts"):
        await client.jetstream().delete_stream(stream)
    await client.close()
    print(f"{'':44}{'SQLite':>12}{'NATS':>12}{'ratio':>8}")
    lines = ("put, groups of 64 x 1 KiB, /s", "put one, ms", "lease and ack, batches of 128, /s")
    for place, line in enumerate(lines):
        ours, other = columns["NATS"][place], columns["SQLite"][place]
        print(f"{line:44}{other:12,.2f}{ours:12,.2f}{ours / other:8.2f}")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1] if len(sys.argv) > 1 else "nats://127.0.0.1:4222"))
