"""Messages as JSON in the platform's dialect: proto names out, both names in, enums as numbers out."""

import json
from typing import NoReturn, TypeVar

from google.protobuf.message import Message

from bowerbird.errors import BadFormat
from bowerbird.wire.json_read import reader
from bowerbird.wire.json_values import Malformed
from bowerbird.wire.json_write import writer
from bowerbird.wire.types import type_of

__all__ = ["decode", "dumps", "from_dict", "loads", "to_dict"]

M = TypeVar("M", bound=Message)


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} must stand in quotes")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def loads(data: bytes | str, cls: type[M]) -> M:
    """The message that a JSON text describes; an empty text is an empty message. Raises BadFormat."""
    return from_dict(decode(data), cls())


def decode(data: bytes | str) -> object:
    """The plain value of a JSON text; {} when the text is empty. Raises BadFormat."""
    if not data:
        return {}
    try:
        text = data if isinstance(data, str) else data.decode()
        return _DECODER.decode(text.removeprefix("\ufeff")) if not text.isspace() else {}
    except RecursionError:
        raise BadFormat("body: nested too deep") from None
    except ValueError as error:
        raise BadFormat(f"body: expected JSON in UTF-8: {error}") from None


def from_dict(obj: object, message: M) -> M:
    """Set what a plain value says in a message, and return that message.

    Raises BadFormat, whose details name the first field that is wrong and what was expected there.
    """
    try:
        reader(type_of(message))(obj, message, 1)
    except Malformed as error:
        raise BadFormat(str(error)) from None
    return message


def to_dict(message: Message) -> object:
    """A message as plain values: a dict, unless it is one of the well-known types that print as others."""
    return json.loads(writer(type_of(message))(message))


def dumps(message: Message) -> bytes:
    """A message as JSON text in UTF-8, without spaces."""
    return writer(type_of(message))(message).encode()
