"""Writes the pages that say what the code says: operators.md and settings.md. A test holds them current.

.venv/bin/python docs/generate.py
"""

import json
from collections.abc import Iterator
from pathlib import Path

from clarifai_grpc.grpc.api.resources_pb2 import ModelTypeField
from google.protobuf.json_format import MessageToDict

from bowerbird.settings import Settings
from bowerbird.workflows.operators import Operator, operators

FOLDER = Path(__file__).parent
KINDS = {
    "sampler": "draws, with a probability that is recorded",
    "blind-sampler": "draws, with a probability that nobody knows",
    "filter": "keeps or drops",
    "editor": "keeps a part of it, or changes it",
    "maker": "makes something new of it",
}
OPERATORS_HEAD = """\
# Operators

<!-- Written by docs/generate.py from the code; do not edit. -->

An operator is a model type that runs by itself, without a file. Make a model of it, put that into a workflow,
and name the workflow in a collector. A workflow with two nodes that feed no other node keeps what *either*
of them keeps; a chain keeps what *all* of its nodes keep. `ListModelTypes` answers the same, with every
field, its range and its default.

A pre-queue workflow runs within the predict call, so it takes only operators that are quick and ask nobody;
a post-queue workflow runs in the worker and takes all but those that go by what came before. Operators can
come from other packages, by the entry-point group `bowerbird.operators`: there is
[an example](../examples/operator_package/README.md). `bowerbird doctor` names those that could not be loaded.

What a `webhook` sends is signed: `X-Bowerbird-Signature: t=TIME,v1=SIGNATURE`, where SIGNATURE is the
HMAC-SHA256, in hexadecimal, of TIME, a point, and the body. `bowerbird apps webhook-key APP` tells the key.

A quick way to a workflow is the command line:

```bash
bowerbird workflows create worth-a-look --app hard-cases \\
  --keep 'prediction-score-filter score=max_prob hi=0.8' --keep 'random-sample keep_fraction=0.05'
```
"""
SETTINGS_HEAD = """\
# Settings

<!-- Written by docs/generate.py from the code; do not edit. -->

Each is read from the environment, else from a file `.env`, else from `bowerbird.toml`, both in the folder in
which a command is started. In the environment and in `.env` a name has the prefix `BOWERBIRD_` and is in
capitals; in `bowerbird.toml` it is written as here. What the command line says (`--data`, `--http`, `--grpc`)
goes before all of them. In the environment, a list is written with commas.

| setting | variable | default | what it is |
|---|---|---|---|
"""


def operators_page() -> str:
    return "\n".join([OPERATORS_HEAD, *(_operator(one) for one in operators())]).rstrip() + "\n"


def settings_page() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        default = str(field.get_default(call_default_factory=True))
        shown = f"`{default}`" if default not in ("", "None", "()") else ""
        rows.append(f"| `{name}` | `BOWERBIRD_{name.upper()}` | {shown} | {field.description} |\n")
    return SETTINGS_HEAD + "".join(rows)


def _operator(one: Operator) -> str:
    lines = [f"## {one.id}\n", f"{' '.join(one.description.split())}\n"]
    names = f" Also called `{'`, `'.join(one.aliases)}`." if one.aliases else ""
    lines.append(f"It {KINDS[one.kind]}.{_place(one)}{names}\n")
    fields = list(one.describe().model_type_fields)
    if fields:
        lines += ["| field | kind | default | what it is |", "|---|---|---|---|"]
        lines += [f"| {' | '.join(_field(field))} |" for field in fields]
        lines.append("")
    return "\n".join(lines)


def _place(one: Operator) -> str:
    if one.base_only:
        return " It works in the base workflow of an app only."
    if one.remembers:
        return " It can be used in pre-queue workflows only."
    return "" if one.light else " It can be used in post-queue workflows, not in pre-queue ones."


def _field(field: ModelTypeField) -> Iterator[str]:
    yield f"`{field.path}`"
    yield _kind(field)
    yield "must be given" if field.required else _default(field)
    yield field.description


def _kind(field: ModelTypeField) -> str:
    if field.model_type_enum_options:
        return ", ".join(f"`{option.id}`" for option in field.model_type_enum_options)
    kind = ModelTypeField.ModelTypeFieldType.Name(field.field_type).lower().replace("_", " ")
    spread = field.model_type_range_info
    return f"{kind}, {spread.min:g} to {spread.max:g}" if spread.max else kind


def _default(field: ModelTypeField) -> str:
    value = MessageToDict(field.default_value) if field.HasField("default_value") else None
    return "" if value in (None, "") else f"`{json.dumps(value)}`"


PAGES = {"operators.md": operators_page, "settings.md": settings_page}


def main() -> None:
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page())


if __name__ == "__main__":
    main()
