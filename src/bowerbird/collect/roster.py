"""The collectors there are, as the tap and the worker need them."""

from collections.abc import Sequence
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import APIPostModelOutputsCollectorSource, Collector
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.errors import CollectorNotFound
from bowerbird.proto.bowerbird_v1_pb2 import CollectorOptions
from bowerbird.store.db import Database
from bowerbird.store.revisions import Revisions
from bowerbird.store.tables import apps, collectors


@dataclass(frozen=True, slots=True)
class Known:
    """A collector with its place. `key` names it in the queue: a collector made anew has a new one."""

    key: str
    app_seq: int
    user_id: str
    app_id: str
    revision: int
    is_active: bool
    blocked: str  # why its items wait; empty: they do not
    message: Collector
    options: CollectorOptions

    @property
    def name(self) -> str:
        """Its full name; the salt of its coins, so that they fall the same wherever they are thrown."""
        return f"{self.user_id}/{self.app_id}/{self.message.id}"

    @property
    def takes_feedback(self) -> bool:
        return self.options.takes_feedback or not self.options.HasField("takes_feedback")

    @property
    def source(self) -> APIPostModelOutputsCollectorSource:
        return self.message.collector_source.api_post_model_outputs_collector_source


async def load(conn: AsyncConnection) -> Sequence[Known]:
    """All collectors."""
    return await _read(conn)


async def load_of(conn: AsyncConnection, app: int) -> Sequence[Known]:
    """Those of an app."""
    return await _read(conn, collectors.c.app == app)


async def known_one(conn: AsyncConnection, user_id: str, app_id: str, collector_id: str) -> Known:
    """Raises CollectorNotFound."""
    found = await _read(conn, apps.c.user_id == user_id, apps.c.id == app_id, collectors.c.id == collector_id)
    if not found:
        raise CollectorNotFound(f"collector {collector_id!r} in app '{user_id}/{app_id}'")
    return found[0]


async def _read(conn: AsyncConnection, *where: ColumnElement[bool]) -> list[Known]:
    query = select(collectors, apps.c.user_id, apps.c.id.label("app_id")).join(
        apps, apps.c.seq == collectors.c.app
    )
    return [
        Known(
            key=str(row.seq),
            app_seq=row.app,
            user_id=row.user_id,
            app_id=row.app_id,
            revision=row.revision,
            is_active=row.active,
            blocked=row.blocked,
            message=Collector.FromString(row.message),
            options=CollectorOptions.FromString(row.options),
        )
        for row in await conn.execute(query.where(*where))
    ]


async def key_of(conn: AsyncConnection, user_id: str, app_id: str, collector_id: str) -> str:
    """The key of a collector in the queue. Raises CollectorNotFound."""
    query = select(collectors.c.seq).join(apps, apps.c.seq == collectors.c.app)
    where = (apps.c.user_id == user_id, apps.c.id == app_id, collectors.c.id == collector_id)
    seq = (await conn.execute(query.where(*where))).scalar()
    if seq is None:
        raise CollectorNotFound(f"collector {collector_id!r} in app '{user_id}/{app_id}'")
    return str(seq)


class Roster:
    """All collectors by their key, remembered until one changes."""

    def __init__(self, db: Database, revisions: Revisions) -> None:
        self._db = db
        self._known: dict[str, Known] | None = None
        self._forgotten = 0  # times
        revisions.on_change("collectors", self._forget)
        revisions.on_change("apps", self._forget)

    def _forget(self) -> None:
        self._known = None
        self._forgotten += 1

    async def all(self) -> dict[str, Known]:
        """What is remembered: it may be some moments old."""
        return await self.now() if self._known is None else self._known

    async def now(self) -> dict[str, Known]:
        """All that there are at this moment."""
        forgotten = self._forgotten
        async with self._db.read() as conn:
            known = {k.key: k for k in await load(conn)}
        if forgotten == self._forgotten:  # else something changed while this was read
            self._known = known
        return known
