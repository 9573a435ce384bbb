"""Random messages of any type, made from descriptors."""

import random
from collections.abc import Iterator

from clarifai_grpc.grpc.api import service_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

SERVICE = service_pb2.DESCRIPTOR.services_by_name["V2"]
TEXTS = ("", "a", "ünï©ode 🐦", 'quo"te\\', "line\nbreak\t\x00\x7f", "\u2028", "me", "x" * 50)
FLOATS = (0.0, -0.0, 1.0, 0.1, 0.25, 1e-7, 3.3e38, 1e-45, -12345.678, 16777216.0)
DOUBLES = (*FLOATS, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, 123456789012345.0, 1e22)
FAR = 4  # levels below which only scalars are filled


def message_types() -> list[Descriptor]:
    """Every message type that the V2 service can send or receive, but for map entries."""
    seen: dict[str, Descriptor] = {}

    def walk(kind: Descriptor) -> None:
        if kind.full_name not in seen:
            seen[kind.full_name] = kind
            for field in kind.fields:
                if field.message_type is not None:
                    walk(field.message_type)

    for method in SERVICE.methods:
        walk(method.input_type)
        walk(method.output_type)
    return [kind for kind in seen.values() if not kind.GetOptions().map_entry]


def random_message(kind: Descriptor, rng: random.Random, level: int = 0) -> Message:
    """A message whose fields are there by chance, fewer of them the deeper they are."""
    message: Message = GetMessageClass(kind)()
    fill(message, rng, level)
    return message


def fill(message: Message, rng: random.Random, level: int) -> None:
    match message.DESCRIPTOR.full_name:
        case "google.protobuf.Timestamp":
            message.seconds = rng.randint(-62135596800, 253402300799)  # type: ignore[attr-defined]
            message.nanos = _nanos(rng)  # type: ignore[attr-defined]
        case "google.protobuf.Duration":
            sign = rng.choice((-1, 1))
            message.seconds = sign * rng.randint(0, 315576000000 - 1)  # type: ignore[attr-defined]
            message.nanos = sign * _nanos(rng)  # type: ignore[attr-defined]
        case "google.protobuf.Struct":
            for _ in range(rng.randint(0, 3)):
                fill(message.fields[rng.choice(TEXTS)], rng, level + 1)  # type: ignore[attr-defined]
        case "google.protobuf.ListValue":
            for _ in range(rng.randint(0, 3)):
                fill(message.values.add(), rng, level + 1)  # type: ignore[attr-defined]
        case "google.protobuf.Value":
            _fill_value(message, rng, level)
        case _:
            for field in _chosen(message.DESCRIPTOR, rng, level):
                _fill_field(message, field, rng, level)


def _nanos(rng: random.Random) -> int:
    return rng.choice((0, 500_000_000, 123_000_000, 123_456_000, 123_456_789, 1))


def _fill_value(message: Message, rng: random.Random, level: int) -> None:
    kinds = ["null_value", "number_value", "string_value", "bool_value", "struct_value", "list_value"]
    field = message.DESCRIPTOR.fields_by_name[rng.choice(kinds[: 4 if level > FAR else 6])]
    _fill_field(message, field, rng, level)


def _chosen(kind: Descriptor, rng: random.Random, level: int) -> Iterator[FieldDescriptor]:
    share = (0.6, 0.4, 0.25, 0.15)[min(level, 3)]
    taken: set[str] = set()
    for field in kind.fields:
        group = field.containing_oneof.name if field.containing_oneof else field.name
        if group in taken or rng.random() > share or (field.message_type is not None and level > FAR):
            continue
        taken.add(group)
        yield field


def _fill_field(message: Message, field: FieldDescriptor, rng: random.Random, level: int) -> None:
    target = getattr(message, field.name)
    if field.message_type is None:
        if field.is_repeated:
            target.extend(scalar(field, rng) for _ in range(rng.randint(0, 3)))
        else:
            setattr(message, field.name, scalar(field, rng))
    elif field.message_type.GetOptions().map_entry:
        _fill_map(target, field.message_type, rng, level)
    elif field.is_repeated:
        for _ in range(rng.randint(0, 2)):
            fill(target.add(), rng, level + 1)
    else:
        target.SetInParent()
        fill(target, rng, level + 1)


def _fill_map(target: object, entry: Descriptor, rng: random.Random, level: int) -> None:
    keys, values = entry.fields_by_name["key"], entry.fields_by_name["value"]
    for _ in range(rng.randint(0, 3)):
        key = scalar(keys, rng)
        if values.message_type is None:
            target[key] = scalar(values, rng)  # type: ignore[index]
        else:
            fill(target[key], rng, level + 1)  # type: ignore[index]


def scalar(field: FieldDescriptor, rng: random.Random) -> object:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
            return rng.randbytes(rng.randint(0, 9))
        case FieldDescriptor.CPPTYPE_STRING:
            return rng.choice(TEXTS)
        case FieldDescriptor.CPPTYPE_BOOL:
            return rng.random() < 0.5
        case FieldDescriptor.CPPTYPE_ENUM:
            return rng.choice([value.number for value in field.enum_type.values])
        case FieldDescriptor.CPPTYPE_FLOAT:
            return rng.choice((*FLOATS, rng.random(), rng.uniform(-1e9, 1e9)))
        case FieldDescriptor.CPPTYPE_DOUBLE:
            return rng.choice((*DOUBLES, rng.random()))
        case FieldDescriptor.CPPTYPE_INT32:
            return rng.choice((0, 1, -(2**31), 2**31 - 1))
        case FieldDescriptor.CPPTYPE_UINT32:
            return rng.choice((0, 1, 2**32 - 1))
        case FieldDescriptor.CPPTYPE_INT64:
            return rng.choice((0, 1, -(2**63), 2**63 - 1))
        case _:
            return rng.choice((0, 1, 2**64 - 1))
