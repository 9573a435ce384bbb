"""What was acknowledged survives a process that is killed in the middle of its commits."""

import subprocess
import sys
from pathlib import Path

import pytest
from stores import NOON, Store

from bowerbird.blobs import Blobs
from bowerbird.collect.capture import payload_of

pytestmark = pytest.mark.anyio

PUTTER = Path(__file__).with_name("putter.py")


def run_until_killed(store: Store, folder: Path, acknowledged: int) -> set[str]:
    """Ids that the process said were durable, when it was killed after so many of them."""
    command = [sys.executable, str(PUTTER), store.database_url, str(folder), store.queue_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(acknowledged)]
        process.kill()
        lines += process.stdout.readlines()
    return {line.strip() for line in lines if len(line) == 33}  # the last one may be cut


@pytest.mark.parametrize("acknowledged", [1, 700])
async def test_nothing_that_was_acknowledged_is_lost(store: Store, tmp_path: Path, acknowledged: int) -> None:
    printed = run_until_killed(store, tmp_path, acknowledged)
    assert len(printed) >= acknowledged
    queue, blobs = await store.open(), Blobs(str(tmp_path / "blobs"))
    leased = await queue.lease(100_000, now=NOON + 1e6, ttl=60, worker="after")
    for one in leased:
        payload = await payload_of(one.capture, blobs.get_async)
        assert len(payload) in (900, 100_000)
    rows = await queue.funnel()
    await queue.close()
    assert printed <= {one.capture.capture_id for one in leased}
    assert sum(row.taken for row in rows) == sum(row.waiting for row in rows) == len(leased)
    assert sum(row.skipped["filtered"] for row in rows) >= len(leased)
