"""Checks of what clients write; each error names the field."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from bowerbird.api.ids import shown
from bowerbird.errors import ApiError, Invalid

T = TypeVar("T")
LONGEST_NAME = 200
LONGEST_TEXT = 4096
LONGEST_METADATA = 64 * 1024
MOST_AT_ONCE = 128
_LAST_SECOND = 253_402_300_799  # of the year 9999, the last that a timestamp can write


def text(field: str, value: str, longest: int) -> str:
    """The text itself. Raises Invalid when it is longer than so many characters, or holds a zero byte."""
    if len(value) > longest:
        raise Invalid(f"{field}: {len(value)} characters; expected at most {longest}")
    if "\0" in value:
        raise Invalid(f"{field}: {shown(value)} holds a zero byte")
    return value


def metadata(field: str, value: Struct) -> Struct:
    """The metadata itself. Raises Invalid when they are too large."""
    if value.ByteSize() > LONGEST_METADATA:
        raise Invalid(f"{field}: {value.ByteSize()} bytes; expected at most {LONGEST_METADATA}")
    return value


def merged(old: Struct, new: Struct) -> Struct:
    """Both together; where they differ the new one counts, and what is a mapping in both is merged too."""
    both = Struct()
    both.CopyFrom(old)
    for name, value in new.fields.items():
        here = both.fields[name]
        if here.HasField("struct_value") and value.HasField("struct_value"):
            here.struct_value.CopyFrom(merged(here.struct_value, value.struct_value))
        else:
            here.CopyFrom(value)
    return both


def batch(field: str, items: Sequence[T]) -> Sequence[T]:
    """The items themselves. Raises Invalid when there are none, or too many for one call."""
    if not 1 <= len(items) <= MOST_AT_ONCE:
        raise Invalid(f"{field}: {len(items)} given; expected 1 to {MOST_AT_ONCE}")
    return items


def distinct(field: str, ids: Iterable[str], error: type[ApiError] = Invalid) -> list[str]:
    """The ids themselves. Raises `error` when one is given twice."""
    seen: dict[str, None] = {}
    for id in ids:
        if id in seen:
            raise error(f"{field}: duplicate {shown(id)} in the request")
        seen[id] = None
    return list(seen)


def choice(field: str, given: str, *allowed: str) -> str:
    """The word itself. Raises Invalid unless it is one of those allowed."""
    if given not in allowed:
        expected = " or ".join(map(repr, allowed))
        raise Invalid(f"{field}: {shown(given)}; expected {expected}")
    return given


def moment(field: str, value: Timestamp) -> Timestamp:
    """The time itself. Raises Invalid when no calendar has it."""
    if not (0 <= value.seconds <= _LAST_SECOND and 0 <= value.nanos < 1_000_000_000):
        raise Invalid(f"{field}: not a time from 1970 to 9999")
    return value
