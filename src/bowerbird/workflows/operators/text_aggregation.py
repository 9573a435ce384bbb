"""The operator text-aggregation."""

import itertools
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Annotated, NamedTuple

from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import Number
from bowerbird.workflows.operators import Look, Step, operator, telling
from bowerbird.workflows.view import View


class Word(NamedTuple):
    """A text and its box, in fractions of the image."""

    text: str
    top: float
    left: float
    bottom: float
    right: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@operator(
    "text-aggregation",
    title="Text Aggregator",
    kind="maker",
    aliases=["text-aggregation-operator"],
    input_fields=["regions[...].data.text"],
    output_fields=["text"],
)
def text_aggregation(
    *,
    avg_word_width_window_factor: Annotated[
        float,
        Number(
            "Texts of a line that are further apart than so many average widths are split by a tab.", 0.1, 100
        ),
    ] = 2.0,
    avg_word_height_window_factor: Annotated[
        float, Number("Within how many average heights the middles of the texts of a line lie.", 0.1, 10)
    ] = 0.5,
) -> Step:
    """Join the texts of regions into one, left to right and then top down, as they stand in the image. What
    has no texts in regions is dropped."""

    def step(view: View, draw: Draw) -> View | None:
        words = list(_words(view))
        if not words:
            return None
        height = fmean(word.bottom - word.top for word in words) * avg_word_height_window_factor
        width = fmean(word.right - word.left for word in words) * avg_word_width_window_factor
        output = Data()
        output.text.raw = "\n".join(_joined(line, width) for line in _lines(words, height))
        return view.with_output(output)

    return telling(step, lambda view: Look(f"{len(list(_words(view)))} texts", "at least 1"))


def _words(view: View) -> Iterator[Word]:
    for seen in view.regions:
        region = view.output.regions[seen.index]
        box = region.region_info.bounding_box
        text = " ".join(region.data.text.raw.split())
        if text:
            yield Word(text, box.top_row, box.left_col, box.bottom_row, box.right_col)


def _lines(words: Sequence[Word], height: float) -> Iterator[list[Word]]:
    """Words whose middles are near that of the first of their line, each line from left to right."""
    line: list[Word] = []
    for word in sorted(words, key=lambda word: (word.middle, word.left)):
        if line and word.middle - line[0].middle > height:
            yield sorted(line, key=lambda word: word.left)
            line = []
        line.append(word)
    yield sorted(line, key=lambda word: word.left)


def _joined(line: Sequence[Word], width: float) -> str:
    text = line[0].text
    for before, word in itertools.pairwise(line):
        text += ("\t" if word.left - before.right > width else " ") + word.text
    return text
