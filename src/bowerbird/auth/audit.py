"""The audit log: who changed what about people, kept for good."""

from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.proto.identity_pb2 import AuditEntry
from bowerbird.store.identity_tables import audit


async def note(conn: AsyncConnection, entry: AuditEntry, now: float) -> None:
    """Write down what this transaction does."""
    entry.at.CopyFrom(Timestamp(seconds=int(now), nanos=int(now % 1 * 1e9)))
    row = {"by": entry.by, "target": entry.target, "action": entry.action}
    await conn.execute(insert(audit).values(row | {"message": entry.SerializeToString()}))
