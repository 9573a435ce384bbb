"""The words by which SQL finds inputs: one for each leaf of their metadata, one for each of their concepts.

A term spells the path and the value of a leaf, with its type: `m:camera.site="north"`, `m:tags[]="new"`,
`m:count=3.0`, `m:"odd key"=null`, `m:empty={}`. Whether one JSON value contains another becomes a matter of
sets, which is the same in every database.
"""

import hashlib
import re
from dataclasses import dataclass
from json.encoder import encode_basestring

from google.protobuf.struct_pb2 import ListValue, Struct, Value

MAX_LENGTH = 200  # characters; longer terms are replaced by their hash

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a metadata filter asks for: inputs with all of `terms` fit if `is_exact`, else they only may."""

    terms: frozenset[str]
    is_exact: bool


def terms_of_metadata(metadata: Struct) -> set[str]:
    """Terms of an input's metadata."""
    return {_bounded(f"m:{leaf}") for leaf in _leaves_of(metadata, with_containers=True)}


def terms_of_filter_metadata(wanted: Struct) -> Wanted:
    """Terms of the inputs whose metadata contain `wanted`: objects with its keys, lists with its elements.

    An element that is itself an object or list with several leaves must be found in one element of the
    input's list. Terms cannot say that: `contains` must check the inputs that have them.
    """
    leaves = _leaves_of(wanted, with_containers=False)
    terms = frozenset(_bounded(f"m:{leaf}") for leaf in leaves)
    return Wanted(terms, _is_exact(Value(struct_value=wanted)))


def concept_term(id: str, positive: bool) -> str:
    """Term of an input that is labelled with the concept, or labelled as being without it."""
    return _bounded(f"{'c+' if positive else 'c-'}:{_spelt(id)}")


def contains(big: Value | Struct, small: Value | Struct) -> bool:
    """Whether `big` holds all of `small`: equal scalars, these keys and more, these elements in any order."""
    big, small = _as_value(big), _as_value(small)
    kind = _kind(small)
    if kind != _kind(big):
        return False
    if kind == "struct_value":
        ours = big.struct_value.fields
        return all(
            key in ours and contains(ours[key], value) for key, value in small.struct_value.fields.items()
        )
    if kind == "list_value":
        return all(
            any(contains(ours, value) for ours in big.list_value.values) for value in small.list_value.values
        )
    return _scalar(big, big.WhichOneof("kind")) == _scalar(small, small.WhichOneof("kind"))


def _leaves_of(struct: Struct, *, with_containers: bool) -> list[str]:
    found: list[str] = []
    _add_struct(found, struct, "", with_containers)
    return found


def _add_value(found: list[str], value: Value, path: str, with_containers: bool) -> None:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        _add_struct(found, value.struct_value, path, with_containers)
    elif kind == "list_value":
        _add_list(found, value.list_value, path, with_containers)
    else:
        found.append(f"{path}={_scalar(value, kind)}")


def _add_struct(found: list[str], struct: Struct, path: str, with_containers: bool) -> None:
    fields = struct.fields
    if path and (with_containers or not fields):
        found.append(f"{path}={{}}")
    for key in fields:
        step = key if _PLAIN_KEY.fullmatch(key) else _spelt(key)
        _add_value(found, fields[key], f"{path}.{step}" if path else step, with_containers)


def _add_list(found: list[str], values: ListValue, path: str, with_containers: bool) -> None:
    if with_containers or not values.values:
        found.append(f"{path}=[]")
    for value in values.values:
        _add_value(found, value, f"{path}[]", with_containers)


def _scalar(value: Value, kind: str | None) -> str:
    match kind:
        case "string_value":
            return _spelt(value.string_value)
        case "number_value":
            return repr(value.number_value + 0.0)  # -0.0 is 0.0
        case "bool_value":
            return "true" if value.bool_value else "false"
    return "null"


def _is_exact(value: Value) -> bool:
    match _kind(value):
        case "struct_value":
            return all(map(_is_exact, value.struct_value.fields.values()))
        case "list_value":
            return all(_leaves(element) == 1 for element in value.list_value.values)
    return True


def _leaves(value: Value) -> int:
    match _kind(value):
        case "struct_value":
            return sum(map(_leaves, value.struct_value.fields.values())) or 1
        case "list_value":
            return sum(map(_leaves, value.list_value.values)) or 1
    return 1


def _kind(value: Value) -> str:
    """Objects and lists by name, everything else is a scalar: its spelling tells the types apart."""
    kind = value.WhichOneof("kind")
    return kind if kind in ("struct_value", "list_value") else "scalar"


def _as_value(value: Value | Struct) -> Value:
    return Value(struct_value=value) if isinstance(value, Struct) else value


def _spelt(text: str) -> str:
    return encode_basestring(text)  # quoted, and without the NUL that PostgreSQL cannot store


def _bounded(term: str) -> str:
    return term if len(term) <= MAX_LENGTH else f"{term[:2]}#{hashlib.sha256(term.encode()).hexdigest()}"
