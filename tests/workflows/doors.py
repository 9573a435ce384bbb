"""What operators may reach, small and in memory: a few inputs with labels, relations, a server."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clarifai_grpc.grpc.api.resources_pb2 import Data
from PIL import Image

from bowerbird.errors import ApiError
from bowerbird.index.nearest import Neighbour
from bowerbird.workflows.outside import Labels, Outside
from bowerbird.workflows.relations import Graph, Relations, Target

KEY = b"k" * 32
NOW = 1_800_000_000.0


@dataclass
class Held:
    """Inputs that an app holds, by number: their embeddings, and what people say they are."""

    embeddings: Mapping[int, Sequence[float]] = field(default_factory=dict)
    labelled: Mapping[int, Sequence[str]] = field(default_factory=dict)

    async def nearest(self, app: int, embedding: Sequence[float], k: int) -> list[Neighbour]:
        found = [Neighbour(input, cosine(embedding, held)) for input, held in self.embeddings.items()]
        return sorted(found, key=lambda one: -one.similarity)[:k]

    async def labels(self, app: int, inputs: Sequence[int]) -> Labels:
        return {i: {id: id.title() for id in self.labelled[i]} for i in inputs if i in self.labelled}


@dataclass
class Server:
    """Answers one after the other, the last again and again; an error is raised."""

    answers: Sequence[bytes | ApiError] = (b"",)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)

    async def __call__(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float, max_bytes: int
    ) -> bytes:
        answer = self.answers[min(len(self.bodies), len(self.answers) - 1)]
        self.bodies.append(body)
        self.headers.append(headers)
        if isinstance(answer, ApiError):
            raise answer
        return answer


def outside(held: Held | None = None, server: Server | None = None) -> Outside:
    holds = held or Held()
    return Outside(
        7, "alice/kept", holds, holds.labels, server or Server(), KEY, 1 << 20, 1 << 20, lambda: NOW
    )


def cosine(a: Sequence[float], b: Sequence[float]) -> float:
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / (math.hypot(*a) * math.hypot(*b))


def concept(id: str, app: str = "kept") -> Target:
    return Target(id, id.title(), app, "alice")


def relations(**graphs: Graph) -> Relations:
    """Knowledge graphs by id; that of no id is given as `none`."""
    return Relations(("alice", "kept"), {"" if id == "none" else id: graph for id, graph in graphs.items()})


def picture(size: tuple[int, int] = (40, 20), mode: str = "RGB") -> bytes:
    """The left half red, the right half blue."""
    image = Image.new(mode, size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def boxed(*boxes: tuple[float, float, float, float]) -> Data:
    """Regions with boxes, given as top, left, bottom and right; each with a concept."""
    data = Data()
    for n, (top, left, bottom, right) in enumerate(boxes):
        region = data.regions.add(id=f"r{n}")
        box = region.region_info.bounding_box
        box.top_row, box.left_col, box.bottom_row, box.right_col = top, left, bottom, right
        region.data.concepts.add(id="thing", value=0.75)
    return data


def rich() -> Data:
    """Something for each operator to look at."""
    data = boxed((0, 0, 1, 0.5), (0, 0.5, 1, 1))
    data.concepts.add(id="a", value=0.75)
    data.text.raw = "Fire on the upper floor, send help now please"
    data.embeddings.add(vector=[1, 0], num_dimensions=2)
    data.image.base64 = picture()
    for region, word in zip(data.regions, ("fire", "exit"), strict=True):
        region.data.text.raw = word
    return data
