"""The tables: key columns, the columns that queries need, and the message itself."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows only in a column that is literally INTEGER.
BigKey: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")
Id = String(200)


def _seq() -> Column[int]:
    return Column("seq", BigKey, primary_key=True, autoincrement=True)


def _app() -> Column[int]:
    return Column("app", BigKey, ForeignKey("apps.seq", ondelete="CASCADE"), nullable=False)


def _of_model() -> Column[int]:
    row = ForeignKey("models.seq", ondelete="CASCADE")
    return Column("model", BigKey, row, primary_key=True, autoincrement=False)


def _message() -> Column[bytes]:
    return Column("message", LargeBinary, nullable=False)


users = Table(
    "users",
    metadata,
    _seq(),
    Column("id", Id, nullable=False, unique=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("is_admin", Boolean, nullable=False, default=False),
    Column("is_disabled", Boolean, nullable=False, default=False, server_default=false()),
    Column("signed_in_at", Float, nullable=True),  # last; null: never
    _message(),
)

apps = Table(
    "apps",
    metadata,
    _seq(),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("id", Id, nullable=False),
    Column("name", String(400), nullable=False, default=""),
    Column("visibility", SmallInteger, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("modified_at", Float, nullable=False),
    Column("options", LargeBinary, nullable=False, default=b""),  # AppOptions, serialised
    _message(),
    UniqueConstraint("user_id", "id"),
)

collaborators = Table(
    "collaborators",
    metadata,
    _app(),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("scopes", String, nullable=False),  # space separated wire names
    Column("endpoints", String, nullable=False, default=""),
    UniqueConstraint("app", "user_id"),
)

keys = Table(
    "keys",
    metadata,
    _seq(),
    Column("handle", Id, nullable=False, unique=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("app", BigKey, ForeignKey("apps.seq", ondelete="CASCADE"), nullable=True, index=True),
    Column("type", String(40), nullable=False),
    Column("expires_at", Float, nullable=True),
    _message(),
)

concepts = Table(
    "concepts",
    metadata,
    _seq(),
    _app(),
    Column("id", Id, nullable=False),
    Column("name", String(400), nullable=False),
    _message(),
    UniqueConstraint("app", "id"),
)

concept_relations = Table(
    "concept_relations",
    metadata,
    _seq(),
    _app(),
    Column("id", Id, nullable=False),
    Column("subject", String(600), nullable=False),  # user/app/concept
    Column("predicate", String(40), nullable=False),
    Column("object", String(600), nullable=False),
    Column("knowledge_graph", Id, nullable=False),
    _message(),
    UniqueConstraint("app", "id"),
    UniqueConstraint("app", "knowledge_graph", "subject", "predicate", "object"),
    Index("ix_concept_relations_app_object", "app", "object"),
)

knowledge_graphs = Table(
    "knowledge_graphs",
    metadata,
    _seq(),
    _app(),
    Column("id", Id, nullable=False),
    _message(),
    UniqueConstraint("app", "id"),
)

concept_languages = Table(  # what concepts are called in other languages
    "concept_languages",
    metadata,
    _seq(),
    Column("concept", BigKey, ForeignKey("concepts.seq", ondelete="CASCADE"), nullable=False),
    Column("id", Id, nullable=False),  # the code of the language
    Column("name", String(400), nullable=False),
    _message(),
    UniqueConstraint("concept", "id"),
)

models = Table(
    "models",
    metadata,
    _seq(),
    _app(),
    Column("id", Id, nullable=False),
    Column("name", String(400), nullable=False),
    Column("type", Id, nullable=False),
    Column("visibility", SmallInteger, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("modified_at", Float, nullable=False),
    _message(),
    UniqueConstraint("app", "id"),
    sqlite_autoincrement=True,  # seq names it among what is recorded: no other may get it once it is deleted
)

model_versions = Table(
    "model_versions",
    metadata,
    _seq(),
    _app(),
    Column("model", BigKey, ForeignKey("models.seq", ondelete="CASCADE"), nullable=False),
    Column("id", Id, nullable=False),
    Column("status", Integer, nullable=False),
    Column("visibility", SmallInteger, nullable=False),
    Column("artifact", String(64), nullable=False, default=""),  # key of the uploaded model file
    Column("trusted", Boolean, nullable=False, default=False),  # made by an admin: may name private hosts
    _message(),
    UniqueConstraint("model", "id"),
)

workflows = Table(
    "workflows",
    metadata,
    _seq(),
    _app(),
    Column("id", Id, nullable=False),
    Column("words", Text, nullable=False),  # that searches look for
    Column("visibility", SmallInteger, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("modified_at", Float, nullable=False),
    _message(),
    UniqueConstraint("app", "id"),
)

workflow_versions = Table(
    "workflow_versions",
    metadata,
    _seq(),
    _app(),
    Column("workflow", BigKey, ForeignKey("workflows.seq", ondelete="CASCADE"), nullable=False),
    Column("id", Id, nullable=False),
    _message(),
    UniqueConstraint("workflow", "id"),
)

inputs = Table(
    "inputs",
    metadata,
    _seq(),
    _app(),
    Column("id", Id, nullable=False),
    Column("status", Integer, nullable=False),
    Column("kind", String(8), nullable=False),  # image, text, video, audio or empty
    Column("url_hash", LargeBinary(16), nullable=True),  # of the URL that may stand only once in an app
    _message(),
    UniqueConstraint("app", "id"),
    UniqueConstraint("app", "url_hash"),
    Index("ix_inputs_app_status_seq", "app", "status", "seq"),
    Index("ix_inputs_app_seq", "app", "seq"),
)

input_terms = Table(
    "input_terms",
    metadata,
    Column("app", BigKey, nullable=False, primary_key=True),
    Column("term", String(220), nullable=False, primary_key=True),
    Column(
        "input",
        BigKey,
        ForeignKey("inputs.seq", ondelete="CASCADE"),
        nullable=False,
        primary_key=True,
        index=True,
    ),
    sqlite_with_rowid=False,  # the key is all there is: no second copy of it
)

media = Table(  # the hosted files of an input; a small one is kept in its row and costs no file of its own
    "media",
    metadata,
    Column("input", BigKey, ForeignKey("inputs.seq", ondelete="CASCADE"), nullable=False, primary_key=True),
    Column("name", String(40), nullable=False, primary_key=True),  # orig, small
    Column("blob", String(64), nullable=False),  # the SHA-256 of the content, and its key when it is a file
    Column("content_type", String(100), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=True),
)

annotations = Table(
    "annotations",
    metadata,
    _seq(),
    _app(),
    Column("input", BigKey, ForeignKey("inputs.seq", ondelete="CASCADE"), nullable=False),
    Column("id", Id, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("model_version_id", Id, nullable=False),
    Column("status", Integer, nullable=False),
    Column("task_id", Id, nullable=False),
    Column("input_level", Boolean, nullable=False),
    Column("trusted", Boolean, nullable=False),
    _message(),
    UniqueConstraint("input", "id"),
    Index("ix_annotations_app_seq", "app", "seq"),
)

vectors = Table(  # the embeddings of inputs, as their app's base workflow gave them
    "vectors",
    metadata,
    _seq(),
    _app(),
    Column("input", BigKey, ForeignKey("inputs.seq", ondelete="CASCADE"), nullable=False),
    Column("version", Id, nullable=False),  # of the model: only vectors of the same one can be compared
    Column("region", Integer, nullable=False),  # counts from 1; 0 is the whole input
    Column("dim", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # of length 1, as little-endian float16
    UniqueConstraint("input", "version", "region"),
    Index("ix_vectors_app_version_seq", "app", "version", "seq"),
    Index("ix_vectors_app_seq", "app", "seq"),
    sqlite_autoincrement=True,  # who has read up to one number asks for the later ones: none may come twice
)

vector_stamps = Table(  # changes whenever vectors of the app go, so that others drop them from memory
    "vector_stamps",
    metadata,
    Column("app", BigKey, ForeignKey("apps.seq", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("stamp", String(32), nullable=False),
)

predicted = Table(  # what the base workflow says is in an input: for search, and never a label
    "predicted",
    metadata,
    Column("app", BigKey, nullable=False, primary_key=True, autoincrement=False),
    Column("concept", Id, nullable=False, primary_key=True),
    Column(
        "input",
        BigKey,
        ForeignKey("inputs.seq", ondelete="CASCADE"),
        nullable=False,
        primary_key=True,
        autoincrement=False,
        index=True,
    ),
    Column("value", Float, nullable=False),
    sqlite_with_rowid=False,
)

collectors = Table(
    "collectors",
    metadata,
    _seq(),
    _app(),
    Column("id", Id, nullable=False),
    Column("source_user", Id, nullable=False),
    Column("source_app", Id, nullable=False),
    Column("source_model", Id, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_by", Id, nullable=False),
    Column("blocked", String, nullable=False, default=""),  # why its items wait; empty: they do not
    Column("blocked_at", Float, nullable=True),  # since when
    Column("options", LargeBinary, nullable=False, default=b""),  # bowerbird.v1.CollectorOptions
    _message(),
    UniqueConstraint("app", "id"),
    Index("ix_collectors_source", "source_user", "source_app", "source_model"),
    sqlite_autoincrement=True,  # seq names it in the queue: no other may get it once it is deleted
)

collector_revisions = Table(  # what a collector was after each change
    "collector_revisions",
    metadata,
    Column(
        "collector",
        BigKey,
        ForeignKey("collectors.seq", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("action", String(20), nullable=False),  # created, changed, restored
    Column("options", LargeBinary, nullable=False),
    _message(),
)

repeats = Table(  # how often what a collector kept came again, as the processes' dedups have told
    "repeats",
    metadata,
    Column("capture", String(32), primary_key=True),
    Column("collector", BigKey, ForeignKey("collectors.seq", ondelete="CASCADE"), nullable=False, index=True),
    Column("n", BigInteger, nullable=False),
)

answers = Table(  # what a version of a model says of an input, asked for an estimate: it does not change
    "answers",
    metadata,
    Column(
        "version",
        BigKey,
        ForeignKey("model_versions.seq", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column(
        "input",
        BigKey,
        ForeignKey("inputs.seq", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    ),
    Column("concept", String, nullable=False),  # the one with the greatest value; empty: it says none
)

jobs = Table(
    "jobs",
    metadata,
    _seq(),
    Column("key", String(300), nullable=False, unique=True),
    Column("kind", String(40), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("run_at", Float, nullable=False),
    Column("attempt", Integer, nullable=False, default=0),
    Column("error", String, nullable=False, default=""),
    Index("ix_jobs_run_at_seq", "run_at", "seq"),
)

budgets = Table(  # what the processes have reserved of each budget, a row for each period
    "budgets",
    metadata,
    Column("name", String(1000), primary_key=True),  # collector, node and group
    Column("start", BigInteger, primary_key=True, autoincrement=False),  # seconds since 1970
    Column("ends_at", BigInteger, nullable=False, index=True),
    Column("granted", BigInteger, nullable=False),  # never more than the limit
    Column("given", BigInteger, nullable=False),  # of that, by the last statement
    Column("spent", BigInteger, nullable=False),  # as far as the processes have told
    Column("offered", BigInteger, nullable=False),
)

recorded = Table(  # a sample of what models answered; SQLite has it in another file: no foreign keys
    "recorded",
    metadata,
    _seq(),
    Column("model", BigInteger, nullable=False),  # its row's number
    Column("hour", BigInteger, nullable=False),  # seconds since 1970 of its beginning
    Column("hash", BigInteger, nullable=False),  # of an hour those with the smallest are kept
    Column("at", Float, nullable=False),
    Column("sampled", Boolean, nullable=False),  # of the uniform sample; else only because somebody took it
    Column("taken", String, nullable=False),  # JSON: the collectors that took it, by key, each with its π
    Column("input_index", Integer, nullable=False),
    Column("request_id", String, nullable=False),
    Column("caller", Id, nullable=False),
    Column("version", Id, nullable=False),
    Column("concepts", String, nullable=False),  # the ids of the output's concepts, a line each
    Column("values", LargeBinary, nullable=False),  # of these concepts, as 32-bit floats
    Column("output", LargeBinary, nullable=False),
    Column("input", LargeBinary, nullable=False),  # without the bytes of its medium
    Column("has_media", Boolean, nullable=False),  # whether these, or its text, were small enough
    Column("content", LargeBinary, nullable=False),  # the bytes; last, so that SQLite skips what nobody reads
    UniqueConstraint("model", "hour", "hash"),
    Index("ix_recorded_model_at", "model", "at"),
    Index("ix_recorded_request_id", "request_id"),
)

feedback = Table(  # what people said of predictions; bowerbird.v1.PostFeedbackRequest without what names it
    "feedback",
    metadata,
    Column("prediction", String(32), primary_key=True),  # a digest of model, caller, request and place in it
    Column("user_id", Id, primary_key=True),
    Column("at", Float, nullable=False, index=True),
    _message(),
)

answered = Table(  # how many predictions each model answered in an hour, recorded or not
    "answered",
    metadata,
    Column("model", BigInteger, primary_key=True, autoincrement=False),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
)

payload_windows = Table(  # of each model whose server logs to us: what waits for its other half
    "payload_windows",
    metadata,
    _of_model(),
    Column("waiting", BigInteger, nullable=False, default=0),
    Column("bytes", BigInteger, nullable=False, default=0),  # of those that wait
    Column("paired", BigInteger, nullable=False, default=0),  # ever
    Column("expired", BigInteger, nullable=False, default=0),  # ever
)

payload_halves = Table(  # a logged request or response; empty once it was offered, so that repeats are known
    "payload_halves",
    metadata,
    _of_model(),
    Column("key", String(32), primary_key=True),
    Column("side", String(8), primary_key=True),  # request, response
    Column("at", Float, nullable=False),
    Column("claimed_at", Float, nullable=True),  # when a process began to offer the pair
    Column("payload", LargeBinary, nullable=True),  # null: it was offered
    Index("ix_payload_halves_model_at", "model", "at"),
)

revisions = Table(  # counts the changes of each kind, so that other processes drop what they remember
    "revisions",
    metadata,
    Column("kind", String(40), primary_key=True),
    Column("n", BigInteger, nullable=False),
)

secrets = Table(  # the pepper of the key hashes, made at first start
    "secrets",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
