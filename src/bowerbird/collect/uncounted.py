"""Counts that could not be written to the store before the process had to end: kept for the next one."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import structlog

from bowerbird.collect.ring import Tally

log = structlog.get_logger()


def leave(folder: Path, tally: Tally) -> None:
    """Keep the counts in a file of their own; if even that fails they are lost, and the log says so."""
    if not tally:
        return
    entries = [[*key, n] for key, n in tally.items()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{uuid4().hex}.part"
        part.write_text(json.dumps(entries))
        part.rename(part.with_suffix(".json"))
    except OSError as error:
        log.error("counts lost", counts=entries, error=str(error))


def claim(folder: Path) -> Tally:
    """All that was left there; it is gone afterwards, and of several processes one has it."""
    tally = Tally()
    for file in folder.glob("*.json"):
        for collector, hour, reason, n in _taken(file):
            tally[collector, hour, reason] += n
    return tally


def _taken(file: Path) -> Iterator[list]:  # type: ignore[type-arg]  # JSON
    mine = file.with_suffix(".mine")
    with suppress(OSError, ValueError):  # somebody else was faster
        file.rename(mine)
        entries = json.loads(mine.read_text())
        mine.unlink()
        yield from entries
