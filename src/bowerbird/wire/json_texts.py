"""The JSON texts of single values: numbers, text, bytes, and protobuf's well-known types."""

import base64
import json
import math
import struct
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

import numpy as np
import orjson
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError, Message
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from bowerbird.wire.json_values import FLOAT_MAX

Write = Callable[[Any], str]  # of a value of the writer's own type
quote: Callable[[str], str] = encode_basestring
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # without a zone its text ends where the fraction starts
_pack, _unpack = struct.Struct("f").pack, struct.Struct("f").unpack


def scalar_writer(field: FieldDescriptor) -> Write:
    """Writes one value of a field that is not a message."""
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_FLOAT:
            return write_float
        case FieldDescriptor.CPPTYPE_DOUBLE:
            return write_double
        case FieldDescriptor.CPPTYPE_INT64 | FieldDescriptor.CPPTYPE_UINT64:
            return '"{}"'.format
        case FieldDescriptor.CPPTYPE_BOOL:
            return _write_bool
        case FieldDescriptor.CPPTYPE_STRING:
            return _write_bytes if field.type == FieldDescriptor.TYPE_BYTES else quote
        case FieldDescriptor.CPPTYPE_ENUM if field.enum_type.full_name == "google.protobuf.NullValue":
            return _write_null
        case _:
            return int.__repr__


def _write_bool(value: bool) -> str:
    return "true" if value else "false"


def _write_null(value: object) -> str:
    return "null"


def _write_bytes(value: bytes) -> str:
    return f'"{base64.b64encode(value).decode()}"'


def write_float(value: float) -> str:
    """The shortest number of at least 7 digits that reads back as the same 32 bits."""
    if not -FLOAT_MAX <= value <= FLOAT_MAX:
        return _spell(value)
    text = "%.7g" % value  # noqa: UP031  # hot: the fastest way that Python has
    if _unpack(_pack(float(text)))[0] == value:
        return text if value else float.__repr__(value)  # a whole "-0" would lose its sign
    text = "%.8g" % value  # noqa: UP031
    return text if _unpack(_pack(float(text)))[0] == value else f"{value:.9g}"


def write_floats(packed: bytes) -> list[str]:
    """The same of many, given as 32-bit floats in a row, in a tenth of the time. Whole ones end in ".0"."""
    floats = np.frombuffer(packed, "<f4")
    texts = orjson.dumps(floats, option=orjson.OPT_SERIALIZE_NUMPY).decode()[1:-1].split(",")
    if "null" in texts:  # NaN or infinite
        return [write_float(value) for value in floats.tolist()]
    return texts


def write_double(value: float) -> str:
    if not math.isfinite(value):
        return _spell(value)
    return float.__repr__(value).removesuffix(".0") if value else float.__repr__(value)


def _spell(value: float) -> str:
    return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'


def write_struct(message: Struct) -> str:
    fields = message.fields
    return f"{{{','.join([f'{quote(key)}:{_write_member(fields[key])}' for key in fields])}}}"


def _write_member(message: Value) -> str:
    """The platform prints a member that has no value as an empty object."""
    return "{}" if message.WhichOneof("kind") is None else write_value(message)


def write_list(message: ListValue) -> str:
    return f"[{','.join([write_value(value) for value in message.values])}]"


def write_value(message: Value) -> str:
    match message.WhichOneof("kind"):
        case "struct_value":
            return write_struct(message.struct_value)
        case "list_value":
            return write_list(message.list_value)
        case "number_value":
            return write_double(message.number_value)
        case "string_value":
            return quote(message.string_value)
        case "bool_value":
            return _write_bool(message.bool_value)
        case _:
            return "null"


def write_timestamp(message: Timestamp) -> str:
    """RFC 3339 in UTC with 0, 3, 6 or 9 digits after the point; null outside of the years 1 to 9999."""
    nanos = message.nanos
    try:
        text = _second(message.seconds)
    except OverflowError:
        return "null"
    if not nanos:
        return f'"{text}Z"'
    if not 0 < nanos < 10**9:
        return "null"
    digits = f"{nanos:09d}"
    return f'"{text}.{digits[:3] if nanos % 10**6 == 0 else digits[:6] if nanos % 1000 == 0 else digits}Z"'


@lru_cache(1000)
def _second(since_epoch: int) -> str:
    return (_EPOCH + timedelta(seconds=since_epoch)).isoformat()


def write_duration(message: Duration) -> str:
    try:
        return f'"{message.ToJsonString()}"'
    except ValueError:
        return "null"


def _write_slowly(message: Message) -> str:
    """Of the types that the API does not use itself."""
    try:
        plain = json_format.MessageToDict(
            message, preserving_proto_field_name=True, use_integers_for_enums=True
        )
    except (json_format.SerializeToJsonError, TypeError, ValueError, DecodeError):
        return "null"
    return json.dumps(plain)


KNOWN_TEXTS: dict[str, Write] = {
    "google.protobuf.Struct": write_struct,
    "google.protobuf.ListValue": write_list,
    "google.protobuf.Value": write_value,
    "google.protobuf.Timestamp": write_timestamp,
    "google.protobuf.Duration": write_duration,
    "google.protobuf.FieldMask": _write_slowly,
    "google.protobuf.Any": _write_slowly,
}
