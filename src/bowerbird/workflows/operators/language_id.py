"""The operator language-id."""

import asyncio
import functools
import re
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data

from bowerbird.errors import ModelInvalid
from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import PARAMS, Flag, Names, Share, Whole, invalid
from bowerbird.workflows.operators import SlowStep, operator
from bowerbird.workflows.texts import TextOf, TextOfField, reader
from bowerbird.workflows.view import View

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

CODE = re.compile(r"[a-z]{2,3}")
_LOADING = threading.Lock()
MOST_CHARACTERS = 2000  # of a text: more of them say no more about its language


@operator(
    "language-id",
    title="Language Identifier",
    kind="maker",
    aliases=["language-id-operator"],
    input_fields=["text", "any"],
    output_fields=["concepts"],
    light=False,
)
def language_id(
    *,
    topk: Annotated[int, Whole("How many languages are told at most.", 1, 10)] = 1,
    threshold: Annotated[float, Share("The least probability that is told.")] = 0.0,
    lowercase: Annotated[bool, Flag("Turn the text into small letters first.")] = False,
    languages: Annotated[
        tuple[str, ...], Names("Tell these only, and drop other texts; empty: any. Codes as of ISO 639-1.")
    ] = (),
    of: TextOfField = TextOf.EITHER,
) -> SlowStep:
    """Answer with the languages of the text, as concepts such as en and de, and drop what has none that
    passes. It looks at the first 2,000 characters, for a millisecond or so, which is too long for a predict
    call. Needs the extra "text"."""
    if find_spec("py3langid") is None:
        raise ModelInvalid("language-id needs the extra text: pip install 'bowerbird[text]'")
    if wrong := [code for code in languages if not CODE.fullmatch(code)]:
        raise invalid(f"{PARAMS}languages", f"expected codes such as en; one is {wrong[0]!r}")
    wanted, read = frozenset(languages), reader(of)

    async def step(view: View, draw: Draw) -> View | None:
        text = read(view)[:MOST_CHARACTERS].strip()
        if not text:
            return None
        ranked = await asyncio.to_thread(_ranked, text.lower() if lowercase else text)
        told = [
            Concept(id=code, name=code, value=p)
            for code, p in ranked[:topk]
            if p >= threshold and (not wanted or code in wanted)
        ]
        return view.with_output(Data(concepts=told)) if told else None

    return step


def _ranked(text: str) -> Sequence[tuple[str, float]]:
    with _LOADING:
        identifier = _identifier()
    ranked: list[tuple[str, float]] = identifier.rank(text)
    return ranked


@functools.cache
def _identifier() -> "LanguageIdentifier":
    """Loaded when it is needed first: that takes a second or so."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
