"""`serve` is killed, or told to stop: either way nothing of it stays behind, and the next one goes on."""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from place import Place, build
from reckoning import check
from traffic import flowing

from bowerbird.app import opened

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SIGNS = {"api ready", "worker ready", "models_served"}
START_S = 90.0  # a busy machine takes its time
STOP_S = 10.0


async def test_a_new_serve_goes_on_where_one_was_killed_and_stops_when_told_to(
    tmp_path: Path, sqlite_template: Path
) -> None:
    place = await build(tmp_path, sqlite_template)
    async with AsyncExitStack() as calm:
        async with flowing(place.grpc, place.token, clients=4, seed=1) as ledger:
            async with serving(place) as serve:
                await ledger.grows(20)
                serve.kill()
                await _last_words(serve)
            serve = await calm.enter_async_context(serving(place))
            await ledger.grows(20)
        async with opened(place.settings) as app:
            await check(place.inside(app), ledger)
        serve.terminate()
        words = await _last_words(serve)
        assert await serve.wait() == 0, words
        assert "killed" not in words


@asynccontextmanager
async def serving(place: Place) -> AsyncIterator[Process]:
    """`serve` with all its parts up; killed at the end if it still lives."""
    command = [sys.executable, "-m", "bowerbird", "serve", "--no-portal"]
    process = await asyncio.create_subprocess_exec(
        *command, env=place.env, cwd=place.folder, stdout=PIPE, stderr=STDOUT
    )
    try:
        await asyncio.wait_for(_until_up(process), START_S)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _until_up(process: Process) -> None:
    missing, said = set(SIGNS), ""
    assert process.stdout is not None
    while missing:
        line = (await process.stdout.readline()).decode()
        assert line, f"it ended:\n{said}"
        said += line
        missing = {sign for sign in missing if sign not in line}


async def _last_words(process: Process) -> str:
    """What is said from now on. It ends when all have ended that say it: `serve` and each of its parts."""
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.read(), STOP_S)).decode()
