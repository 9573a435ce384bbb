"""Tables of predictions: a CSV file with a heading, of which options say what its columns are."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bowerbird.cli.prediction_lines import LONGEST_LINE, Line, medium_of, raw_lines
from bowerbird.errors import ApiError, Invalid
from bowerbird.proto.bowerbird_v1_pb2 import Prediction
from bowerbird.wire.json import from_dict

MOST_LINES_OF_A_ROW = 10_000  # texts in quotes may hold line ends; one never closed must not eat the file


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns hold what; the empty text for none. Of `label` and `prefix` one is given."""

    input: str
    kind: str  # text, image, image-url
    label: str
    score: str
    prefix: str  # of the columns with a score for each concept
    request_id: str
    at: str
    caller: str
    metadata: tuple[str, ...]

    @property
    def needed(self) -> list[str]:
        single = (self.input, self.label, self.score, self.request_id, self.at, self.caller)
        return [name for name in (*single, *self.metadata) if name]


def read_table(path: Path, columns: Columns) -> Iterator[Line]:
    """The rows of a file, each under the number of its first line. Raises Invalid for a wrong heading."""
    with path.open("rb") as file:
        rows = _rows(raw_lines(file))
        first = next(rows, None)
        if first is None or isinstance(first[2], ApiError):
            raise Invalid(f"{path}: expected a heading with the names of the columns")
        heading = next(csv.reader([_decoded(first[2]).removeprefix("\ufeff")]))
        _check(path, heading, columns)
        for number, end, text in rows:
            yield Line(number, end, _outcome(text, number, heading, columns, path.parent))


def _check(path: Path, heading: list[str], columns: Columns) -> None:
    missing = [name for name in columns.needed if name not in heading]
    if columns.prefix and not any(name.startswith(columns.prefix) for name in heading):
        missing.append(f"{columns.prefix}…")
    if missing:
        raise Invalid(f"{path} has no column {missing[0]!r}; there are {', '.join(heading)[:500]}")


def _rows(lines: Iterator[tuple[bytes | ApiError, int]]) -> Iterator[tuple[int, int, bytes | ApiError]]:
    """Number, end and text of each row: lines are joined while a quote is open."""
    held, first, quotes = b"", 1, 0
    for number, (line, end) in enumerate(lines, 1):
        if isinstance(line, ApiError):
            yield number, end, line
            held = b""
            continue
        first = first if held else number
        quotes = (quotes if held else 0) + line.count(b'"')
        held += line
        if quotes % 2 and number - first < MOST_LINES_OF_A_ROW and len(held) < LONGEST_LINE:
            continue
        if held.strip():
            yield first, end, Invalid("a quote is not closed") if quotes % 2 else held
        held = b""
    if held.strip():
        yield first, end, Invalid("a quote is not closed")


def _outcome(
    text: bytes | ApiError, number: int, heading: list[str], columns: Columns, folder: Path
) -> Prediction | ApiError:
    if isinstance(text, ApiError):
        return text
    try:
        cells = next(csv.reader(io.StringIO(_decoded(text), newline="")))
        if len(cells) != len(heading):
            raise Invalid(f"{len(cells)} cells; the heading has {len(heading)}")
        row = dict(zip(heading, cells, strict=True))
        return from_dict(_fields(row, text, number, columns, folder), Prediction())
    except ApiError as error:
        return error
    except csv.Error as error:
        return Invalid(str(error))


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise Invalid("expected UTF-8") from None


def _fields(
    row: Mapping[str, str], text: bytes, number: int, columns: Columns, folder: Path
) -> Mapping[str, object]:
    """The row as a line of JSON would say it."""
    value = row[columns.input]
    if not value:
        raise Invalid(f"{columns.input}: it is empty")
    data = _input(value, columns.kind, folder)
    if columns.metadata:
        data["metadata"] = {name: row[name] for name in columns.metadata if row[name]}
    fields: dict[str, object] = {
        "request_id": row[columns.request_id] if columns.request_id else _derived(row, number),
        "input": {"data": data},
        "output": {"concepts": _concepts(row, columns)},
    }
    if columns.at and row[columns.at]:
        fields["at"] = _moment(row[columns.at])
    if columns.caller:
        fields["caller_user_id"] = row[columns.caller]
    return fields


def _input(value: str, kind: str, folder: Path) -> dict[str, object]:
    if kind == "text":
        return {"text": {"raw": value}}
    return {"image": {"url": value} if kind == "image-url" else medium_of("image", folder / value)}


def _derived(row: Mapping[str, str], number: int) -> str:
    text = json.dumps([number, row], sort_keys=True).encode()
    return f"row-{hashlib.blake2b(text, digest_size=16).hexdigest()}"


def _moment(text: str) -> str:
    """RFC 3339; a space in place of the T, and no zone for UTC, are what tables often have."""
    text = text.strip().replace(" ", "T", 1)
    return text if text.endswith("Z") or text[-6:-5] in ("+", "-") else f"{text}Z"


def _concepts(row: Mapping[str, str], columns: Columns) -> list[dict[str, object]]:
    if columns.prefix:
        named = {name: value for name, value in row.items() if name.startswith(columns.prefix) and value}
        found = {name[len(columns.prefix) :]: _number(name, value) for name, value in named.items()}
    else:
        found = {row[columns.label]: _number(columns.score, row[columns.score]) if columns.score else 1.0}
    if not found or "" in found:
        raise Invalid(f"{columns.label or columns.prefix}: there is no concept")
    ranked = sorted(found.items(), key=lambda pair: -pair[1])
    return [{"id": id, "value": value} for id, value in ranked]


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise Invalid(f"{name}: expected a number, not {text[:40]!r}") from None
    if not 0 <= value <= 1:
        raise Invalid(f"{name}: {text[:40]}; expected 0 to 1")
    return value
