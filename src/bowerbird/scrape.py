"""One scrape for all processes of a host: each shows its own at a socket, and who is asked gathers them."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

PATIENCE_S = 1.0  # with a process that does not answer; the others are shown without it


@asynccontextmanager
async def shown(registry: CollectorRegistry, folder: Path, part: str) -> AsyncIterator[str]:
    """Show the metrics of this process to the others of the folder; answers its name, such as "api-2"."""

    async def show(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(generate_latest(registry))
        writer.close()

    with _named(folder, part) as name:
        path = _socket(folder, name)
        server = await asyncio.start_unix_server(show, path)
        try:
            yield name
        finally:
            server.close()


async def gathered(folder: Path) -> bytes:
    """The metrics of every process of the folder in one text, each sample labelled with its process."""
    names = _names(folder)
    texts = await asyncio.gather(*(_asked(_socket(folder, name)) for name in names))
    return merged({name: text for name, text in zip(names, texts, strict=True) if text})


def _names(folder: Path) -> list[str]:
    return sorted(path.stem.removeprefix("metrics-") for path in folder.glob("metrics-*.sock"))


def merged(texts: Mapping[str, str]) -> bytes:
    """Expositions as one. The lines of a metric must stand together, so they are put in order anew."""
    families: dict[str, list[str]] = {}
    heads: dict[str, dict[str, None]] = {}
    for process, text in texts.items():
        for family, line in _lines(text):
            if line.startswith("#"):
                heads.setdefault(family, {})[line] = None
            else:
                families.setdefault(family, []).append(_labelled(line, process))
    lines = [line for family, head in heads.items() for line in (*head, *families.get(family, ()))]
    return "".join(f"{line}\n" for line in lines).encode()


def _lines(text: str) -> Iterable[tuple[str, str]]:
    """Each line, and the metric that it belongs to."""
    family = ""
    for line in text.splitlines():
        if line.startswith(("# HELP ", "# TYPE ")):
            family = line.split(" ", 3)[2]
        yield family, line


def _labelled(line: str, process: str) -> str:
    name, brace, rest = line.partition("{")
    if brace:
        return f'{name}{{process="{process}",{rest}'
    name, _, value = line.partition(" ")
    return f'{name}{{process="{process}"}} {value}'


async def _asked(path: Path) -> str:
    """What the process at the socket says; nothing when there is none any more."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_unix_connection(path)
            text = await reader.read()
            writer.close()
    except OSError:  # a timeout is one as well
        return ""
    return text.decode()


@contextmanager
def _named(folder: Path, part: str) -> Iterator[str]:
    """The first name that no living process has: the system lets go of a lock when its holder dies."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in count(1):
        name = f"{part}-{number}"
        descriptor = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        _socket(folder, name).unlink(missing_ok=True)  # of a process that was killed
        try:
            yield name
        finally:
            _socket(folder, name).unlink(missing_ok=True)
            os.close(descriptor)
        return


def _socket(folder: Path, name: str) -> Path:
    return folder / f"metrics-{name}.sock"
