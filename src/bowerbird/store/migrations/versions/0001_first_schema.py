"""People, apps, and what apps hold."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("name", sa.String(length=1000), nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("offered", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "start", name=op.f("pk_budgets")),
    )
    with op.batch_alter_table("budgets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_budgets_ends_at"), ["ends_at"], unique=False)

    op.create_table(
        "feedback",
        sa.Column("prediction", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=200), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("prediction", "user_id", name=op.f("pk_feedback")),
    )
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feedback_at"), ["at"], unique=False)

    op.create_table(
        "jobs",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("run_at", sa.Float(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_jobs")),
        sa.UniqueConstraint("key", name=op.f("uq_jobs_key")),
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index("ix_jobs_run_at_seq", ["run_at", "seq"], unique=False)

    op.create_table(
        "recorded",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("model", sa.BigInteger(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("sampled", sa.Boolean(), nullable=False),
        sa.Column("taken", sa.String(), nullable=False),
        sa.Column("input_index", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("caller", sa.String(length=200), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("concepts", sa.String(), nullable=False),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.Column("output", sa.LargeBinary(), nullable=False),
        sa.Column("input", sa.LargeBinary(), nullable=False),
        sa.Column("has_media", sa.Boolean(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_recorded")),
        sa.UniqueConstraint("model", "hour", "hash", name=op.f("uq_recorded_model_hour_hash")),
    )
    with op.batch_alter_table("recorded", schema=None) as batch_op:
        batch_op.create_index("ix_recorded_model_at", ["model", "at"], unique=False)
        batch_op.create_index("ix_recorded_request_id", ["request_id"], unique=False)

    op.create_table(
        "answered",
        sa.Column("model", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("model", "hour", name=op.f("pk_answered")),
    )
    op.create_table(
        "revisions",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_revisions")),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secrets")),
    )
    op.create_table(
        "users",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("id", name=op.f("uq_users_id")),
    )
    op.create_table(
        "apps",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("user_id", sa.String(length=200), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("visibility", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("modified_at", sa.Float(), nullable=False),
        sa.Column("options", sa.LargeBinary(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_apps_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_apps")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_apps_user_id_id")),
    )
    op.create_table(
        "collaborators",
        sa.Column("app", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.String(length=200), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("endpoints", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["app"], ["apps.seq"], name=op.f("fk_collaborators_app"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_collaborators_user_id"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("app", "user_id", name=op.f("uq_collaborators_app_user_id")),
    )
    op.create_table(
        "collectors",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("app", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("source_user", sa.String(length=200), nullable=False),
        sa.Column("source_app", sa.String(length=200), nullable=False),
        sa.Column("source_model", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("blocked", sa.String(), nullable=False),
        sa.Column("options", sa.LargeBinary(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["app"], ["apps.seq"], name=op.f("fk_collectors_app"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_collectors")),
        sa.UniqueConstraint("app", "id", name=op.f("uq_collectors_app_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("collectors", schema=None) as batch_op:
        batch_op.create_index(
            "ix_collectors_source", ["source_user", "source_app", "source_model"], unique=False
        )

    op.create_table(
        "concept_relations",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("app", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=600), nullable=False),
        sa.Column("predicate", sa.String(length=40), nullable=False),
        sa.Column("object", sa.String(length=600), nullable=False),
        sa.Column("knowledge_graph", sa.String(length=200), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["app"], ["apps.seq"], name=op.f("fk_concept_relations_app"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_concept_relations")),
        sa.UniqueConstraint("app", "id", name=op.f("uq_concept_relations_app_id")),
        sa.UniqueConstraint(
            "app",
            "knowledge_graph",
            "subject",
            "predicate",
            "object",
            name=op.f("uq_concept_relations_app_knowledge_graph_subject_predicate_object"),
        ),
    )
    with op.batch_alter_table("concept_relations", schema=None) as batch_op:
        batch_op.create_index("ix_concept_relations_app_object", ["app", "object"], unique=False)

    op.create_table(
        "concepts",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("app", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["app"], ["apps.seq"], name=op.f("fk_concepts_app"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_concepts")),
        sa.UniqueConstraint("app", "id", name=op.f("uq_concepts_app_id")),
    )
    op.create_table(
        "concept_languages",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("concept", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["concept"], ["concepts.seq"], name=op.f("fk_concept_languages_concept"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_concept_languages")),
        sa.UniqueConstraint("concept", "id", name=op.f("uq_concept_languages_concept_id")),
    )
    op.create_table(
        "knowledge_graphs",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("app", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["app"], ["apps.seq"], name=op.f("fk_knowledge_graphs_app"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_knowledge_graphs")),
        sa.UniqueConstraint("app", "id", name=op.f("uq_knowledge_graphs_app_id")),
    )
    op.create_table(
        "inputs",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("app", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("url_hash", sa.LargeBinary(length=16), nullable=True),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["app"], ["apps.seq"], name=op.f("fk_inputs_app"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_inputs")),
        sa.UniqueConstraint("app", "id", name=op.f("uq_inputs_app_id")),
        sa.UniqueConstraint("app", "url_hash", name=op.f("uq_inputs_app_url_hash")),
    )
    with op.batch_alter_table("inputs", schema=None) as batch_op:
        batch_op.create_index("ix_inputs_app_seq", ["app", "seq"], unique=False)
        batch_op.create_index("ix_inputs_app_status_seq", ["app", "status", "seq"], unique=False)

    op.create_table(
        "keys",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("handle", sa.String(length=200), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.String(length=200), nullable=False),
        sa.Column("app", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=True),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["app"], ["apps.seq"], name=op.f("fk_keys_app"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_keys_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_keys")),
        sa.UniqueConstraint("handle", name=op.f("uq_keys_handle")),
    )
    with op.batch_alter_table("keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_keys_app"), ["app"], unique=False)
        batch_op.create_index(batch_op.f("ix_keys_user_id"), ["user_id"], unique=False)

    op.create_table(
        "models",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("app", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("type", sa.String(length=200), nullable=False),
        sa.Column("visibility", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("modified_at", sa.Float(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["app"], ["apps.seq"], name=op.f("fk_models_app"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_models")),
        sa.UniqueConstraint("app", "id", name=op.f("uq_models_app_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "workflows",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("app", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("visibility", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("modified_at", sa.Float(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["app"], ["apps.seq"], name=op.f("fk_workflows_app"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_workflows")),
        sa.UniqueConstraint("app", "id", name=op.f("uq_workflows_app_id")),
    )
    op.create_table(
        "annotations",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("app", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("input", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("user_id", sa.String(length=200), nullable=False),
        sa.Column("model_version_id", sa.String(length=200), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.String(length=200), nullable=False),
        sa.Column("input_level", sa.Boolean(), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["app"], ["apps.seq"], name=op.f("fk_annotations_app"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["input"], ["inputs.seq"], name=op.f("fk_annotations_input"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_annotations")),
        sa.UniqueConstraint("input", "id", name=op.f("uq_annotations_input_id")),
    )
    with op.batch_alter_table("annotations", schema=None) as batch_op:
        batch_op.create_index("ix_annotations_app_seq", ["app", "seq"], unique=False)

    op.create_table(
        "input_terms",
        sa.Column("app", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("term", sa.String(length=220), nullable=False),
        sa.Column("input", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["input"], ["inputs.seq"], name=op.f("fk_input_terms_input"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("app", "term", "input", name=op.f("pk_input_terms")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("input_terms", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_input_terms_input"), ["input"], unique=False)

    op.create_table(
        "vectors",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("app", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("input", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("region", sa.Integer(), nullable=False),
        sa.Column("dim", sa.Integer(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["app"], ["apps.seq"], name=op.f("fk_vectors_app"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["input"], ["inputs.seq"], name=op.f("fk_vectors_input"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_vectors")),
        sa.UniqueConstraint("input", "version", "region", name=op.f("uq_vectors_input_version_region")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("vectors", schema=None) as batch_op:
        batch_op.create_index("ix_vectors_app_seq", ["app", "seq"], unique=False)
        batch_op.create_index("ix_vectors_app_version_seq", ["app", "version", "seq"], unique=False)

    op.create_table(
        "vector_stamps",
        sa.Column(
            "app",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("stamp", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["app"], ["apps.seq"], name=op.f("fk_vector_stamps_app"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("app", name=op.f("pk_vector_stamps")),
    )
    op.create_table(
        "predicted",
        sa.Column(
            "app",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("concept", sa.String(length=200), nullable=False),
        sa.Column(
            "input",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("value", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["input"], ["inputs.seq"], name=op.f("fk_predicted_input"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("app", "concept", "input", name=op.f("pk_predicted")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("predicted", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_predicted_input"), ["input"], unique=False)


def downgrade() -> None:
    op.drop_table("predicted")
    op.drop_table("vector_stamps")
    op.drop_table("vectors")
    op.drop_table("input_terms")
    op.drop_table("annotations")
    op.drop_table("workflows")
    op.drop_table("models")
    op.drop_table("keys")
    op.drop_table("inputs")
    op.drop_table("knowledge_graphs")
    op.drop_table("concept_languages")
    op.drop_table("concepts")
    op.drop_table("concept_relations")
    op.drop_table("collectors")
    op.drop_table("collaborators")
    op.drop_table("apps")
    op.drop_table("users")
    op.drop_table("secrets")
    op.drop_table("revisions")
    op.drop_table("answered")
    op.drop_table("recorded")
    op.drop_table("jobs")
    op.drop_table("feedback")
    op.drop_table("budgets")
