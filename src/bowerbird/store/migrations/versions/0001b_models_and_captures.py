"""The versions of models and workflows, what was logged elsewhere, and the capture queue."""

import sqlalchemy as sa
from alembic import op

revision = "0001b"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "media",
        sa.Column("input", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["input"], ["inputs.seq"], name=op.f("fk_media_input"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("input", "name", name=op.f("pk_media")),
    )
    op.create_table(
        "payload_windows",
        sa.Column(
            "model",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("waiting", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("paired", sa.BigInteger(), nullable=False),
        sa.Column("expired", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model"], ["models.seq"], name=op.f("fk_payload_windows_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_payload_windows")),
    )
    op.create_table(
        "payload_halves",
        sa.Column(
            "model",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("claimed_at", sa.Float(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["model"], ["models.seq"], name=op.f("fk_payload_halves_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model", "key", "side", name=op.f("pk_payload_halves")),
    )
    with op.batch_alter_table("payload_halves", schema=None) as batch_op:
        batch_op.create_index("ix_payload_halves_model_at", ["model", "at"], unique=False)

    op.create_table(
        "model_versions",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("app", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("visibility", sa.SmallInteger(), nullable=False),
        sa.Column("artifact", sa.String(length=64), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["app"], ["apps.seq"], name=op.f("fk_model_versions_app"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["model"], ["models.seq"], name=op.f("fk_model_versions_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_model_versions")),
        sa.UniqueConstraint("model", "id", name=op.f("uq_model_versions_model_id")),
    )
    op.create_table(
        "workflow_versions",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("app", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("workflow", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["app"], ["apps.seq"], name=op.f("fk_workflow_versions_app"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workflow"], ["workflows.seq"], name=op.f("fk_workflow_versions_workflow"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_workflow_versions")),
        sa.UniqueConstraint("workflow", "id", name=op.f("uq_workflow_versions_workflow_id")),
    )
    op.create_table(
        "arrivals",
        sa.Column("stream", sa.String(length=80), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("collector", sa.String(length=640), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "seq", name=op.f("pk_arrivals")),
    )
    op.create_table(
        "capture_counts",
        sa.Column("collector", sa.String(length=640), nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("collector", "hour", "kind", name=op.f("pk_capture_counts")),
    )
    op.create_table(
        "capture_writers",
        sa.Column("writer", sa.String(length=24), nullable=False),
        sa.Column("put", sa.String(length=24), nullable=False),
        sa.Column("put_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("writer", name=op.f("pk_capture_writers")),
    )
    op.create_table(
        "repeats",
        sa.Column("capture", sa.String(length=32), nullable=False),
        sa.Column("collector", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collector"],
            ["collectors.seq"],
            name=op.f("fk_repeats_collector_collectors"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("capture", name=op.f("pk_repeats")),
    )
    with op.batch_alter_table("repeats", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_repeats_collector"), ["collector"], unique=False)

    op.create_table(
        "answers",
        sa.Column(
            "version",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "input", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("concept", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"],
            ["model_versions.seq"],
            name=op.f("fk_answers_version_model_versions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["input"], ["inputs.seq"], name=op.f("fk_answers_input_inputs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version", "input", name=op.f("pk_answers")),
    )
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answers_input"), ["input"], unique=False)

    op.create_table(
        "captures",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("capture_id", sa.String(length=32), nullable=False),
        sa.Column("fingerprint", sa.BigInteger(), nullable=False),
        sa.Column("collector", sa.String(length=640), nullable=False),
        sa.Column("taken_at", sa.Float(), nullable=False),
        sa.Column("ready_at", sa.Float(), nullable=True),
        sa.Column("died_at", sa.Float(), nullable=True),
        sa.Column("alive_since", sa.Float(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lost", sa.Integer(), server_default="0", nullable=False),
        sa.Column("token", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("worker", sa.String(length=200), server_default="", nullable=False),
        sa.Column("history", sa.String(), server_default="[]", nullable=False),
        sa.Column("blob_keys", sa.String(), server_default="", nullable=False),
        sa.Column("payload_key", sa.String(length=64), server_default="", nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_captures")),
    )
    with op.batch_alter_table("captures", schema=None) as batch_op:
        batch_op.create_index(
            "ix_captures_dead",
            ["died_at", "seq"],
            unique=False,
            sqlite_where=sa.text("died_at IS NOT NULL"),
            postgresql_where=sa.text("died_at IS NOT NULL"),
        )
        batch_op.create_index("ix_captures_due", ["collector", "ready_at", "taken_at"], unique=False)
        batch_op.create_index(
            "ix_captures_payload_key",
            ["payload_key"],
            unique=False,
            sqlite_where=sa.text("payload_key != ''"),
            postgresql_where=sa.text("payload_key != ''"),
        )
        batch_op.create_index("uq_captures_fingerprint", ["fingerprint"], unique=True)


def downgrade() -> None:
    op.drop_table("captures")
    op.drop_table("answers")
    op.drop_table("repeats")
    op.drop_table("capture_writers")
    op.drop_table("capture_counts")
    op.drop_table("arrivals")
    op.drop_table("workflow_versions")
    op.drop_table("model_versions")
    op.drop_table("payload_halves")
    op.drop_table("payload_windows")
    op.drop_table("media")
