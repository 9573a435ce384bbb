"""Turns the free-form values of messages (Struct, Value) into plain Python values, and back."""

import math
from collections.abc import Mapping
from typing import TypeGuard

from google.protobuf.struct_pb2 import NullValue, Struct, Value


def plain(value: Value) -> object:
    """None, a bool, a float, a str, a list or a dict."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return plain_struct(value.struct_value)
    if kind == "list_value":
        return [plain(item) for item in value.list_value.values]
    return None if kind in (None, "null_value") else getattr(value, kind)


def plain_struct(struct: Struct) -> dict[str, object]:
    return {name: plain(value) for name, value in struct.fields.items()}


def to_value(thing: object) -> Value:
    """The inverse of `plain`. Raises TypeError for what a Value cannot hold."""
    match thing:
        case None:
            return Value(null_value=NullValue.NULL_VALUE)
        case bool():
            return Value(bool_value=thing)
        case int() | float():
            return Value(number_value=thing)
        case str():
            return Value(string_value=thing)
    value = Value()
    if isinstance(thing, Mapping):
        value.struct_value.SetInParent()
        for name, item in thing.items():
            value.struct_value.fields[name].CopyFrom(to_value(item))
    elif isinstance(thing, (list, tuple)):
        value.list_value.SetInParent()
        value.list_value.values.extend(to_value(item) for item in thing)
    else:
        raise TypeError(f"a {type(thing).__name__} is no JSON value")
    return value


def at_path(values: Mapping[str, object], path: tuple[str, ...]) -> object:
    """The value at a path of names; None where there is none."""
    found: object = values
    for name in path:
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def is_number(thing: object) -> TypeGuard[float]:
    """A finite number, and no bool: Python counts those among its numbers."""
    return isinstance(thing, (int, float)) and not isinstance(thing, bool) and math.isfinite(thing)
