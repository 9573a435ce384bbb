"""`serve`: API, worker and model process under one parent that restarts what dies and stops cleanly."""

import asyncio
import sys
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress

import structlog

log = structlog.get_logger()
GRACE_S = 15.0
LONGEST_PAUSE_S = 10.0
STEADY_S = 30.0  # who lived this long is not punished for having died


async def supervise(parts: Sequence[str], env: Mapping[str, str], stop: asyncio.Event) -> None:
    """Run `python -m bowerbird PART` for each part until told to stop; all have ended afterwards."""
    await asyncio.gather(*(_keep(part, env, stop) for part in parts))


async def _keep(part: str, env: Mapping[str, str], stop: asyncio.Event) -> None:
    pause = 0.5
    while not stop.is_set():
        started = time.monotonic()
        process = await _start(part, env)
        await _first(stop.wait(), process.wait())
        if stop.is_set():
            await _end(part, process)
            return
        pause = 0.5 if time.monotonic() - started > STEADY_S else min(2 * pause, LONGEST_PAUSE_S)
        log.error("process died; starting it again", part=part, exit=process.returncode, after_s=pause)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


async def _start(part: str, env: Mapping[str, str]) -> asyncio.subprocess.Process:
    # A child stops when its standard input ends: so none outlives a parent that was killed. It is in a
    # session of its own, so that Ctrl-C reaches it through us, once.
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bowerbird",
        part,
        "--supervised",
        stdin=asyncio.subprocess.PIPE,
        env=dict(env),
        start_new_session=True,
    )


async def _end(part: str, process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), GRACE_S)
    except TimeoutError:
        log.warning("process would not stop; killed", part=part)
        process.kill()
        await process.wait()


async def _first(*waits: Coroutine[object, object, object]) -> None:
    tasks = [asyncio.ensure_future(w) for w in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
