"""The operator regex-based-classifier."""

from collections.abc import Mapping
from typing import Annotated

from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import PARAMS, Flag, Json, invalid
from bowerbird.workflows.linear_regex import LinearRegex, compile_regex
from bowerbird.workflows.operators import Look, Step, operator, telling
from bowerbird.workflows.texts import TextOf, TextOfField, reader
from bowerbird.workflows.view import View

MOST_PATTERNS = 50
MOST_CHARACTERS = 20_000  # of a text


@operator(
    "regex-based-classifier",
    title="Regex-Based Classifier",
    kind="maker",
    input_fields=["text", "any"],
    output_fields=["concepts"],
    reads_media=True,
)
def regex_based_classifier(
    *,
    patterns: Annotated[
        Mapping[str, object],
        Json("The concepts, each with its regular expression: {refund: 'refund|money back'}."),
    ],
    ignore_case: Annotated[bool, Flag("Capitals and small letters are the same.")] = True,
    of: TextOfField = TextOf.EITHER,
) -> Step:
    """Answer with the concepts whose regular expressions are found in the text, each with the value 1, and
    drop what has none. Expressions are searched for in linear time, whatever the text, in its first 20,000
    characters; so they may have no back references, look-arounds, or atomic groups."""
    compiled = _compiled(patterns, ignore_case)
    read = reader(of)

    def found(view: View) -> list[str]:
        text = read(view)[:MOST_CHARACTERS]
        return [concept for concept, regex in compiled.items() if text and regex.is_in(text)]

    def step(view: View, draw: Draw) -> View | None:
        concepts = [Concept(id=id, name=id, value=1) for id in found(view)]
        return view.with_output(Data(concepts=concepts)) if concepts else None

    return telling(step, lambda view: Look(", ".join(found(view)) or "none of them", ", ".join(compiled)))


def _compiled(patterns: Mapping[str, object], ignore_case: bool) -> dict[str, LinearRegex]:
    path = f"{PARAMS}patterns"
    if not 1 <= len(patterns) <= MOST_PATTERNS:
        raise invalid(path, f"expected 1 to {MOST_PATTERNS} concepts; there are {len(patterns)}")
    compiled = {}
    for concept, pattern in sorted(patterns.items()):  # a message keeps no order
        if not isinstance(pattern, str) or not concept:
            raise invalid(path, f"expected a regular expression for each concept; {concept!r} has none")
        try:
            compiled[concept] = compile_regex(pattern, ignore_case=ignore_case)
        except ValueError as error:
            raise invalid(path, f"expected a regular expression for {concept!r}; {error}") from None
    return compiled
