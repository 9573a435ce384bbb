"""Readers from plain JSON values into messages, compiled once per message type."""

import threading
from collections.abc import Callable

from clarifai_grpc.grpc.api.utils import extensions_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from bowerbird.wire.json_known import DEPTH, KNOWN, Read, wrapper_reader
from bowerbird.wire.json_values import Malformed, ReadScalar, read_text, refuse_too_deep, scalar_reader

Setter = Callable[[Message, object, int], None]
_READERS: dict[Descriptor, Read] = {}
_COMPILING = threading.Lock()


def reader(descriptor: Descriptor) -> Read:
    """Reads a plain value into a message of this type, given the depth it stands at. Raises Malformed."""
    read = _READERS.get(descriptor)
    if read is None:
        with _COMPILING:
            made = dict(_READERS)
            read = _compile(descriptor, made)
            _READERS.update(made)
    return read


def _compile(descriptor: Descriptor, made: dict[Descriptor, Read]) -> Read:
    if descriptor in made:
        return made[descriptor]
    if descriptor.full_name in KNOWN:
        made[descriptor] = KNOWN[descriptor.full_name]
    elif descriptor.file.name == "google/protobuf/wrappers.proto":
        made[descriptor] = wrapper_reader(scalar_reader(descriptor.fields_by_name["value"]))
    else:
        setters: dict[str, Setter] = {}
        made[descriptor] = _regular(descriptor, setters)  # before its fields are: types may be recursive
        for field in descriptor.fields:
            setters[field.name] = _setter(field, made)
    return made[descriptor]


def _regular(descriptor: Descriptor, setters: dict[str, Setter]) -> Read:
    """A reader of JSON objects. Reading goes by proto names; other names are looked up as camel names."""
    camel = {f.json_name: f.name for f in descriptor.fields if f.json_name != f.name}
    takes_null = frozenset(f.name for f in descriptor.fields if _takes_null(f))
    defaults = tuple(_defaults(descriptor))
    check = _oneof_check(descriptor)

    def read(obj: object, message: Message, depth: int) -> None:
        if not isinstance(obj, dict):
            raise Malformed("an object")
        if depth > DEPTH:
            refuse_too_deep()
        key = ""
        try:
            for key, value in obj.items():
                name = key
                setter = setters.get(name)
                if setter is None:
                    name = camel.get(key, "")
                    if not name:
                        continue
                    if name in obj:
                        raise Malformed(f"either this or {name}, not both")
                    setter = setters[name]
                if value is not None or name in takes_null:
                    setter(message, value, depth)
        except Malformed as error:
            error.path.append(key)
            raise
        for name, default in defaults:
            if obj.get(name) is None:
                setattr(message, name, default)
        if check is not None:
            check(obj)

    return read


def _takes_null(field: FieldDescriptor) -> bool:
    kind = field.message_type or field.enum_type
    return kind is not None and kind.full_name in ("google.protobuf.Value", "google.protobuf.NullValue")


def _defaults(descriptor: Descriptor) -> list[tuple[str, float]]:
    """Fields that are not zero when a request leaves them out."""
    option = extensions_pb2.cl_default_float
    options = [(field.name, field.GetOptions().Extensions[option]) for field in descriptor.fields]
    return [(name, default) for name, default in options if default]


def _oneof_check(descriptor: Descriptor) -> Callable[[dict[str, object]], None] | None:
    groups = [{f.name for f in o.fields} | {f.json_name for f in o.fields} for o in descriptor.oneofs]
    groups = [names for names in groups if len(names) > 1]

    def check(obj: dict[str, object]) -> None:
        for names in groups:
            given = sorted(key for key in obj if key in names and obj[key] is not None)
            if len(given) > 1:
                raise Malformed(f"only one of {', '.join(given)}")

    return check if groups else None


def _setter(field: FieldDescriptor, made: dict[Descriptor, Read]) -> Setter:
    if field.message_type is not None:
        if field.message_type.GetOptions().map_entry:
            return _map_setter(field, made)
        read = _compile(field.message_type, made)
        return _repeat_message(field.name, read) if field.is_repeated else _set_message(field.name, read)
    if field.is_repeated:
        return _repeat_scalar(field.name, scalar_reader(field))
    if field.type == FieldDescriptor.TYPE_STRING:
        return _set_text(field.name)
    return _set_scalar(field.name, scalar_reader(field))


def _set_text(name: str) -> Setter:
    def set_text(message: Message, value: object, depth: int) -> None:
        try:
            setattr(message, name, value)
        except (TypeError, ValueError):  # another type, or half of a surrogate pair
            raise Malformed("text") from None

    return set_text


def _set_scalar(name: str, read: ReadScalar) -> Setter:
    def set_scalar(message: Message, value: object, depth: int) -> None:
        setattr(message, name, read(value))

    return set_scalar


def _set_message(name: str, read: Read) -> Setter:
    def set_message(message: Message, value: object, depth: int) -> None:
        part = getattr(message, name)
        part.SetInParent()
        read(value, part, depth + 1)

    return set_message


def _repeat_scalar(name: str, read: ReadScalar) -> Setter:
    def repeat_scalar(message: Message, value: object, depth: int) -> None:
        if not isinstance(value, list):
            raise Malformed("a list")
        items = getattr(message, name)
        start = len(items)
        try:
            for item in value:
                items.append(read(item))
        except Malformed as error:
            error.path.append(len(items) - start)
            raise
        except ValueError:  # half of a surrogate pair
            raise Malformed("text") from None

    return repeat_scalar


def _repeat_message(name: str, read: Read) -> Setter:
    def repeat_message(message: Message, value: object, depth: int) -> None:
        if not isinstance(value, list):
            raise Malformed("a list")
        items = getattr(message, name)
        start = len(items) + 1
        try:
            for item in value:
                read(item, items.add(), depth + 1)
        except Malformed as error:
            error.path.append(len(items) - start)
            raise

    return repeat_message


def _map_setter(field: FieldDescriptor, made: dict[Descriptor, Read]) -> Setter:
    keys, values = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
    put = (
        _put_message(_compile(values.message_type, made))
        if values.message_type is not None
        else _put_scalar(scalar_reader(values))
    )
    read_key = _key_reader(keys)
    name = field.name

    def set_map(message: Message, value: object, depth: int) -> None:
        if not isinstance(value, dict):
            raise Malformed("an object")
        entries = getattr(message, name)
        key = ""
        try:
            for key, item in value.items():
                put(entries, read_key(key), item, depth)
        except Malformed as error:
            error.path.append(key)
            raise
        except ValueError:  # half of a surrogate pair
            raise Malformed("text") from None

    return set_map


def _put_message(read: Read) -> Callable[..., None]:  # of a map, whose type protobuf does not name
    return lambda entries, key, item, depth: read(item, entries[key], depth + 2)


def _put_scalar(read: ReadScalar) -> Callable[..., None]:
    return lambda entries, key, item, depth: entries.__setitem__(key, read(item))


def _key_reader(field: FieldDescriptor) -> ReadScalar:
    if field.cpp_type != FieldDescriptor.CPPTYPE_BOOL:
        return read_text if field.cpp_type == FieldDescriptor.CPPTYPE_STRING else scalar_reader(field)

    def read_key(value: object) -> bool:
        if value not in ("true", "false"):
            raise Malformed("true or false as a key")
        return value == "true"

    return read_key
