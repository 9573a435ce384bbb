"""Processes of Bowerbird that are killed again and again, and started anew each time."""

import asyncio
import json
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

NURSERY = Path(__file__).with_name("nursery.py")
LONGEST_LIFE_S = 60.0  # in which a process has to reach the stage where it is to die
LONGEST_START_S = 90.0  # a busy machine takes its time
LONGEST_STOP_S = 15.0


@dataclass(frozen=True, slots=True)
class Death:
    """How a life ends: when a stage is reached for the n-th time, or at some moment, by somebody else."""

    stage: str = ""  # empty: by somebody else
    n: int = 1
    after_s: float = 0.0  # that long after its start

    @property
    def drill(self) -> str:
        """What the setting says to the process that is to die so."""
        return f"{self.stage}:{self.n}" if self.stage else ""


class Child:
    """A process that the nursery bore."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._died: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def is_stopped(self) -> bool:
        """Whether it was stopped, and may be continued."""
        return Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    async def wait(self) -> int:
        """Its exit code; that of a signal is negative."""
        return await asyncio.shield(self._died)

    def send(self, number: signal.Signals) -> None:
        if not self._died.done():
            with suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def died(self, code: int) -> None:
        self._died.set_result(code)


class Nursery:
    """Bears processes that need no time for imports."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._expected: deque[asyncio.Future[Child]] = deque()
        self._children: dict[int, Child] = {}

    async def bear(self, name: str, env: Mapping[str, str], folder: Path, said: Path) -> Child:
        order = {"args": [name], "env": dict(env), "folder": str(folder), "said": str(said)}
        born: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._expected.append(born)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        return await asyncio.wait_for(born, LONGEST_START_S)

    async def listen(self) -> None:
        """Hear of births and deaths, until cancelled."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            match line.decode().split():
                case "born", pid:
                    child = self._children[int(pid)] = Child(int(pid))
                    self._expected.popleft().set_result(child)
                case "died", pid, code:
                    self._children.pop(int(pid)).died(int(code))


@asynccontextmanager
async def opened_nursery() -> AsyncIterator[Nursery]:
    """A nursery; its children end with it."""
    process = await asyncio.create_subprocess_exec(sys.executable, str(NURSERY), stdin=PIPE, stdout=PIPE)
    nursery = Nursery(process)
    listening = asyncio.create_task(nursery.listen())
    try:
        yield nursery
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await listening
        await process.wait()


class Part:
    """One of the processes, life after life. What it says goes into a file in the folder that it runs in."""

    def __init__(
        self, name: str, number: int, nursery: Nursery, env: Mapping[str, str], folder: Path
    ) -> None:
        self._name = name
        self._nursery = nursery
        self._env = env
        self._folder = folder
        self._said = folder / f"{name}-{number}.log"

    async def live_and_die(self, death: Death) -> None:
        """Start it, and wait until it was killed the way it was to be. Raises when anything else ends it."""
        async with self.alive(death.drill) as child:
            if death.stage:
                code = await asyncio.wait_for(child.wait(), LONGEST_LIFE_S)
            else:
                await asyncio.wait([asyncio.ensure_future(child.wait())], timeout=death.after_s)
                child.send(signal.SIGKILL)
                code = await child.wait()
            assert code == -signal.SIGKILL, f"{death}: {code}\n{self.last_words()}"

    @asynccontextmanager
    async def alive(self, drill: str = "") -> AsyncIterator[Child]:
        """The process, killed at the end if it still lives."""
        env = {**self._env, "BOWERBIRD_DRILL": drill}
        self._said.write_bytes(b"")
        child = await self._nursery.bear(self._name, env, self._folder, self._said)
        try:
            yield child
        finally:
            child.send(signal.SIGKILL)
            await child.wait()

    async def ready(self) -> None:
        """Wait until the process of this life says that it is."""
        async with asyncio.timeout(LONGEST_START_S):
            while True:
                if f"{self._name} ready" in self.last_words():
                    return
                await asyncio.sleep(0.05)

    def last_words(self) -> str:
        return self._said.read_text()[-3000:]


async def stopped(child: Child) -> int:
    """The exit code of a process that was asked to stop."""
    child.send(signal.SIGTERM)
    return await asyncio.wait_for(child.wait(), LONGEST_STOP_S)


def deaths(rng: random.Random, stages: Mapping[str, int], struck: int, outside: int) -> list[Death]:
    """Each stage `struck` times, when it is reached up to so often; and deaths from outside."""
    drilled = [Death(stage, rng.randint(1, most)) for stage, most in stages.items() for _ in range(struck)]
    sudden = [Death(after_s=rng.uniform(0.0, 1.5)) for _ in range(outside)]
    mixed = drilled + sudden
    rng.shuffle(mixed)
    return mixed


def dealt(cards: Sequence[Death], hands: int) -> list[Sequence[Death]]:
    """The deaths, spread over so many processes."""
    return [cards[hand::hands] for hand in range(hands)]
