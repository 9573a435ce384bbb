"""The tables of people: how they sign in, and what roles and teams let them do."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from bowerbird.store.tables import BigKey, Id, metadata


def _user(*, primary_key: bool = False, nullable: bool = False, index: bool = False) -> Column[str]:
    row = ForeignKey("users.id", ondelete="CASCADE")
    return Column("user_id", Id, row, primary_key=primary_key, nullable=nullable, index=index)


def _hash() -> Column[bytes]:
    return Column("hash", LargeBinary, primary_key=True)


passwords = Table(
    "passwords",
    metadata,
    _user(primary_key=True),
    Column("hash", String(400), nullable=False),  # argon2's own notation, with its parameters and salt
    Column("changed_at", Float, nullable=False),
)

two_factor = Table(
    "two_factor",
    metadata,
    _user(primary_key=True),
    Column("nonce", LargeBinary, nullable=False),  # the secret is derived of it and the pepper
    Column("is_on", Boolean, nullable=False, default=False),  # it was confirmed
    Column("last_step", BigInteger, nullable=False, default=0),  # of the last code used: none up to it works
)

recovery_codes = Table("recovery_codes", metadata, _hash(), _user(index=True))

sessions = Table(
    "sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
    _user(index=True),
    Column("created_at", Float, nullable=False),
    Column("last_used_at", Float, nullable=False),
    Column("address", String(100), nullable=False),
    Column("user_agent", String(400), nullable=False),
)

links = Table(  # that sign somebody in once
    "links",
    metadata,
    _hash(),
    _user(index=True),
    Column("sets_password", Boolean, nullable=False),  # whether or not there is one
    Column("expires_at", Float, nullable=False),
)

attempts = Table(  # to sign in, that failed or are under way
    "attempts",
    metadata,
    Column("key", LargeBinary, primary_key=True),  # hash of whom they try to be, or where they come from
    Column("failures", Integer, nullable=False),
    Column("at", Float, nullable=False, index=True),  # of the last
)

audit = Table(  # outlives those whom it names
    "audit",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("by", Id, nullable=False),
    Column("target", Id, nullable=False),
    Column("action", String(40), nullable=False),
    Column("message", LargeBinary, nullable=False),
    Index("ix_audit_by_seq", "by", "seq"),
    Index("ix_audit_target_seq", "target", "seq"),
)

roles = Table(
    "roles",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    Column("message", LargeBinary, nullable=False),
)

teams = Table(
    "teams",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    Column("message", LargeBinary, nullable=False),  # without its members
)

team_members = Table(
    "team_members",
    metadata,
    Column(
        "team", BigKey, ForeignKey("teams.seq", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    _user(primary_key=True, index=True),
)

role_bindings = Table(  # a role on an app, of a user or of a team
    "role_bindings",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False),
    Column("app", BigKey, ForeignKey("apps.seq", ondelete="CASCADE"), nullable=False),
    Column("role", BigKey, ForeignKey("roles.seq", ondelete="CASCADE"), nullable=False, index=True),
    _user(nullable=True, index=True),
    Column("team", BigKey, ForeignKey("teams.seq", ondelete="CASCADE"), nullable=True, index=True),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("app", "id"),
    UniqueConstraint("app", "role", "user_id"),
    UniqueConstraint("app", "role", "team"),
    CheckConstraint("(user_id IS NULL) <> (team IS NULL)", name="ck_role_bindings_user_or_team"),
)
