"""Every setting, in one frozen object: from the environment, a .env file, or bowerbird.toml."""

import hashlib
import tempfile
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


def _names(given: object) -> object:
    """Names with commas between them, as one writes them in the environment."""
    return [name.strip() for name in given.split(",") if name.strip()] if isinstance(given, str) else given


def _address(given: str) -> str:
    host, _, port = given.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("expected HOST:PORT")
    return given


def _mail_server(given: str) -> str:
    where = urlsplit(given)
    if given and not (where.scheme in ("smtp", "smtps") and where.hostname):
        raise ValueError("expected smtp://HOST or smtps://HOST")
    return given


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
Address = Annotated[str, AfterValidator(_address)]
AnyAddress = Annotated[str, AfterValidator(lambda given: given and _address(given))]
MailServer = Annotated[str, AfterValidator(_mail_server)]
MIB = 1024 * 1024
LONGEST_FOLDER = 80  # bytes of a path; Linux takes 107 for a socket, and ours have names of up to 25


class Settings(BaseSettings):
    """The settings. Each is read from BOWERBIRD_<NAME>, in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="BOWERBIRD_", env_file=".env", toml_file="bowerbird.toml", frozen=True, extra="ignore"
    )

    # where things are kept
    data: Path = Field(Path("bowerbird-data"), description="Folder for the database, media and sockets.")
    database_url: str = Field("", description="PostgreSQL address; empty: SQLite files in the data folder.")
    queue_url: str = Field(
        "", description="NATS address that captures go through, such as nats://HOST:4222; empty: SQL only."
    )
    blobs_url: str = Field("", description="Where media are kept; empty: a folder in the data folder.")

    # wires
    http: Address = Field("127.0.0.1:8080", description="HOST:PORT of the HTTP/JSON API.")
    grpc: Address = Field("127.0.0.1:18080", description="HOST:PORT of the gRPC API.")
    worker_http: AnyAddress = Field(
        "", description="HOST:PORT at which workers show health and metrics; empty: nowhere."
    )
    public_url: str = Field("", description="Address of the HTTP API as clients reach it, for media links.")
    tls_cert: Path | None = Field(None, description="PEM certificate chain; turns TLS on for both wires.")
    tls_key: Path | None = Field(None, description="PEM private key of the certificate.")
    max_message_bytes: int = Field(128 * MIB, ge=MIB, description="Largest request, in bytes.")
    call_timeout_s: float = Field(120.0, gt=0, description="Longest time a call may take, in seconds.")

    # people
    portal: AnyAddress = Field(
        "127.0.0.1:8081", description="HOST:PORT of the portal; empty: serve runs none."
    )
    portal_url: str = Field(
        "",
        description="Address of the portal as people reach it, for links; empty: http:// and its HOST:PORT.",
    )
    api_url: str = Field(
        "", description="Address of the HTTP API as the portal reaches it; empty: its HOST:PORT on this host."
    )
    session_idle_days: float = Field(
        7.0, gt=0, description="Days after which a session that is not used ends."
    )
    session_days: float = Field(30.0, gt=0, description="Days after which every session ends.")
    smtp_url: MailServer = Field(
        "",
        description="Mail server: smtp://USER:PASSWORD@HOST:587 or smtps://...; empty: no mail is sent.",
    )
    smtp_from: str = Field("", validate_default=True, description="Address that mail comes from.")
    password_memory_kib: int = Field(
        64 * 1024, ge=8, description="Memory that checking a password takes, in KiB: less is easier to guess."
    )

    # media
    fetch_allow: Names = Field(
        (), description="Hosts, addresses or networks that URLs may name although they are private."
    )
    fetch_timeout_s: float = Field(30.0, gt=0, description="Longest download, in seconds.")
    max_image_bytes: int = Field(20 * MIB, gt=0, description="Largest image, in bytes.")
    max_image_pixels: int = Field(100_000_000, gt=0, description="Largest image, in pixels.")
    max_video_bytes: int = Field(80 * MIB, gt=0, description="Largest video or audio, in bytes.")
    max_text_bytes: int = Field(MIB, gt=0, description="Longest text, in bytes of UTF-8.")

    # models
    max_model_bytes: int = Field(512 * MIB, gt=0, description="Largest uploaded model, in bytes.")
    predict_timeout_s: float = Field(60.0, gt=0, description="Longest time a model may take, in seconds.")
    models_in_process: bool = Field(False, description="Run models inside the API's process (tests, tools).")

    # search
    vector_memory_bytes: int = Field(
        1024 * MIB, ge=0, description="Embeddings that a process keeps in memory for searches, in bytes."
    )

    # collecting
    capture_durability: Literal["committed", "buffered"] = Field(
        "committed", description="Whether a prediction that was taken answers after its commit, or at once."
    )
    capture_ring_items: int = Field(10_000, ge=1, description="Captures that may wait for the writer.")
    capture_ring_bytes: int = Field(256 * MIB, ge=MIB, description="Bytes that may wait for the writer.")
    capture_wait_s: float = Field(1.0, gt=0, description="Longest time a prediction waits for its capture.")
    plan_budget_ms: float = Field(5.0, gt=0, description="Longest time of a collector's decision.")
    record_per_hour: int = Field(
        500, ge=0, description="Predictions recorded of each model and hour at most; 0: none are."
    )
    record_hours: float = Field(48.0, gt=0, description="How long recorded predictions are kept, in hours.")
    feedback_hours: float = Field(
        24.0, gt=0, description="How long after a prediction feedback can make collectors keep it, in hours."
    )
    record_media_bytes: int = Field(
        32 * 1024, ge=0, description="Largest medium that is recorded with its prediction, in bytes."
    )
    payload_window_s: float = Field(
        600.0, gt=0, description="How long a logged request or response waits for its other half."
    )
    payload_window_bytes: int = Field(
        256 * MIB, ge=MIB, description="Bytes of logged requests and responses that may wait, of each model."
    )
    lease_s: float = Field(60.0, gt=0, description="How long a worker may hold a captured item.")
    post_timeout_s: float = Field(
        300.0, gt=0, description="Longest time that the worker waits for a batch to be judged or posted."
    )
    dead_letter_days: float = Field(14.0, gt=0, description="Days after which dead letters are deleted.")
    poll_s: float = Field(0.25, gt=0, description="How often processes look for changes made by others.")

    # operation
    metrics_by_collector: bool = Field(
        True,
        description="Count predictions by collector in the metrics; turn it off for thousands.",
    )
    api_processes: int = Field(1, ge=1, le=64, description="API processes that share the two ports.")
    workers: int = Field(1, ge=1, le=64, description="Worker processes.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged.")
    log_json: bool = Field(False, description="Log lines as JSON.")
    drill: str = Field("", description="Kill or stop the process at a named stage; for fault drills only.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        said = [source for source in (env_settings, dotenv_settings) if _names_a_setting(source)]
        return init_settings, *said, TomlConfigSettingsSource(settings_cls), file_secret_settings

    @field_validator("smtp_from")
    @classmethod
    def _check_sender(cls, given: str, info: ValidationInfo) -> str:
        if info.data.get("smtp_url") and "@" not in given:
            raise ValueError("expected the address that mail comes from")
        return given

    @property
    def main_url(self) -> str:
        """SQLAlchemy address of the main database."""
        return _postgres(self.database_url, "postgresql+asyncpg") or f"sqlite+aiosqlite:///{self.main_file}"

    @property
    def main_file(self) -> Path:
        return self.data / "bowerbird.db"

    @property
    def queue_file(self) -> Path:
        return self.data / "captures.db"

    @property
    def recorded_url(self) -> str:
        """SQLAlchemy address of the database that predictions are recorded in."""
        return self.main_url if self.database_url else f"sqlite+aiosqlite:///{self.data / 'recorded.db'}"

    @property
    def secrets_folder(self) -> Path:
        """Where the host keeps what lets it into other servers, a file for each secret."""
        return self.data / "secrets"

    @property
    def blob_store(self) -> str:
        return self.blobs_url or str(self.data / "blobs")

    @property
    def portal_address(self) -> str:
        """Where people find the portal."""
        scheme = "https" if self.tls_cert else "http"
        return self.portal_url.rstrip("/") or f"{scheme}://{self.portal}"

    @property
    def run_folder(self) -> Path:
        """Where processes listen for each other; elsewhere when that path is too long for a socket."""
        path = self.data.absolute() / "run"
        if len(str(path)) <= LONGEST_FOLDER:
            return path
        name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"bowerbird-{name}"

    @property
    def models_socket(self) -> Path:
        """Where the model process listens."""
        return self.run_folder / "models.sock"


def _names_a_setting(source: PydanticBaseSettingsSource) -> bool:
    """Whether it has anything to say: to ask it for each setting takes milliseconds."""
    assert isinstance(source, EnvSettingsSource)
    return any(f"bowerbird_{name}" in source.env_vars for name in Settings.model_fields)


def _postgres(url: str, driver: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{driver}://{rest}" if scheme.startswith("postgres") else ""
