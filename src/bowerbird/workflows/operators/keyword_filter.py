"""The operator keyword-filter."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import PARAMS, Choice, Flag, Names, invalid
from bowerbird.workflows.operators import ANY, Look, Step, operator, telling
from bowerbird.workflows.texts import TextOf, TextOfField, reader
from bowerbird.workflows.view import View


class Match(StrEnum):
    """How many of the keywords must be in a text."""

    ANY = "any"
    ALL = "all"
    NONE = "none"


@operator(
    "keyword-filter",
    title="Keyword Filter",
    kind="filter",
    input_fields=["text", "any"],
    output_fields=ANY,
    reads_media=True,
)
def keyword_filter(
    *,
    keywords: Annotated[tuple[str, ...], Names("The words or phrases.", 200)],
    match: Annotated[Match, Choice("How many of them must be there: any, all, none.", Match)] = Match.ANY,
    whole_words: Annotated[bool, Flag("A keyword within a longer word does not count.")] = True,
    ignore_case: Annotated[bool, Flag("Capitals and small letters are the same.")] = True,
    of: TextOfField = TextOf.EITHER,
) -> Step:
    """Keep what has keywords in its text, or has none of them."""
    if not keywords:
        raise invalid(f"{PARAMS}keywords", "expected at least one keyword")
    read, tests = reader(of), [_finder(word, whole_words, ignore_case) for word in keywords]

    def step(view: View, draw: Draw) -> View | None:
        text = read(view)
        if ignore_case:
            text = text.casefold()
        found = (test(text) for test in tests)
        if match is Match.NONE:
            return None if any(found) else view
        return view if (all if match is Match.ALL else any)(found) else None

    def look(view: View) -> Look:
        text = read(view).casefold() if ignore_case else read(view)
        found = [word for word, test in zip(keywords, tests, strict=True) if test(text)]
        return Look(", ".join(found) or "none of them", f"{match} of {', '.join(keywords)}")

    return telling(step, look)


def _finder(keyword: str, whole_words: bool, ignore_case: bool) -> Callable[[str], bool]:
    word = keyword.casefold() if ignore_case else keyword
    if not whole_words:
        return lambda text: word in text
    # Literals only: there is nothing in here to go back over.
    bounded = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
    return lambda text: bounded.search(text) is not None
