"""SageMaker's data capture: JSON lines with what an endpoint was asked, and what it answered."""

import base64
import binascii
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bowerbird.cli.prediction_lines import Line, derived_id, raw_lines
from bowerbird.errors import ApiError, Invalid
from bowerbird.proto.bowerbird_v1_pb2 import Prediction
from bowerbird.runtimes.payloads import Rows, Side, rows_of_message
from bowerbird.runtimes.readings import Reading
from bowerbird.wire.json import decode

Json = dict[str, Any]  # Any: what a line says, checked where it is used


def files_of(paths: list[Path]) -> list[Path]:
    """The files themselves, and those in the folders: captures lie in a folder for each hour."""
    found = [sorted(path.rglob("*.jsonl")) if path.is_dir() else [path] for path in paths]
    return [file for files in found for file in files]


def read_captures(path: Path, reading: Reading) -> Iterator[Line]:
    """A line for each instance of each record of a file; of a record that is wrong, one."""
    with path.open("rb") as file:
        for number, (text, end) in enumerate(raw_lines(file), 1):
            if isinstance(text, ApiError):
                yield Line(number, end, text)
            elif text.strip():
                yield from (Line(number, end, outcome) for outcome in _outcomes(text, number, reading))


def _outcomes(text: bytes, number: int, reading: Reading) -> list[Prediction | ApiError]:
    try:
        return list(_predictions(text, number, reading))
    except ApiError as error:
        return [error]


def _predictions(text: bytes, number: int, reading: Reading) -> Iterator[Prediction]:
    """One for each instance: the first under the event's id, the others under it and their place."""
    record = decode(text)
    if not isinstance(record, dict):
        raise Invalid("expected a JSON object")
    capture, about = _object(record, "captureData"), record.get("eventMetadata") or {}
    inputs = reading.request.data(_rows(capture, "endpointInput", "request", reading.request.name))
    outputs = reading.response.data(_rows(capture, "endpointOutput", "response", reading.response.name))
    if len(inputs) != len(outputs):
        raise Invalid(f"endpointInput has {len(inputs)} instances, endpointOutput {len(outputs)}")
    event_id = about.get("inferenceId") or about.get("eventId") or derived_id(text, number)
    for place, (input, output) in enumerate(zip(inputs, outputs, strict=True)):
        made = Prediction(request_id=f"{event_id}:{place}" if place else str(event_id), output=output)
        made.input.data.CopyFrom(input)
        if time := about.get("inferenceTime"):
            try:
                made.at.FromJsonString(time)
            except (ValueError, TypeError, AttributeError):
                raise Invalid("eventMetadata.inferenceTime: expected a time") from None
        yield made


def _object(record: Json, name: str) -> Json:
    value = record.get(name)
    if not isinstance(value, dict):
        raise Invalid(f"{name}: expected an object")
    return value


def _rows(capture: Json, field: str, side: Side, name: str) -> Rows:
    """The instances of one side, by how it was encoded."""
    part = _object(capture, field)
    data, encoding = part.get("data"), part.get("encoding")
    kind = str(part.get("observedContentType") or "").partition(";")[0].strip().lower()
    if not isinstance(data, str):
        raise Invalid(f"{field}.data: expected a text")
    try:
        if encoding == "BASE64":
            return _decoded(field, base64.b64decode(data, validate=True), kind, side, name)
        if encoding == "CSV":
            return _table(data)
        if encoding == "JSON":
            return _of_json(field, data, side, name)
    except binascii.Error:
        raise Invalid(f"{field}.data: expected base64") from None
    except ApiError as error:
        raise Invalid(f"{field}.{error.details}") from None
    raise Invalid(f"{field}.encoding: expected CSV, JSON or BASE64")


def _decoded(field: str, content: bytes, kind: str, side: Side, name: str) -> Rows:
    """What was captured as bytes: a picture, or JSON and CSV whose content type was not listed as such."""
    if kind in ("application/json", "application/jsonlines"):
        return _of_json(field, content.decode(errors="replace"), side, name)
    if kind == "text/csv":
        return _table(content.decode(errors="replace"))
    return [{"b64": base64.b64encode(content).decode()}]


def _table(text: str) -> Rows:
    """Rows of numbers where they are numbers; a row of one cell is that cell."""
    rows = [[_cell(cell) for cell in row] for row in csv.reader(text.splitlines()) if row]
    return [row[0] if len(row) == 1 else row for row in rows]


def _cell(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _of_json(field: str, text: str, side: Side, name: str) -> Rows:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid("data: expected JSON") from None
    if isinstance(value, dict):
        known = {"instances", "predictions", "inputs", "outputs", "data", "jsonData", "strData", "binData"}
        return rows_of_message(value, side, name) if known & value.keys() else [value.get(name, value)]
    return value if isinstance(value, list) else [value]
