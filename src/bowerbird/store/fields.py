"""What patching asks about fields: what is given, what is one value, what makes two elements the same."""

from collections.abc import Collection, Iterator
from functools import cache

from clarifai_grpc.grpc.api.utils import extensions_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

Identity = tuple[str, object]

STRUCT = "google.protobuf.Struct"
_CONCEPT = "clarifai.api.Concept"


def provided(new: Message, paths: Collection[str]) -> Iterator[FieldDescriptor]:
    """The fields that are set in `new`, and those that `paths` name or lead into."""
    is_set = {field.name for field, _ in new.ListFields()}
    tops = {path.partition(".")[0] for path in paths}
    for field in new.DESCRIPTOR.fields if tops else ():
        if field.name in tops - is_set and (field.name in paths or _can_be_entered(field)):
            yield field
    yield from (field for field, _ in new.ListFields())


def _can_be_entered(field: FieldDescriptor) -> bool:
    return not (field.is_repeated or is_atomic(field))


def below(paths: Collection[str], name: str) -> list[str]:
    """The rest of the paths that lead into the field of that name."""
    return [path.removeprefix(f"{name}.") for path in paths if path.startswith(f"{name}.")]


def replace(out: Message, new: Message, field: FieldDescriptor) -> None:
    """Make the field the same in `out` as it is in `new`."""
    if field.is_repeated:
        out.ClearField(field.name)
        getattr(out, field.name).MergeFrom(getattr(new, field.name))
    elif field.message_type is None:
        setattr(out, field.name, getattr(new, field.name))
    elif new.HasField(field.name):
        getattr(out, field.name).CopyFrom(getattr(new, field.name))
    else:
        out.ClearField(field.name)


def is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def has_ids(field: FieldDescriptor) -> bool:
    return field.message_type is not None and "id" in field.message_type.fields_by_name


def is_atomic(field: FieldDescriptor) -> bool:
    return field.message_type is None or _is_value(field.message_type)


@cache
def _is_value(type: Descriptor) -> bool:
    """Whether messages of that type are one value, like a time or a box, that cannot be patched by halves.

    These are protobuf's own types, and those whose fields mean something when they are zero.
    """
    if type.full_name.startswith("google.protobuf."):
        return bool(type.full_name != STRUCT)
    return bool(type.fields) and all(map(_speaks_when_zero, type.fields))


def _speaks_when_zero(field: FieldDescriptor) -> bool:
    shown: bool = field.GetOptions().Extensions[extensions_pb2.cl_show_if_empty]
    return shown and field.message_type is None and not field.is_repeated


@cache
def always_given(type: Descriptor) -> tuple[str, ...]:
    """Fields for which zero is a statement of its own: the value 0 of a concept says that it is absent."""
    options = ((field.name, field.GetOptions()) for field in type.fields)
    return tuple(name for name, option in options if option.HasExtension(extensions_pb2.cl_default_float))


def names_of(element: Message) -> list[Identity]:
    """Id and, of a concept, name: as far as they are given, the strongest first."""
    names = ("id", "name") if element.DESCRIPTOR.full_name == _CONCEPT else ("id",)
    return [(name, text) for name in names if (text := getattr(element, name))]


def identities(element: object, field: FieldDescriptor) -> list[Identity]:
    """All that a patch may say to mean this element of a list: the strongest first, last its content."""
    if not isinstance(element, Message):
        return [("content", element)]
    names = names_of(element) if has_ids(field) else []
    return [*names, ("content", element.SerializeToString(deterministic=True))]
