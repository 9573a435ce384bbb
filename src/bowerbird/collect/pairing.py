"""Pairs logged requests with their responses: each half waits in the store until the other comes.

Any process may get either half, in any order and more than once. A row for each model, its window, is
locked by whoever changes what waits for it, so that of two processes with the two halves the later finds
the earlier.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.store.bulk import insert_missing
from bowerbird.store.tables import payload_halves as halves
from bowerbird.store.tables import payload_windows as windows

Side = Literal["request", "response"]
State = Literal["waits", "claimed", "busy", "done"]
CLAIM_S = 10.0  # after which the process that claimed a pair is taken for dead
EVICTED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Half:
    """A request or a response; `key` is the same for both of a pair."""

    key: str
    side: Side
    payload: bytes


@dataclass(frozen=True, slots=True)
class Met:
    """Where a pair stands: claimed by this call, with both its payloads; else they are empty."""

    state: State
    request: bytes = b""
    response: bytes = b""


@dataclass(frozen=True, slots=True)
class Window:
    """What waits for its other half, how many pairs there were, and how many halves stayed alone."""

    waiting: int
    paired: int
    expired: int


async def meet(
    conn: AsyncConnection, model: int, came: Sequence[Half], *, now: float, most_bytes: int
) -> dict[str, Met]:
    """Keep the halves that are new; how each of their pairs stands now, by key.

    Whoever claims a pair has to offer it, and then to `finish` it. Halves that are more than fit into the
    window push out those that wait longest.
    """
    await _lock(conn, model)
    known = await _known(conn, model, {half.key for half in came})
    ended = {key for (key, _), row in known.items() if row.payload is None}
    new: dict[tuple[str, Side], bytes] = {}
    for half in came:
        if half.key not in ended and (half.key, half.side) not in known:
            new.setdefault((half.key, half.side), half.payload)
    rows = [
        {"model": model, "key": key, "side": side, "at": now, "claimed_at": None, "payload": payload}
        for (key, side), payload in new.items()
    ]
    await insert_missing(conn, halves, rows)
    pairs = {half.key: _standing(half.key, known, new, now) for half in came}
    claimed = [key for key, met in pairs.items() if met.state == "claimed"]
    await conn.execute(update(halves).where(*_of(model, claimed)).values(claimed_at=now))
    await _count(conn, model, waiting=len(new), bytes=sum(map(len, new.values())))
    await _evict(conn, model, most_bytes, spared=pairs)
    return pairs


async def finish(conn: AsyncConnection, model: int, keys: Collection[str]) -> None:
    """Forget what claimed pairs held; that they were is remembered for as long as halves wait."""
    await _lock(conn, model)
    open_ = [*_of(model, keys), halves.c.payload.is_not(None)]
    count, size = await _weight(conn, *open_)
    await conn.execute(update(halves).where(*open_).values(payload=None))
    await _count(conn, model, waiting=-count, bytes=-size, paired=count // 2)


async def expire(conn: AsyncConnection, model: int, before: float) -> int:
    """Delete what came before that time; how many halves of it had stayed alone."""
    await _lock(conn, model)
    old = [halves.c.model == model, halves.c.at < before]
    count, size = await _weight(conn, *old, halves.c.payload.is_not(None))
    await conn.execute(delete(halves).where(*old))
    await _count(conn, model, waiting=-count, bytes=-size, expired=count)
    return count


async def window(conn: AsyncConnection, model: int) -> Window:
    query = select(windows.c.waiting, windows.c.paired, windows.c.expired).where(windows.c.model == model)
    row = (await conn.execute(query)).first()
    return Window(*row) if row is not None else Window(0, 0, 0)


async def models_that_wait(conn: AsyncConnection) -> list[int]:
    """The models with halves in the store, those of pairs that were offered included."""
    return list((await conn.execute(select(halves.c.model).distinct())).scalars())


async def _lock(conn: AsyncConnection, model: int) -> None:
    """Until this transaction ends nobody else changes what waits for this model."""
    first = {"model": model, "waiting": 0, "bytes": 0, "paired": 0, "expired": 0}
    await insert_missing(conn, windows, [first])
    await conn.execute(select(windows.c.model).where(windows.c.model == model).with_for_update())


async def _known(
    conn: AsyncConnection, model: int, keys: Collection[str]
) -> dict[tuple[str, Side], Any]:  # rows
    columns = (halves.c.key, halves.c.side, halves.c.claimed_at, halves.c.payload)
    rows = await conn.execute(select(*columns).where(*_of(model, keys)))
    return {(row.key, row.side): row for row in rows}


def _standing(
    key: str, known: dict[tuple[str, Side], Any], new: dict[tuple[str, Side], bytes], now: float
) -> Met:
    payloads: dict[Side, bytes] = {}
    sides: tuple[Side, Side] = ("request", "response")
    for side in sides:
        if row := known.get((key, side)):
            if row.payload is None:
                return Met("done")
            if row.claimed_at is not None and row.claimed_at > now - CLAIM_S:
                return Met("busy")
            payloads[side] = row.payload
        elif (key, side) in new:
            payloads[side] = new[key, side]
    return Met("claimed", **payloads) if len(payloads) == 2 else Met("waits")


async def _evict(conn: AsyncConnection, model: int, most: int, spared: Iterable[str]) -> None:
    """Drop the halves that wait longest until the others fit; never those that came just now."""
    size = (await conn.execute(select(windows.c.bytes).where(windows.c.model == model))).scalar_one()
    alone = [
        halves.c.model == model,
        halves.c.payload.is_not(None),
        halves.c.claimed_at.is_(None),
        halves.c.key.not_in(list(spared)),
    ]
    oldest = (
        select(halves.c.key, halves.c.side, func.length(halves.c.payload).label("size"))
        .where(*alone)
        .order_by(halves.c.at)
        .limit(EVICTED_AT_ONCE)
    )
    while size > most and (rows := (await conn.execute(oldest)).all()):
        for row in rows:
            if size <= most:
                break
            this = [halves.c.model == model, halves.c.key == row.key, halves.c.side == row.side]
            await conn.execute(delete(halves).where(*this))
            await _count(conn, model, waiting=-1, bytes=-row.size, expired=1)
            size -= row.size


async def _weight(conn: AsyncConnection, *where: ColumnElement[bool]) -> tuple[int, int]:
    """How many rows, and bytes in them."""
    size = func.coalesce(func.sum(func.length(halves.c.payload)), 0)
    count, total = (await conn.execute(select(func.count(), size).where(*where))).one()
    return int(count), int(total)


async def _count(conn: AsyncConnection, model: int, **changes: int) -> None:
    values = {name: windows.c[name] + change for name, change in changes.items()}
    await conn.execute(update(windows).where(windows.c.model == model).values(values))


def _of(model: int, keys: Collection[str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return halves.c.model == model, halves.c.key.in_(list(keys))
