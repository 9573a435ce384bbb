"""The query of an address as the plain value that the JSON reader takes."""

from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from bowerbird.errors import BadFormat
from bowerbird.wire.json import decode

MAX_PARAMETERS = 1000
_BOOLS = {"true": True, "1": True, "false": False, "0": False}
_TEXTS = ("Timestamp", "Duration", "FieldMask", "StringValue", "BytesValue")
_NUMBERS = ("Double", "Float", "Int32", "Int64", "UInt32", "UInt64")
_TEXTUAL = frozenset(
    f"google.protobuf.{name}" for name in (*_TEXTS, *(f"{number}Value" for number in _NUMBERS))
)


def query_values(request: Descriptor, query: str) -> dict[str, object]:
    """What a query says of a request: dots lead into messages, a repeated name makes a list.

    Unknown names are ignored. Raises BadFormat.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise BadFormat(f"query: expected at most {MAX_PARAMETERS} percent-encoded pairs in UTF-8") from None
    values: dict[str, object] = {}
    for name, text in pairs:
        _put(values, request, name, text)
    return values


def _put(values: dict[str, Any], kind: Descriptor, name: str, text: str) -> None:
    *parents, leaf = name.split(".")
    for parent in parents:
        field = _field(kind, parent)
        if field is None or field.message_type is None or field.is_repeated:
            return
        values, kind = values.setdefault(field.name, {}), field.message_type
        if not isinstance(values, dict):
            raise BadFormat(f"{name}: expected either this or {field.name}, not both")
    field = _field(kind, leaf)
    if field is None or (not text and field.type != FieldDescriptor.TYPE_STRING):
        return
    value = _value(field, name, text)
    if field.is_repeated and not isinstance(value, list) and not _is_map(field):
        values.setdefault(field.name, []).append(value)
    else:
        values[field.name] = value


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def _field(kind: Descriptor, name: str) -> FieldDescriptor | None:
    return next((field for field in kind.fields if name in (field.name, field.json_name)), None)


def _value(field: FieldDescriptor, name: str, text: str) -> object:
    kind = field.message_type.full_name if field.message_type is not None else ""
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL or kind == "google.protobuf.BoolValue":
        if text.lower() not in _BOOLS:
            raise BadFormat(f"{name[:100]}: expected true or false")
        return _BOOLS[text.lower()]
    if not kind or kind in _TEXTUAL:
        return text
    try:
        return decode(text)  # other messages can only be written as JSON
    except BadFormat:
        raise BadFormat(f"{name[:100]}: expected JSON") from None
