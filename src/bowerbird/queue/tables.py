"""The tables of the capture queue: one row a capture, and the counters of the funnel."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
)

# SQLite numbers rows only in a column that is literally INTEGER.
BigKey: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")

# Waiting, leased and dead captures share a table, so that one unique index makes each capture stand once.
# The payload comes last: SQLite then reads the other columns without touching its overflow pages.
captures = Table(
    "captures",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("capture_id", String(32), nullable=False),
    # The first 63 bits of the capture id. The index over it is random, and so the dearest part of a put;
    # over the number it is a third of its size over the text. While a million captures wait, a new one
    # shares its number with another once in 10^13 times, and is then taken for a duplicate.
    Column("fingerprint", BigInteger, nullable=False),
    Column("collector", String(640), nullable=False),  # user/app/id
    Column("taken_at", Float, nullable=False),
    Column("ready_at", Float, nullable=True),  # due from then on; a lease moves it; null: dead
    Column("died_at", Float, nullable=True),  # null: not dead
    Column("alive_since", Float, nullable=True),  # null: redriven, and not leased since
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("lost", Integer, nullable=False, server_default="0"),  # leases that ran out
    Column("token", BigInteger, nullable=False, server_default="0"),  # of the lease
    Column("worker", String(200), nullable=False, server_default=""),  # who leased it last
    Column("history", String, nullable=False, server_default="[]"),  # JSON: [[stage, text, at], ...]
    Column("blob_keys", String, nullable=False, server_default=""),  # separated by spaces
    Column("payload_key", String(64), nullable=False, server_default=""),
    Column("payload", LargeBinary, nullable=False),
    Index("uq_captures_fingerprint", "fingerprint", unique=True),
    Index("ix_captures_due", "collector", "ready_at", "taken_at"),
)
Index(
    "ix_captures_dead",
    captures.c.died_at,
    captures.c.seq,
    sqlite_where=captures.c.died_at.is_not(None),
    postgresql_where=captures.c.died_at.is_not(None),
)
# The payloads that lie in the blob store, for whoever looks for those that nobody names any more.
Index(
    "ix_captures_payload_key",
    captures.c.payload_key,
    sqlite_where=captures.c.payload_key != "",
    postgresql_where=captures.c.payload_key != "",
)

capture_counts = Table(
    "capture_counts",
    metadata,
    Column("collector", String(640), primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),  # Unix time of its beginning
    Column("kind", String(16), primary_key=True),  # taken, posted, dead, purged, or why it was skipped
    Column("n", BigInteger, nullable=False),
)

# The last put of each writer, so that it is known again when its answer was lost and it is tried once more.
# PostgreSQL only: of SQLite a put that failed is known not to have happened.
capture_writers = Table(
    "capture_writers",
    metadata,
    Column("writer", String(24), primary_key=True),
    Column("put", String(24), nullable=False),
    Column("put_at", Float, nullable=False),  # Unix time
)

# Messages of a stream that were taken in, so that none is taken in twice when it is delivered again.
arrivals = Table(
    "arrivals",
    metadata,
    Column("stream", String(80), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("published", BigInteger, nullable=False),  # nanoseconds since 1970
    Column("collector", String(640), nullable=False),
    Column("hour", BigInteger, nullable=False),
)
