"""What the tests of inputs need: pictures, and short ways to post and search in alice's app."""

import io
import struct
import zlib
from collections.abc import Iterable, Mapping

from clarifai_grpc.grpc.api.resources_pb2 import (
    Annotation,
    Concept,
    Data,
    Filter,
    Image,
    Input,
    Query,
    Region,
    RegionInfo,
    Search,
    Text,
    UserAppIDSet,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    GetInputRequest,
    Pagination,
    PostAnnotationsRequest,
    PostInputsRequest,
    PostInputsSearchesRequest,
)
from PIL import Image as Pictures
from world import World

ZOO = {"user_id": "alice", "app_id": "zoo"}


def png(width: int = 8, height: int = 8, colour: int = 0) -> bytes:
    out = io.BytesIO()
    Pictures.new("RGB", (width, height), (colour, 20, 30)).save(out, "PNG")
    return out.getvalue()


def png_bomb() -> bytes:
    """Few bytes that claim to be a picture of 40 gigapixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 200_000, 200_000, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def picture(id: str = "", content: bytes = b"", **parts: object) -> Input:
    return made(Input(id=id, data=Data(image=Image(base64=content or png()))), **parts)


def text(id: str = "", raw: str = "hello", **parts: object) -> Input:
    return made(Input(id=id, data=Data(text=Text(raw=raw))), **parts)


def linked(id: str, url: str, *, again: bool = False) -> Input:
    return Input(id=id, data=Data(image=Image(url=url, allow_duplicate_url=again)))


def made(
    input: Input, concepts: Mapping[str, float] | None = None, metadata: Mapping[str, object] | None = None
) -> Input:
    for id, value in (concepts or {}).items():
        input.data.concepts.add(id=id, value=value)
    if metadata is not None:
        input.data.metadata.update(metadata)
    return input


def note(
    input_id: str,
    id: str = "",
    concepts: Mapping[str, float] | None = None,
    metadata: Mapping[str, object] | None = None,
    box: bool = False,
    **fields: object,
) -> Annotation:
    data = made(Input(), concepts, metadata).data
    if box:
        data = Data(regions=[Region(region_info=RegionInfo(bounding_box={"top_row": 0.5}), data=data)])
    return Annotation(id=id, input_id=input_id, data=data, **fields)


async def post(world: World, *inputs: Input, who: str = "alice"):
    return await world.ok(who, "PostInputs", PostInputsRequest(inputs=inputs), **ZOO)


async def annotate(world: World, *annotations: Annotation, who: str = "alice"):
    return await world.ok(who, "PostAnnotations", PostAnnotationsRequest(annotations=annotations), **ZOO)


async def get(world: World, id: str, who: str = "alice") -> Input:
    return (await world.ok(who, "GetInput", GetInputRequest(input_id=id), **ZOO)).input


def search_for(*filters: Filter, page: int = 0, per_page: int = 0, only_count: bool = False):
    return PostInputsSearchesRequest(
        searches=[Search(query=Query(filters=filters))],
        pagination=Pagination(page=page, per_page=per_page),
        only_count=only_count,
    )


async def hits(world: World, *filters: Filter, **page: int) -> list[str]:
    answer = await world.ok("alice", "PostInputsSearches", search_for(*filters, **page), **ZOO)
    return [hit.input.id for hit in answer.hits]


def labelled(id: str, value: float = 1, negate: bool = False) -> Filter:
    return Filter(annotation=Annotation(data=Data(concepts=[Concept(id=id, value=value)])), negate=negate)


def having(metadata: Mapping[str, object], negate: bool = False) -> Filter:
    return Filter(input=made(Input(), metadata=metadata), negate=negate)


def anywhere_having(metadata: Mapping[str, object]) -> Filter:
    return Filter(annotation=Annotation(data=made(Input(), metadata=metadata).data))


def ids(inputs: Iterable[Input]) -> list[str]:
    return [i.id for i in inputs]


def zoo() -> UserAppIDSet:
    return UserAppIDSet(**ZOO)
