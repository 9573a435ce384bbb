"""Files of predictions that a model made elsewhere: one JSON object a line; see docs/sources.md."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bowerbird.errors import ApiError, Invalid
from bowerbird.proto.bowerbird_v1_pb2 import Prediction
from bowerbird.wire.json import decode, from_dict

LONGEST_LINE = 64 * 1024 * 1024  # bytes: what is longer is not read into memory
FIELDS = (
    *("request_id", "input_index", "input", "output", "metadata"),
    *("model_version_id", "caller_user_id", "at"),
)
_REQUEST_ID = re.compile(r"[!-~]{1,128}")
_MEDIA = ("text", "image", "audio", "video")
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file: its number from 1, where it ends in the file, and its prediction or what is wrong."""

    number: int
    end: int
    outcome: Prediction | ApiError


def read_predictions(path: Path) -> Iterator[Line]:
    """The lines of a file, one at a time; empty lines are passed over."""
    with path.open("rb") as file:
        for number, (text, end) in enumerate(raw_lines(file), 1):
            if isinstance(text, ApiError):
                yield Line(number, end, text)
            elif text.strip():
                yield Line(number, end, _outcome(text, number, path.parent))


def raw_lines(file: BinaryIO) -> Iterator[tuple[bytes | ApiError, int]]:
    """Each line of a file and where it ends; of one that is too long only that it is."""
    end = 0
    while text := file.readline(LONGEST_LINE + 1):
        end += len(text)
        if len(text) <= LONGEST_LINE:
            yield text, end
            continue
        while text and not text.endswith(b"\n"):
            text = file.readline(_CHUNK)
            end += len(text)
        yield Invalid(f"the line has more than {LONGEST_LINE:,} bytes"), end


def _outcome(text: bytes, number: int, folder: Path) -> Prediction | ApiError:
    try:
        return parse_prediction(text, number, folder)
    except ApiError as error:
        return error


def parse_prediction(text: bytes, number: int, folder: Path) -> Prediction:
    """The prediction of a line; `folder` is where the files lie that it names. Raises Invalid.

    A line without a request id gets one that derives from its number and its text, so that the same file
    changes nothing the second time.
    """
    given = decode(text)
    if not isinstance(given, dict):
        raise Invalid("expected a JSON object")
    if unknown := sorted(given.keys() - set(FIELDS)):
        raise Invalid(f"{unknown[0]!r} is no field of a prediction; there are {', '.join(FIELDS)}")
    fields = {name: value for name, value in given.items() if name != "metadata"}
    fields["request_id"] = _request_id(given.get("request_id"), text, number)
    fields["input"] = {"data": _input(given.get("input"), given.get("metadata"), folder)}
    fields["output"] = _output(given.get("output"))
    return from_dict(fields, Prediction())


def derived_id(text: bytes, number: int) -> str:
    """A request id for a line that has none."""
    digest = hashlib.blake2b(text.strip(), digest_size=16, salt=number.to_bytes(8, "big")).hexdigest()
    return f"line-{digest}"


def _request_id(given: object, text: bytes, number: int) -> str:
    if given is None or given == "":
        return derived_id(text, number)
    if not isinstance(given, str) or not _REQUEST_ID.fullmatch(given):
        raise Invalid("request_id: expected 1 to 128 visible ASCII characters")
    return given


def _input(given: object, metadata: object, folder: Path) -> Mapping[str, object]:
    """V2 Data: of a text, of short names, or as it is."""
    if isinstance(given, str):
        given = {"text": given}
    if not isinstance(given, dict) or not given:
        raise Invalid("input: expected a text, or an object with text, image, image_url, image_file, ...")
    whole = given["data"] if isinstance(given.get("data"), dict) else given
    data = dict(_medium(name, value, folder) for name, value in whole.items())
    if metadata is not None:
        if not isinstance(metadata, dict):
            raise Invalid("metadata: expected an object")
        data["metadata"] = {**_object(data.get("metadata")), **metadata}
    return data


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _medium(name: str, value: object, folder: Path) -> tuple[str, object]:
    kind, _, way = name.partition("_")
    if kind not in _MEDIA or not isinstance(value, str):
        return name, value
    match way:
        case "":
            return kind, {"raw" if kind == "text" else "base64": value}
        case "url":
            return kind, {"url": value}
        case "file":
            return kind, medium_of(kind, folder / value)
        case _:
            return name, value


def medium_of(kind: str, file: Path) -> Mapping[str, object]:
    """The V2 fields of a medium in a file. Raises Invalid when it cannot be read."""
    try:
        content = file.read_bytes()
        return {"raw": content.decode()} if kind == "text" else {"base64": base64.b64encode(content).decode()}
    except OSError as error:
        raise Invalid(f"input.{kind}_file: {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Invalid(f"input.{kind}_file: {file} is not UTF-8") from None


def _output(given: object) -> object:
    """V2 Data: of concepts with their values, of a text, or as it is."""
    if not isinstance(given, dict) or not given:
        raise Invalid('output: expected an object, such as {"concepts": {"cat": 0.9}}')
    output = dict(given)
    if isinstance(output.get("concepts"), dict):
        output["concepts"] = [{"id": id, "value": value} for id, value in output["concepts"].items()]
    if isinstance(output.get("text"), str):
        output["text"] = {"raw": output["text"]}
    return output
