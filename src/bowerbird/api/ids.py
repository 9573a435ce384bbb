"""Ids that clients give, or leave to us."""

import re
import uuid

from bowerbird.errors import Invalid

LONGEST = 48
_ID = re.compile(r"[A-Za-z0-9_-]+")


def check_id(field: str, id: str, *, longest: int = LONGEST) -> str:
    """The id itself. Raises Invalid, naming the field, unless it is letters, digits, "-" and "_"."""
    if len(id) > longest or not _ID.fullmatch(id):
        raise Invalid(
            f"{field}: {shown(id)} is not an id; expected 1 to {longest} letters, digits, '-' or '_'"
        )
    return id


def given_or_new(field: str, id: str, *, longest: int = LONGEST) -> str:
    """The id that the client gave, checked, or a new one when it gave none."""
    return check_id(field, id, longest=longest) if id else uuid.uuid4().hex


def shown(value: str, longest: int = 60) -> str:
    """A client's text as errors may repeat it."""
    return repr(value if len(value) <= longest else value[:longest] + "…")
