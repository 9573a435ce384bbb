"""What the API and the model process say to each other: frames with a length, a kind and a body."""

import asyncio
import socket
import struct
import time
from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from clarifai_grpc.grpc.api.resources_pb2 import Data
from google.protobuf.message import DecodeError

from bowerbird import errors
from bowerbird.errors import ApiError, BadFormat, InputTooLarge

if TYPE_CHECKING:
    from bowerbird.runtimes.spec import Results

MAX_FRAME = 256 * 1024 * 1024
BUFFER = 1024 * 1024  # bytes that a stream reads ahead
SLOTS = 1024  # specifications that a connection remembers

_HEAD = struct.Struct("!IB")  # length of the body, kind
_SPEC = struct.Struct("!H")  # slot
_PREDICT = struct.Struct("!QH")  # request, slot
_REQUEST = struct.Struct("!Q")
_ITEM = struct.Struct("!BI")  # is it an error, length


class Kind(IntEnum):
    """What a frame says."""

    SPEC = 1  # slot, specification: from now on the slot stands for it
    PREDICT = 2  # request, slot, inputs
    RESULT = 3  # request, results
    CANCEL = 4  # request: nobody waits for it any more
    HELLO = 5  # nothing: a living process took the connection


def frame(kind: Kind, *parts: bytes) -> bytes:
    return b"".join((_HEAD.pack(sum(map(len, parts)), kind), *parts))


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, memoryview]:
    """Kind and body of the next frame. Raises BadFormat, and IncompleteReadError at the end."""
    length, kind = _HEAD.unpack(await reader.readexactly(_HEAD.size))
    if length > MAX_FRAME:
        raise BadFormat(f"a frame of {length:,} bytes")
    return kind, memoryview(await reader.readexactly(length))


def receive(connection: socket.socket, deadline: float | None = None) -> tuple[int, memoryview]:
    """As `read_frame`, in a thread. Raises EOFError at the end, TimeoutError at the deadline, BadFormat."""
    length, kind = _HEAD.unpack(_exactly(connection, _HEAD.size, deadline))
    if length > MAX_FRAME:
        raise BadFormat(f"a frame of {length:,} bytes")
    return kind, _exactly(connection, length, deadline)


def _exactly(connection: socket.socket, length: int, deadline: float | None) -> memoryview:
    content = memoryview(bytearray(length))
    filled = 0
    while filled < length:
        if deadline is not None:
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
        got = connection.recv_into(content[filled:])
        if not got:
            raise EOFError
        filled += got
    return content


def spec_frame(slot: int, spec: bytes) -> bytes:
    return frame(Kind.SPEC, _SPEC.pack(slot), spec)


def read_spec(body: memoryview) -> tuple[int, bytes]:
    """Slot and specification. Raises BadFormat."""
    (slot,) = _SPEC.unpack_from(body)
    if slot >= SLOTS:
        raise BadFormat(f"slot {slot}")
    return slot, bytes(body[_SPEC.size :])


def predict_frame(request: int, slot: int, inputs: Sequence[bytes]) -> bytes:
    items = (part for data in inputs for part in (_ITEM.pack(0, len(data)), data))
    return frame(Kind.PREDICT, _PREDICT.pack(request, slot), *items)


def read_predict(body: memoryview) -> tuple[int, int, list[Data]]:
    """Request, slot and inputs. Raises BadFormat."""
    request, slot = _PREDICT.unpack_from(body)
    return request, slot, [_data(content) for _, content in _items(body, _PREDICT.size)]


def cancel_frame(request: int) -> bytes:
    return frame(Kind.CANCEL, _REQUEST.pack(request))


def read_request(body: memoryview) -> int:
    (request,) = _REQUEST.unpack_from(body)
    return int(request)


def result_frame(request: int, results: "Results") -> bytes:
    parts: list[bytes] = [_REQUEST.pack(request)]
    left = MAX_FRAME
    for result in results:
        content = _packed(result)
        if len(content) > left:
            result = InputTooLarge("its prediction does not fit into an answer")
            content = _packed(result)
        left -= len(content) + _ITEM.size
        parts += (_ITEM.pack(isinstance(result, ApiError), len(content)), content)
    return frame(Kind.RESULT, *parts)


def read_results(body: memoryview) -> "Results":
    """The results of a frame whose request `read_request` tells. Raises BadFormat."""
    return [
        _error(content) if is_error else _data(content) for is_error, content in _items(body, _REQUEST.size)
    ]


def _packed(result: Data | ApiError) -> bytes:
    if isinstance(result, ApiError):
        return f"{type(result).__name__}\n{result.details}".encode(errors="replace")
    content: bytes = result.SerializeToString()
    return content


def _error(content: memoryview) -> ApiError:
    name, _, details = str(content, "utf-8", "replace").partition("\n")
    kind = getattr(errors, name, ApiError)
    return kind(details) if isinstance(kind, type) and issubclass(kind, ApiError) else ApiError(details)


def _data(content: memoryview) -> Data:
    try:
        return Data.FromString(content)  # type: ignore[arg-type]  # any buffer will do, and saves a copy
    except DecodeError as error:
        raise BadFormat("an input or result could not be read") from error


def _items(body: memoryview, start: int) -> list[tuple[int, memoryview]]:
    items = []
    while start < len(body):
        is_error, length = _ITEM.unpack_from(body, start)
        start += _ITEM.size + length
        if start > len(body):
            raise BadFormat("a frame ends too early")
        items.append((is_error, body[start - length : start]))
    return items
