"""What collectors were after each change, and since when they are blocked."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("collectors", sa.Column("blocked_at", sa.Float(), nullable=True))
    op.create_table(
        "collector_revisions",
        sa.Column(
            "collector",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("user_id", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("options", sa.LargeBinary(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collector"],
            ["collectors.seq"],
            name=op.f("fk_collector_revisions_collector_collectors"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("collector", "revision", name=op.f("pk_collector_revisions")),
    )


def downgrade() -> None:
    op.drop_table("collector_revisions")
    op.drop_column("collectors", "blocked_at")
