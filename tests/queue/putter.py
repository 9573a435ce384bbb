"""A process that captures without end and prints each id once it is durable; a test kills it."""

import asyncio
import sys
from itertools import count
from pathlib import Path

from stores import CATS, DOGS, NOON, capture

from bowerbird.blobs import Blobs
from bowerbird.collect.capture import Writer
from bowerbird.queue import open_queue_of_thread


async def main(database_url: str, folder: Path, queue_url: str) -> None:
    writer = Writer(
        lambda: open_queue_of_thread(database_url, folder / "captures.db", queue_url),
        Blobs(str(folder / "blobs")),
        disk_free=lambda: (1 << 40, 1 << 40),
    )
    writer.start()
    await asyncio.gather(*(caller(writer) for _ in range(20)))


async def caller(writer: Writer) -> None:
    for n in count():
        large = n % 50 == 49
        item = capture((CATS, DOGS)[n % 2], NOON + n, bytes([n % 256]) * (100_000 if large else 900))
        writer.skip(item.collector, int(NOON), "filtered")
        kept = writer.offer(item, wait=True)
        if not isinstance(kept, bool) and await kept:
            sys.stdout.write(f"{item.capture_id}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
