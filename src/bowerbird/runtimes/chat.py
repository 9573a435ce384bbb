"""What is said to a chat model, and what its answers mean: texts, or one of the labels."""

import base64
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.errors import PredictionFailed
from bowerbird.images import open_image, to_mode
from bowerbird.runtimes.inputs import image_bytes_of
from bowerbird.runtimes.outputs import Pairs
from bowerbird.settings import Settings

Json = Mapping[str, Any]  # Any: the answer of another server, checked where it is used
QUALITY = 90  # of the JPEG that is sent
_WORDS = re.compile(r"\w+")


class Spoken(NamedTuple):
    """What a model answered."""

    text: str
    tokens: Sequence[Json]  # each with its log-probability and the likeliest others; none when not given


def messages(system: str, prompt: str, text: str, image: str) -> list[dict[str, object]]:
    """`{text}` in the prompt is replaced by the input's text; `image` is a data URL, or empty."""
    asked = prompt.replace("{text}", text)
    content: object = asked
    if image:
        content = [{"type": "text", "text": asked}, {"type": "image_url", "image_url": {"url": image}}]
    said: list[dict[str, object]] = [{"role": "system", "content": system}] if system else []
    return [*said, {"role": "user", "content": content}]


def image_url(data: Data, longest_side: int, settings: Settings) -> str:
    """The input's image as a data URL: upright, not too large, without what cameras write into it."""
    image = open_image(
        image_bytes_of(data), max_bytes=settings.max_image_bytes, max_pixels=settings.max_image_pixels
    )
    small = to_mode(image, "RGB").copy()
    small.thumbnail((longest_side, longest_side))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"


def label_schema(names: Sequence[str]) -> dict[str, object]:
    """The response format that lets a model answer one of the labels, and nothing else."""
    schema = {
        "type": "object",
        "properties": {"label": {"type": "string", "enum": list(names)}},
        "required": ["label"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}


def spoken(answer: Json) -> Spoken:
    """The first choice of an answer. Raises PredictionFailed when there is no text in it."""
    try:
        choice = answer["choices"][0]
        message = choice["message"]
        text = message["content"]
        refusal = message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise PredictionFailed("the answer holds no message") from error
    if isinstance(text, list):  # some servers answer in parts
        text = "".join(str(part.get("text", "")) for part in text if isinstance(part, dict))
    if refusal or not isinstance(text, str):
        raise PredictionFailed(
            f"the model answers nothing: {str(refusal or choice.get('finish_reason'))[:200]}"
        )
    logprobs = choice.get("logprobs")
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    return Spoken(text, [one for one in tokens if isinstance(one, dict)] if isinstance(tokens, list) else ())


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer says which label."""

    label: int
    start: int  # of the label's name in the answer, -1 when the answer words it in another way


def find_label(text: str, pairs: Pairs) -> Place:
    """The label that an answer names: as JSON, by itself, or as the only one among other words.

    Raises PredictionFailed when it names none, or several.
    """
    said = _in_json(text)
    wanted = _plain(said if said is not None else text)
    exact = [n for n, pair in enumerate(pairs) if wanted in {_plain(name) for name in pair}]
    found = exact or ([] if said is not None else _among(wanted, pairs))
    if len(found) != 1:
        several = "several" if found else "none"
        raise PredictionFailed(f"the answer names {several} of the labels: {text[:100]!r}")
    name = pairs[found[0]][1]
    return Place(found[0], text.rfind(name))


def _in_json(text: str) -> str | None:
    """The label of an answer in JSON, alone or in a fence; None for any other answer."""
    start, end = text.find("{"), text.rfind("}")
    try:
        value = json.loads(text[start : end + 1]) if 0 <= start < end else None
    except (ValueError, RecursionError):
        return None
    label = value.get("label") if isinstance(value, dict) else None
    return label if isinstance(label, str) else None


def _plain(text: str) -> str:
    return " ".join(_WORDS.findall(text.casefold()))


def _among(words: str, pairs: Pairs) -> list[int]:
    """Labels whose name or id is among the words; of "cat" and "wild cat" the longer one."""
    padded = f" {words} "
    hits = {
        n: max((len(p) for p in map(_plain, pair) if p and f" {p} " in padded), default=0)
        for n, pair in enumerate(pairs)
    }
    names = {n: _plain(pairs[n][1]) for n, length in hits.items() if length}
    return [
        n for n in names if not any(f" {names[n]} " in f" {other} " for m, other in names.items() if m != n)
    ]
