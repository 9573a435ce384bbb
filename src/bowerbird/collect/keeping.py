"""What is recorded of a prediction's messages: cut to size and serialised."""

from array import array
from typing import NamedTuple

from clarifai_grpc.grpc.api.resources_pb2 import Data, Input

from bowerbird.store.kinds import media_kind

LONGEST_CONCEPTS = 4096  # characters; the ids of longer lists are read from the output


class Kept(NamedTuple):
    input: bytes
    has_media: bool
    content: bytes


def kept_input(given: Input, most: int) -> Kept:
    """The input, and apart from it the content of its medium when that has at most `most` bytes."""
    kind = media_kind(given.data)
    if not kind:
        return Kept(given.SerializeToString(), True, b"")
    medium = getattr(given.data, kind)
    if kind == "text":
        is_small = len(medium.raw) <= most
        return Kept((given if is_small else _lean(given, kind)).SerializeToString(), is_small, b"")
    content = medium.base64
    if not content:
        return Kept(given.SerializeToString(), True, b"")
    is_small = len(content) <= most
    return Kept(_lean(given, kind).SerializeToString(), is_small, content if is_small else b"")


def _lean(given: Input, kind: str) -> Input:
    """The input with no more of its medium than the URL."""
    lean = Input(id=given.id)
    for field, value in given.data.ListFields():
        if field.name != kind and field.message_type and not field.is_repeated:
            getattr(lean.data, field.name).CopyFrom(value)
    getattr(lean.data, kind).url = getattr(given.data, kind).url
    getattr(lean.data, kind).SetInParent()
    return lean


def plain_concepts(result: Data) -> tuple[str, bytes]:
    """The concepts of an output and their values, when ids and values tell all that operators look at."""
    ids = [concept.id for concept in result.concepts]
    text = "\n".join(ids)
    if not ids or len(text) > LONGEST_CONCEPTS or len(set(ids)) < len(ids) or not all(map(_is_plain, ids)):
        return "", b""
    return text, array("f", [concept.value for concept in result.concepts]).tobytes()


def _is_plain(id: str) -> bool:
    return bool(id) and "\n" not in id and "\0" not in id
