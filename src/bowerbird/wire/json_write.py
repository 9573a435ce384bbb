"""Writers from messages to JSON text, compiled once per message type."""

import threading

from clarifai_grpc.grpc.api.utils import extensions_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from bowerbird.wire.json_repeats import Heads, remembering
from bowerbird.wire.json_texts import KNOWN_TEXTS, Write, quote, scalar_writer

Fields = dict[FieldDescriptor, tuple[str, Write]]  # the text that opens a member, the writer of its value
_WRITERS: dict[Descriptor, Write] = {}
_COMPILING = threading.Lock()


def writer(descriptor: Descriptor) -> Write:
    """Gives the JSON text of a message of this type. Never fails: what JSON cannot say becomes null."""
    write = _WRITERS.get(descriptor)
    if write is None:
        with _COMPILING:
            made = dict(_WRITERS)
            write = _compile(descriptor, made)
            _WRITERS.update(made)
    return write


def _compile(descriptor: Descriptor, made: dict[Descriptor, Write]) -> Write:
    if descriptor in made:
        return made[descriptor]
    if descriptor.full_name in KNOWN_TEXTS:
        made[descriptor] = KNOWN_TEXTS[descriptor.full_name]
    elif descriptor.file.name == "google/protobuf/wrappers.proto":
        made[descriptor] = _wrapper(scalar_writer(descriptor.fields_by_name["value"]))
    else:
        fields: Fields = {}
        made[descriptor] = _remembering(descriptor, _regular(descriptor, fields))
        # Its fields come after it: types may be recursive.
        for field in descriptor.fields:
            fields[field] = (f"{quote(field.name)}:", _field_writer(field, made))
    return made[descriptor]


def _remembering(descriptor: Descriptor, write: Write) -> Write:
    match descriptor.full_name:
        case "clarifai.api.Model":
            return remembering(write)
        case "clarifai.api.status.Status":
            return remembering(write, unique="req_id")
        case "clarifai.api.Concept":
            return Heads(write, "value")
        case _:
            return write


def _regular(descriptor: Descriptor, fields: Fields) -> Write:
    shown = [(f.name, _zero(f)) for f in descriptor.fields if _is_shown(f)]

    def write(message: Message) -> str:
        parts = []
        listed = message.ListFields()
        for field, value in listed:
            member, convert = fields[field]
            parts.append(member + convert(value))
        for name, text in shown:
            if not getattr(message, name) and name not in [
                f.name for f, _ in listed
            ]:  # a negative zero is listed
                parts.append(text)
        return f"{{{','.join(parts)}}}"

    return write


def _is_shown(field: FieldDescriptor) -> bool:
    """Whether the field is printed although it is zero."""
    if not field.GetOptions().Extensions[extensions_pb2.cl_show_if_empty] or field.containing_oneof:
        return False
    return field.is_repeated or field.message_type is None


def _zero(field: FieldDescriptor) -> str:
    """The member of an empty field."""
    if field.is_repeated:
        return f"{quote(field.name)}:{'{}' if _is_map(field) else '[]'}"
    return f"{quote(field.name)}:{scalar_writer(field)(field.default_value)}"


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def _field_writer(field: FieldDescriptor, made: dict[Descriptor, Write]) -> Write:
    if _is_map(field):
        return _map_writer(_field_writer(field.message_type.fields_by_name["value"], made))
    write = scalar_writer(field) if field.message_type is None else _compile(field.message_type, made)
    return _repeat(write) if field.is_repeated else write


def _repeat(write: Write) -> Write:
    if isinstance(write, Heads):
        return write.all
    return lambda values: f"[{','.join([write(value) for value in values])}]"


def _map_writer(write: Write) -> Write:
    return lambda entries: f"{{{','.join([f'{_key(key)}:{write(entries[key])}' for key in entries])}}}"


def _key(key: object) -> str:
    return quote(str(key).lower() if isinstance(key, bool) else str(key))


def _wrapper(write: Write) -> Write:
    return lambda message: write(message.value)
