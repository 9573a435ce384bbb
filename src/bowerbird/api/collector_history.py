"""Changes of collectors, each written down with the collector as it was from then on."""

from typing import Literal

from clarifai_grpc.grpc.api.resources_pb2 import Collector
from sqlalchemy import insert

from bowerbird.api.rpc import Call
from bowerbird.proto.bowerbird_v1_pb2 import CollectorOptions
from bowerbird.store.kinds import COLLECTORS
from bowerbird.store.resources import Stored
from bowerbird.store.tables import collector_revisions

Action = Literal["created", "changed", "restored"]


async def note_revision(
    call: Call, seq: int, revision: int, action: Action, collector: Collector, options: bytes
) -> None:
    """Write down a revision, in the transaction that makes it."""
    await call.conn.execute(
        insert(collector_revisions).values(
            collector=seq,
            revision=revision,
            at=call.services.clock(),
            user_id=call.actor.user_id,
            action=action,
            options=options,
            message=collector.SerializeToString(),
        )
    )


async def save_collector(
    call: Call, old: Stored[Collector], action: Action, collector: Collector, options: bytes
) -> int:
    """Save a changed collector, which is tried anew if it was blocked; its new revision."""
    revision: int = old.row["revision"] + 1
    columns = {"revision": revision, "options": options, "blocked": "", "blocked_at": None}
    await COLLECTORS.save(call.conn, old.seq, collector, **columns)
    await note_revision(call, old.seq, revision, action, collector, options)
    return revision


async def save_options(call: Call, old: Stored[Collector], options: CollectorOptions) -> None:
    """Save a collector's options; whether it is blocked they do not change."""
    revision: int = old.row["revision"] + 1
    serialised = options.SerializeToString()
    await COLLECTORS.save(call.conn, old.seq, old.message, options=serialised, revision=revision)
    await note_revision(call, old.seq, revision, "changed", old.message, serialised)
