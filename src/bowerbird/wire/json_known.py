"""How the well-known types of protobuf are read from JSON."""

from collections.abc import Callable
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from google.protobuf.struct_pb2 import ListValue, Struct, Value

from bowerbird.wire.json_values import DOUBLE_MAX, Malformed, ReadScalar, refuse_too_deep

Read = Callable[[object, Any, int], None]  # of a value, into a message of the reader's own type, at a depth
DEPTH = 100  # levels of messages, as protobuf itself takes them
_UNREADABLE = (
    json_format.ParseError,
    DecodeError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    RecursionError,
)


def read_struct(obj: object, message: Struct, depth: int) -> None:
    if not isinstance(obj, dict):
        raise Malformed("an object")
    fields = message.fields
    key = ""
    try:
        for key, value in obj.items():
            read_value(value, fields[key], depth + 2)
    except Malformed as error:
        error.path.append(key)
        raise
    except ValueError:  # half of a surrogate pair
        raise Malformed("text") from None


def read_list(obj: object, message: ListValue, depth: int) -> None:
    if not isinstance(obj, list):
        raise Malformed("a list")
    values = message.values
    start = len(values) + 1
    try:
        for item in obj:
            read_value(item, values.add(), depth + 1)
    except Malformed as error:
        error.path.append(len(values) - start)
        raise


def read_value(obj: object, message: Value, depth: int) -> None:
    if depth > DEPTH:
        refuse_too_deep()
    match obj:
        case str():
            _set_text(message, obj)
        case bool():
            message.bool_value = obj
        case int() | float():
            if not -DOUBLE_MAX <= obj <= DOUBLE_MAX:
                raise Malformed("a number within the range of a double")
            message.number_value = obj
        case dict():
            message.struct_value.SetInParent()
            read_struct(obj, message.struct_value, depth + 1)
        case list():
            message.list_value.SetInParent()
            read_list(obj, message.list_value, depth + 1)
        case _:
            message.null_value = 0  # type: ignore[assignment]  # NULL_VALUE


def _set_text(message: Value, text: str) -> None:
    try:
        message.string_value = text
    except ValueError:  # half of a surrogate pair
        raise Malformed("text") from None


def wrapper_reader(read: ReadScalar) -> Read:
    def read_wrapper(obj: object, message: Any, depth: int) -> None:
        try:
            message.value = read(obj)
        except ValueError:  # half of a surrogate pair
            raise Malformed("text") from None

    return read_wrapper


def _by_text(expected: str) -> Read:
    def read_by_text(obj: object, message: Any, depth: int) -> None:
        try:
            message.FromJsonString(obj)
        except _UNREADABLE:
            raise Malformed(expected) from None

    return read_by_text


def _read_any(obj: object, message: Message, depth: int) -> None:
    try:
        json_format.ParseDict(obj, message, ignore_unknown_fields=True)
    except _UNREADABLE:
        raise Malformed("an object with the @type of a known message") from None


KNOWN: dict[str, Read] = {
    "google.protobuf.Struct": read_struct,
    "google.protobuf.ListValue": read_list,
    "google.protobuf.Value": read_value,
    "google.protobuf.Timestamp": _by_text("a time such as 2024-05-31T10:20:30.5Z"),
    "google.protobuf.Duration": _by_text("a duration such as 1.5s"),
    "google.protobuf.FieldMask": _by_text("names of fields with commas between them"),
    "google.protobuf.Any": _read_any,
}
