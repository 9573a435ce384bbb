"""The text that an operator looks at: that of the output, or that of the request's input."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

from bowerbird.workflows.fields import Choice
from bowerbird.workflows.view import View


class TextOf(StrEnum):
    """Where the text is."""

    EITHER = "either"
    OUTPUT = "output"
    INPUT = "input"


TextOfField = Annotated[
    TextOf, Choice("Which text: the output's, the input's, or either: the output's if it has one.", TextOf)
]


def reader(of: TextOf) -> Callable[[View], str]:
    if of is TextOf.OUTPUT:
        return lambda view: view.text
    if of is TextOf.INPUT:
        return _of_input
    return lambda view: view.text or _of_input(view)


def _of_input(view: View) -> str:
    return view.input.text.raw if view.input is not None else ""
