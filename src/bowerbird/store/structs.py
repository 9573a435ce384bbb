"""Patches JSON values that a message carries (`google.protobuf.Struct`): metadata and the like."""

from google.protobuf.struct_pb2 import ListValue, Struct, Value

Key = tuple[str, str | float]  # kind and value of an element's "id"


def merge_struct(out: Struct, new: Struct) -> None:
    """Merge `new` into `out`: objects recursively, lists by id or else appended.

    An empty object or list takes the place of what was there, null changes nothing.
    """
    if not new.fields:
        out.Clear()
    for key, value in new.fields.items():
        if _is_null(value):
            continue
        if value.WhichOneof("kind") == "struct_value":
            merge_struct(_struct_in(out, key), value.struct_value)
        elif value.WhichOneof("kind") == "list_value" and value.list_value.values:
            _merge_list(_list_in(out, key), value.list_value)
        else:
            out.fields[key].CopyFrom(value)


def remove_struct(out: Struct, new: Struct) -> None:
    """Remove from `out` what `new` names: keys set to true, list elements with the same id or the same value.

    Objects recurse; null and the empty object or list change nothing; other values overwrite.
    """
    for key, value in new.fields.items():
        match value.WhichOneof("kind"):
            case "bool_value" if value.bool_value:
                out.fields.pop(key, None)
            case "struct_value":
                if _holds(out, key, "struct_value"):
                    remove_struct(out.fields[key].struct_value, value.struct_value)
            case "list_value":
                if _holds(out, key, "list_value"):
                    _remove_from_list(out.fields[key].list_value, value.list_value)
            case "null_value" | None:
                pass
            case _:
                out.fields[key].CopyFrom(value)


def _merge_list(out: ListValue, new: ListValue) -> None:
    places = {key: at for at, value in enumerate(out.values) if (key := _id_of(value))}
    for value in new.values:
        key = _id_of(value)
        if key in places:
            merge_struct(out.values[places[key]].struct_value, value.struct_value)
            continue
        if key:
            places[key] = len(out.values)
        out.values.add().CopyFrom(value)


def _remove_from_list(out: ListValue, new: ListValue) -> None:
    unwanted = {_identity(value) for value in new.values}
    kept = [value for value in out.values if _identity(value) not in unwanted]
    del out.values[:]
    out.values.extend(kept)


def _identity(value: Value) -> Key | bytes:
    return _id_of(value) or value.SerializeToString(deterministic=True)


def _id_of(value: Value) -> Key | None:
    """The "id" of a list's element, if it is an object that has one."""
    if value.WhichOneof("kind") != "struct_value" or "id" not in value.struct_value.fields:
        return None
    found = value.struct_value.fields["id"]
    match found.WhichOneof("kind"):
        case "string_value":
            return "string", found.string_value
        case "number_value":
            return "number", found.number_value
    return None


def _is_null(value: Value) -> bool:
    return value.WhichOneof("kind") in ("null_value", None)


def _holds(struct: Struct, key: str, kind: str) -> bool:
    return key in struct.fields and struct.fields[key].WhichOneof("kind") == kind


def _struct_in(struct: Struct, key: str) -> Struct:
    """The object under `key`; whatever else was there makes place for an empty one."""
    if not _holds(struct, key, "struct_value"):
        struct.fields[key].CopyFrom(Value(struct_value=Struct()))
    return struct.fields[key].struct_value


def _list_in(struct: Struct, key: str) -> ListValue:
    if not _holds(struct, key, "list_value"):
        struct.fields[key].CopyFrom(Value(list_value=ListValue()))
    return struct.fields[key].list_value
