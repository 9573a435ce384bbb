"""A process that leases and acknowledges without end, and prints how many; a test kills it."""

import asyncio
import sys
from pathlib import Path

from stores import NOON, Store


async def main(store: Store) -> None:
    queue = await store.open()
    while True:
        leased = await queue.lease(20, now=NOON + 1e6, ttl=-1, worker="mover")
        print(await queue.ack(leased), flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(Store(sys.argv[1], Path(sys.argv[2]), sys.argv[3])))
