"""How single JSON values are read: numbers, text, bytes, enums; each reader says what it expected."""

import binascii
import math
import sys
from collections.abc import Callable
from typing import NoReturn

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

Scalar = str | bytes | int | float | bool
ReadScalar = Callable[[object], Scalar]

FLOAT_MAX = float.fromhex("0x1.fffffefffffffp+127")  # the last number that rounds to a 32-bit float
DOUBLE_MAX = sys.float_info.max
_SPELLED = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_LONGEST_NUMBER = 400  # characters; more cannot be a number that any field holds


class Malformed(Exception):  # reads as what it says: the value is malformed
    """A JSON value that does not fit; `path` grows from the inside out while the error rises."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected
        self.path: list[str | int] = []

    def __str__(self) -> str:
        parts = (f"[{p}]" if isinstance(p, int) else f".{p[:100]}" for p in reversed(self.path))
        return f"{''.join(parts).lstrip('.') or 'body'}: expected {self.expected}"


def scalar_reader(field: FieldDescriptor) -> ReadScalar:
    """Reads one value of a field that is not a message. Raises Malformed."""
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING:
            return read_bytes if field.type == FieldDescriptor.TYPE_BYTES else read_text
        case FieldDescriptor.CPPTYPE_BOOL:
            return read_bool
        case FieldDescriptor.CPPTYPE_ENUM:
            return _enum_reader(field.enum_type)
        case FieldDescriptor.CPPTYPE_FLOAT:
            return _float_reader(FLOAT_MAX)
        case FieldDescriptor.CPPTYPE_DOUBLE:
            return _float_reader(DOUBLE_MAX)
        case FieldDescriptor.CPPTYPE_INT32:
            return _integer_reader(-(2**31), 2**31 - 1)
        case FieldDescriptor.CPPTYPE_UINT32:
            return _integer_reader(0, 2**32 - 1)
        case FieldDescriptor.CPPTYPE_INT64:
            return _integer_reader(-(2**63), 2**63 - 1)
        case _:
            return _integer_reader(0, 2**64 - 1)


def read_text(value: object) -> str:
    if value.__class__ is not str:
        raise Malformed("text")
    return value


def read_bool(value: object) -> bool:
    if value is True or value is False:
        return value
    raise Malformed("true or false")


def read_bytes(value: object) -> bytes:
    """Bytes of base64 text: either alphabet, with or without padding, line breaks ignored."""
    if not isinstance(value, str):
        raise Malformed("base64 text")
    try:
        return binascii.a2b_base64(value, strict_mode=True) if value else b""
    except ValueError:
        return _read_loose_base64(value)


def _read_loose_base64(value: str) -> bytes:
    text = "".join(value.split()).translate({ord("-"): "+", ord("_"): "/"}).rstrip("=")
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True) if text else b""
    except ValueError:
        raise Malformed("base64 text") from None


def _integer_reader(low: int, high: int) -> ReadScalar:
    def read_integer(value: object) -> int:
        number = value if value.__class__ is int else _odd_integer(value)
        if low <= number <= high:
            return number
        raise Malformed(f"a whole number from {low} to {high}")

    return read_integer


def _odd_integer(value: object) -> int:
    """An integer written as "5", 5.0 or "5e3"."""
    if isinstance(value, str) and _is_number_like(value):
        try:
            return int(value)
        except ValueError:
            value = _to_float(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise Malformed("a whole number")


def _is_number_like(text: str) -> bool:
    """Whether Python's parsers may be asked: they also take spaces, underscores and foreign digits."""
    return (
        len(text) <= _LONGEST_NUMBER
        and text.isascii()
        and "_" not in text
        and not any(map(str.isspace, text))
    )


def _to_float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _float_reader(limit: float) -> ReadScalar:
    def read_float(value: object) -> float:
        if value.__class__ is not float and value.__class__ is not int:
            return _odd_float(value, limit)
        if -limit <= value <= limit:
            return value
        raise Malformed("a number within the range of the field")

    return read_float


def _odd_float(value: object, limit: float) -> float:
    """A number written as "0.5", or one of the three that JSON cannot write as numbers."""
    if not isinstance(value, str) or not _is_number_like(value):
        raise Malformed("a number")
    if value in _SPELLED:
        return _SPELLED[value]
    number = _to_float(value)
    if number is None or not -limit <= number <= limit:
        raise Malformed("a number")
    return number


def _enum_reader(enum: EnumDescriptor) -> ReadScalar:
    names: dict[str, int] = {name: value.number for name, value in enum.values_by_name.items()}
    read_number = _integer_reader(-(2**31), 2**31 - 1)

    def read_enum(value: object) -> Scalar:
        if isinstance(value, str) and value in names:
            return names[value]
        try:
            return read_number(value)
        except Malformed:
            raise Malformed(f"a name or number of {enum.name}") from None

    return read_enum


def refuse_too_deep() -> NoReturn:
    raise Malformed("fewer levels of nesting")
