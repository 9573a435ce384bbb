"""What Python models are given and answer: plain values, in place of messages."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from clarifai_grpc.grpc.api.resources_pb2 import Data, Region

from bowerbird.errors import InputInvalid, PredictionFailed

if TYPE_CHECKING:  # each model starts a process that imports this: it is kept light
    from bowerbird.runtimes.outputs import Pairs

Value = str | bytes | list[float]
MOST_REGIONS = 10_000
LONGEST_ID = 48
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_-]+")


def value_of(data: Data, kind: str) -> Value:
    """A text as str, media as the bytes of their file, an embedding as floats. Raises InputInvalid."""
    if kind == "text":
        if not data.HasField("text"):
            raise InputInvalid("the model takes text, and there is none in data.text")
        return str(data.text.raw)
    if kind == "embedding":
        if not data.embeddings:
            raise InputInvalid("the model takes an embedding, and there is none in data.embeddings")
        return [float(number) for number in data.embeddings[0].vector]
    content: bytes = getattr(data, kind).base64
    if not content:
        raise InputInvalid(f"the model takes {kind}, and there is none in data.{kind}")
    return content


def data_of(answer: object, kind: str, pairs: "Pairs") -> Data:
    """The message of an answer of this kind. Raises PredictionFailed for any other."""
    if kind == "text":
        if not isinstance(answer, str):
            raise PredictionFailed(f"the model answered {_kind(answer)}; expected a str")
        data = Data()
        data.text.raw = answer
        return data
    if kind == "embedding":
        return _embedding(answer)
    if kind == "concepts":
        data = Data()
        _add_concepts(data, answer, pairs)
        return data
    return _regions(answer, pairs)


def _embedding(answer: object) -> Data:
    if not isinstance(answer, Iterable) or isinstance(answer, str | bytes):
        raise PredictionFailed(f"the model answered {_kind(answer)}; expected a list of floats")
    vector = [_number(number, "a number of the embedding") for number in answer]
    data = Data()
    data.embeddings.add(vector=vector, num_dimensions=len(vector))
    return data


def _add_concepts(data: Data, answer: object, pairs: "Pairs") -> None:
    """The concepts, the likeliest first. Those that the model does not mention have the value 0."""
    if not isinstance(answer, Mapping):
        raise PredictionFailed(f"the model answered {_kind(answer)}; expected a dict of concepts")
    known = {word: pair for pair in pairs for word in reversed(pair)}
    values: dict[tuple[str, str], float] = dict.fromkeys(pairs, 0.0)
    for name, value in answer.items():
        if pairs and name not in known:
            raise PredictionFailed(f"the model answered {name!r}, which is none of its labels")
        pair = known.get(name) or (_NOT_IN_IDS.sub("-", str(name))[:LONGEST_ID], str(name))
        values[pair] = _number(value, f"the value of {name!r}")
    for (id_, name), value in sorted(values.items(), key=lambda one: -one[1]):
        data.concepts.add(id=id_, name=name, value=value)


def _regions(answer: object, pairs: "Pairs") -> Data:
    if not isinstance(answer, Sequence) or isinstance(answer, str | bytes) or len(answer) > MOST_REGIONS:
        raise PredictionFailed(
            f"the model answered {_kind(answer)}; expected a list of at most {MOST_REGIONS:,} regions"
        )
    return Data(regions=[_region(one, pairs) for one in answer])


def _region(answer: object, pairs: "Pairs") -> Region:
    if not isinstance(answer, Mapping) or not {"box"} <= answer.keys() <= {"box", "concepts", "text"}:
        raise PredictionFailed("a region: expected a dict with box, and concepts or text")
    region = Region()
    try:
        left, top, right, bottom = (_number(side, "a side of a box") for side in answer["box"])
    except (TypeError, ValueError) as error:
        raise PredictionFailed("a box: expected left, top, right and bottom") from error
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise PredictionFailed("a box: expected left < right and top < bottom, all between 0 and 1")
    box = region.region_info.bounding_box
    box.left_col, box.top_row, box.right_col, box.bottom_row = left, top, right, bottom
    if "concepts" in answer:
        _add_concepts(region.data, answer["concepts"], ())
        known = {word: pair for pair in pairs for word in pair}
        for concept in region.data.concepts if pairs else ():
            if concept.name not in known:
                raise PredictionFailed(f"the model answered {concept.name!r}, which is none of its labels")
            concept.id, concept.name = known[concept.name]
        region.value = max((concept.value for concept in region.data.concepts), default=0.0)
    if "text" in answer:
        region.data.text.raw = str(answer["text"])
    return region


def _number(value: object, what: str) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]  # what is no number is refused
    except (TypeError, ValueError) as error:
        raise PredictionFailed(f"{what} is {_kind(value)}; expected a number") from error
    if not math.isfinite(number):
        raise PredictionFailed(f"{what} is not finite")
    return number


def _kind(value: object) -> str:
    return "a " + type(value).__name__
