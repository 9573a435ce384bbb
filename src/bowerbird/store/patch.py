"""The API's three ways to patch a resource; each gives a new message and leaves both arguments as they are.

What a patch provides are the fields that are set in it, and those that `fields` names: proto3 cannot tell a
scalar or list that was given as zero or empty from one that was left out, a JSON body can. `fields` holds
dotted paths such as "data.concepts", which do not lead into the elements of lists.
"""

from collections.abc import Callable, Collection, MutableSequence, Sequence
from typing import TypeVar

from clarifai_grpc.grpc.api.resources_pb2 import Input, Model, ModelVersion
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from bowerbird.errors import Invalid
from bowerbird.store.fields import (
    STRUCT,
    Identity,
    always_given,
    below,
    has_ids,
    identities,
    is_atomic,
    is_map,
    names_of,
    provided,
    replace,
)
from bowerbird.store.structs import merge_struct, remove_struct

M = TypeVar("M", bound=Message)
Fields = Collection[str]
ACTIONS = ("merge", "overwrite", "remove")


def apply(action: str, old: M, new: M, *, allowed: Sequence[str] = ACTIONS, fields: Fields = ()) -> M:
    """`old` patched with `new`. Raises Invalid for an action that is not among the allowed ones."""
    if action not in allowed:
        raise Invalid(f"action {action!r} is not one of: {', '.join(allowed)}")
    actions = {"merge": merge, "overwrite": overwrite, "remove": remove}
    return actions[action](old, new, fields)


def merge(old: M, new: M, fields: Fields = ()) -> M:
    """Add to `old` what `new` provides.

    Messages merge field by field. Lists merge by id (concepts by id or name), other elements are appended.
    Scalars overwrite. What `fields` names and is empty in `new` is emptied.
    """
    out = _copy(old)
    _merge(out, new, fields)
    return out


def overwrite(old: M, new: M, fields: Fields = ()) -> M:
    """Put each field that `new` provides in the place of the whole field.

    An input keeps its media unless the patch brings others; a model keeps what its output_config had and the
    patch's has not.
    """
    out = _copy(old)
    for field in provided(new, [path for path in fields if "." not in path]):
        replace(out, new, field)
    if keep := _KEPT.get(out.DESCRIPTOR.full_name):
        keep(out, old)
    return out


def remove(old: M, new: M, fields: Fields = ()) -> M:
    """Take from `old` what `new` provides.

    Lists lose the elements with the same id (concepts: id or name), or else with the same content; maps lose
    the keys. Messages recurse; in metadata the keys set to true are deleted. Other scalars overwrite.
    """
    out = _copy(old)
    _remove(out, new, fields)
    return out


def _merge(out: Message, new: Message, fields: Fields) -> None:
    for field in provided(new, fields):
        if field.is_repeated:
            _merge_repeated(out, new, field)
        elif is_atomic(field):
            replace(out, new, field)
        else:
            _merge_message(out, new, field, fields)


def _merge_message(out: Message, new: Message, field: FieldDescriptor, fields: Fields) -> None:
    ours, theirs = getattr(out, field.name), getattr(new, field.name)
    ours.SetInParent()
    if field.message_type.full_name == STRUCT:
        merge_struct(ours, theirs)
    elif field.name in fields and not theirs.ListFields():
        ours.Clear()
    else:
        _merge(ours, theirs, below(fields, field.name))


def _merge_repeated(out: Message, new: Message, field: FieldDescriptor) -> None:
    ours, theirs = getattr(out, field.name), getattr(new, field.name)
    if not theirs:  # then `fields` names it
        out.ClearField(field.name)
    elif is_map(field):
        _merge_map(out, new, field)
    elif has_ids(field):
        _merge_by_id(ours, theirs, always_given(field.message_type))
    else:
        ours.extend(theirs)


def _merge_by_id(ours: MutableSequence[Message], theirs: Sequence[Message], always: Fields) -> None:
    places: dict[Identity, int] = {}
    for place, element in enumerate(ours):
        _note(places, element, place)
    for element in theirs:
        found = next((places[name] for name in names_of(element)[:1] if name in places), None)
        if found is None:
            _note(places, element, len(ours))
            ours.append(element)
        else:
            _merge(ours[found], element, always)


def _note(places: dict[Identity, int], element: Message, place: int) -> None:
    for name in names_of(element):
        places.setdefault(name, place)


def _merge_map(out: Message, new: Message, field: FieldDescriptor) -> None:
    ours, theirs = getattr(out, field.name), getattr(new, field.name)
    if field.message_type.fields_by_name["value"].message_type is None:
        ours.update(theirs)
        return
    for key in theirs:
        _merge(ours[key], theirs[key], ())


def _remove(out: Message, new: Message, fields: Fields) -> None:
    for field in provided(new, fields):
        if field.is_repeated:
            _remove_repeated(out, new, field)
        elif is_atomic(field):
            replace(out, new, field)
        elif out.HasField(field.name):
            _remove_from_message(out, new, field, fields)


def _remove_from_message(out: Message, new: Message, field: FieldDescriptor, fields: Fields) -> None:
    ours, theirs = getattr(out, field.name), getattr(new, field.name)
    if field.message_type.full_name == STRUCT:
        remove_struct(ours, theirs)
    else:
        _remove(ours, theirs, below(fields, field.name))


def _remove_repeated(out: Message, new: Message, field: FieldDescriptor) -> None:
    ours, theirs = getattr(out, field.name), getattr(new, field.name)
    if is_map(field):
        for key in theirs:
            ours.pop(key, None)
        return
    unwanted = {identities(element, field)[0] for element in theirs}
    kept = [element for element in ours if unwanted.isdisjoint(identities(element, field))]
    del ours[:]
    ours.extend(kept)


_MEDIA = ("image", "video", "text", "audio")


def _keep_media(out: Input, old: Input) -> None:
    if any(field.name in _MEDIA for field, _ in out.data.ListFields()):
        return
    for field, media in old.data.ListFields():
        if field.name in _MEDIA:
            getattr(out.data, field.name).CopyFrom(media)


def _keep_output_config(out: Model | ModelVersion, old: Model | ModelVersion) -> None:
    if old.output_info.HasField("output_config"):
        kept = overwrite(old.output_info.output_config, out.output_info.output_config)
        out.output_info.output_config.CopyFrom(kept)


_KEPT: dict[str, Callable[..., None]] = {
    "clarifai.api.Input": _keep_media,
    "clarifai.api.Model": _keep_output_config,
    "clarifai.api.ModelVersion": _keep_output_config,
}


def _copy(message: M) -> M:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy
