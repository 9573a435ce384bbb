"""How sure a model was of the label that it chose: from the log-probabilities of the tokens that spell it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Json = Mapping[str, Any]  # Any: the answer of another server, checked here


class _Token(NamedTuple):
    text: str
    logprob: float
    others: Sequence[tuple[str, float]]  # likeliest ones in its place, itself perhaps among them


def label_values(tokens: Sequence[Json], start: int, names: Sequence[str], chosen: int) -> list[float] | None:
    """A probability for each name, which together are 1; None when the tokens do not tell.

    `start` is where the chosen name begins in the text of the tokens. The chosen name gets the product of
    its tokens' probabilities. Wherever another token was likely, its share goes to the names that go on with
    it, in equal parts. What went to no name at all, such as other words, is left out of the whole.
    """
    path = _path(tokens, start, names[chosen])
    if path is None:
        return None
    shares = [0.0] * len(names)
    said, before, logprob = "", 0.0, 0.0
    for token in path:
        for text, other in token.others:
            fitting = [n for n, name in enumerate(names) if n != chosen and _goes_on(name, said, text)]
            if text != token.text and fitting:
                for n in fitting:
                    shares[n] += math.exp(before + other) / len(fitting)
        said += token.text
        logprob = before = before + token.logprob
    shares[chosen] += math.exp(logprob)
    whole = sum(shares)
    return [share / whole for share in shares] if whole > 0 else None


def _path(tokens: Sequence[Json], start: int, name: str) -> list[_Token] | None:
    """The tokens that spell `name`, without what stands before it in the first of them."""
    at, path = 0, []
    for token in (_read(one) for one in tokens):
        if token is None:
            return None
        end = at + len(token.text)
        if end > start and at < start + len(name):
            path.append(_without(token, max(0, start - at)))
        at = end
    return path if path and "".join(one.text for one in path).startswith(name) else None


def _without(token: _Token, lead: int) -> _Token:
    """The token and the others like it, without their first characters, which they must share."""
    head = token.text[:lead]
    others = [(text[lead:], logprob) for text, logprob in token.others if text.startswith(head)]
    return _Token(token.text[lead:], token.logprob, others)


def _goes_on(name: str, said: str, text: str) -> bool:
    """Whether a model that said `said` and then `text` is spelling `name`, or has just ended it."""
    if not name.startswith(said) or not text:
        return False
    rest = name[len(said) :]
    if rest.startswith(text):
        return True
    return text.startswith(rest) and not text[len(rest)].isalnum()


def _read(token: Json) -> _Token | None:
    text, logprob = token.get("token"), _number(token.get("logprob"))
    if not isinstance(text, str) or logprob is None:
        return None
    listed = token.get("top_logprobs")
    others = (
        [_read({**one, "top_logprobs": ()}) for one in listed if isinstance(one, Mapping)] if listed else []
    )
    return _Token(text, logprob, [(one.text, one.logprob) for one in others if one is not None])


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return min(0.0, float(value)) if not math.isnan(value) else None
