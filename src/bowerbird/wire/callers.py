"""Who calls: the headers of both wires as Credentials, and the id of a request."""

import base64
import binascii
import re
import uuid
from collections.abc import Mapping

from bowerbird.api.rpc import Credentials, Origin
from bowerbird.errors import BadFormat

HEADERS = frozenset(
    {"authorization", "idempotency-key", "x-request-id", "x-clarifai-session-token", "user-agent"}
)
_SCHEMES = frozenset({"key", "bearer"})
_REQUEST_ID = re.compile(r"[!-~]{1,128}")


def credentials_of(headers: Mapping[str, str], address: str = "") -> Credentials:
    """The credentials in headers, whose names are in lower case, that came from an address.

    An idempotency key goes before a request id, which proxies set anew at each attempt. Raises BadFormat.
    """
    scheme, _, shown = headers.get("authorization", "").strip().partition(" ")
    request_id = headers.get("idempotency-key") or headers.get("x-request-id") or ""
    if request_id and not _REQUEST_ID.fullmatch(request_id):
        raise BadFormat("x-request-id: expected 1 to 128 visible ASCII characters")
    return Credentials(
        key=_key(scheme.lower(), shown.strip()) or None,
        request_id=request_id,
        session=headers.get("x-clarifai-session-token") or None,
        origin=Origin(address, headers.get("user-agent", "")),
    )


def _key(scheme: str, shown: str) -> str:
    """The key; a client that knows nothing but a URL shows the one in http://USER:KEY@HOST as a password."""
    if scheme in _SCHEMES:
        return shown
    if scheme != "basic":
        return ""
    try:
        user, _, password = base64.b64decode(shown, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return ""
    return password or user


def new_request_id() -> str:
    return uuid.uuid4().hex
