"""Which other server runs a version, what lets it in, and how patient it is asked."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from bowerbird.errors import ModelInvalid
from bowerbird.runtimes.breaker import Breaker
from bowerbird.runtimes.fields import Fields
from bowerbird.runtimes.patience import Patience
from bowerbird.runtimes.remote import Remote
from bowerbird.runtimes.secrets import NAME, read_secret
from bowerbird.runtimes.spec import Environment, ModelSpec

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
SHORTEST_SECRET = 6  # characters; shorter values of headers are words
SCHEMES = ("http", "https", "grpc", "grpcs")
_NOT_YOURS = {"host", "content-length", "transfer-encoding", "connection"}


class Place(Fields):
    """The parameters that versions on all kinds of servers have in common."""

    url: str = Field(max_length=2048)
    model_name: str = Field(min_length=1, max_length=256)
    parallel: int = Field(4, ge=1, le=32)
    timeout_ms: int = Field(10_000, ge=1, le=300_000)
    retries: int = Field(2, ge=0, le=10)
    failures_to_open: int = Field(5, ge=1, le=1000)
    rest_ms: int = Field(10_000, ge=1, le=600_000)
    headers: dict[HeaderName, SecretStr] = Field({}, max_length=32)
    secret: Annotated[str, Field(pattern=NAME)] | None = None  # its name on the host
    secret_header: HeaderName = "Authorization"  # noqa: S105 - the header's name

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES or not parts.hostname:
            raise ValueError(f"it must be an address that starts with one of {', '.join(SCHEMES)}")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("it may hold no user, password, query or fragment; secrets go into headers")
        return url

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        if not all(value.get_secret_value().isprintable() for value in headers.values()):
            raise ValueError("a value has characters that a header cannot hold")
        return headers

    @field_validator("headers", "secret_header")
    @classmethod
    def _check_names(cls, names: dict[str, SecretStr] | str) -> dict[str, SecretStr] | str:
        given = [names] if isinstance(names, str) else names
        if {name.lower() for name in given} & _NOT_YOURS:
            raise ValueError("host, content-length, transfer-encoding and connection are not yours to set")
        return names

    @property
    def is_grpc(self) -> bool:
        return urlsplit(self.url).scheme.startswith("grpc")

    @property
    def patience(self) -> Patience:
        return Patience(self.timeout_ms / 1000, self.retries)

    @property
    def breaker(self) -> Breaker:
        """A new one."""
        return Breaker(threshold=self.failures_to_open, rest_s=self.rest_ms / 1000)


class Entry:
    """The headers that let a version in; the secret among them is read anew for every call."""

    def __init__(self, place: Place, spec: ModelSpec, environment: Environment) -> None:
        """Raises ModelInvalid when the version may not use the secret, or there is none of that name."""
        if place.secret and not spec.trusted:
            # Whoever chooses the server would otherwise be sent any secret of the host.
            raise ModelInvalid("secret: only an admin may have a version use one; send yours in headers")
        self._place = place
        self._folder = environment.settings.secrets_folder
        self()

    def __call__(self) -> dict[str, str]:
        headers = {name: value.get_secret_value() for name, value in self._place.headers.items()}
        if self._place.secret:
            name, secret = self._place.secret_header, read_secret(self._folder, self._place.secret)
            headers[name] = f"Bearer {secret}" if name.lower() == "authorization" else secret
        return headers

    def without_secrets(self, text: str) -> str:
        """What a server said, should it repeat what it was sent."""
        for value in self().values():
            secret = value.removeprefix("Bearer ")
            text = text.replace(secret, "(hidden)") if len(secret) >= SHORTEST_SECRET else text
        return text


def remote_at(place: Place, spec: ModelSpec, environment: Environment) -> Remote:
    """The server, by HTTP. Raises ModelInvalid for one that the version may not name, Unreachable."""
    return Remote(
        place.url,
        Entry(place, spec, environment),
        policy=environment.policy_for(spec),
        patience=place.patience,
        breaker=place.breaker,
    )
