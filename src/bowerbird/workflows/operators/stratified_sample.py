"""The operator stratified-sample."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import PARAMS, Field, Json, Share, invalid
from bowerbird.workflows.keys import KEY, REQUEST, Key, coin_key, metadata_path, top_concept
from bowerbird.workflows.operators import Look, Step, operator
from bowerbird.workflows.plain import at_path, is_number
from bowerbird.workflows.view import View

CONCEPT, CALLER = "concept", "caller"
MOST_STRATA = 1000

BY = "What tells the strata apart: concept (the one with the greatest value), caller, or metadata.<field>."
SHARES = "The share that is kept of each stratum, by the value that makes it: {cat: 0.1, dog: 1}."


@operator("stratified-sample", title="Stratified Sampler", kind="sampler")
def stratified_sample(
    *,
    by: Annotated[str, Field(BY)] = CONCEPT,
    shares: Annotated[Mapping[str, object], Json(SHARES)],
    default_share: Annotated[float, Share("The share that is kept of everything else.")],
    key: Annotated[str, Field(KEY)] = REQUEST,
) -> Step:
    """Keep of each stratum a random share of its own: all of what is rare, little of what is common."""
    of_stratum = _checked(shares)
    return Stratified(by, of_stratum, default_share, _reader(by), coin_key(key))


@dataclass(frozen=True, slots=True)
class Stratified:
    """A coin for each stratum."""

    by: str
    shares: Mapping[str, float]
    default: float
    stratum: Callable[[View], str]
    key: Key

    @property
    def reaches_all(self) -> bool:
        return min(self.default, *self.shares.values()) > 0

    def __call__(self, view: View, draw: Draw) -> View | None:
        share = self.shares.get(self.stratum(view), self.default)
        return view if draw.coin(share, self.key(view)) else None

    def look(self, view: View) -> Look:
        stratum = self.stratum(view)
        against = "a share of its own" if stratum in self.shares else "the default share"
        return Look(f"{self.by} {stratum!r}", against)


def _checked(shares: Mapping[str, object]) -> dict[str, float]:
    if not 1 <= len(shares) <= MOST_STRATA:
        raise invalid(f"{PARAMS}shares", f"expected 1 to {MOST_STRATA} values, each with its share")
    checked: dict[str, float] = {}
    for value, share in shares.items():
        if not is_number(share) or not 0 <= share <= 1:
            raise invalid(f"{PARAMS}shares", f"expected a number from 0 to 1 for {value[:100]!r}")
        checked[value] = float(share)
    return checked


def _reader(by: str) -> Callable[[View], str]:
    if by == CONCEPT:
        return top_concept
    if by == CALLER:
        return lambda view: view.caller_user_id
    path = metadata_path(by)
    if path is None:
        raise invalid(f"{PARAMS}by", f"expected concept, caller or metadata.<field>; it is {by!r}")
    return lambda view: _text(at_path(view.metadata, path))


def _text(value: object) -> str:
    """A value of the metadata as it stands among the keys of a JSON object."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    return value if isinstance(value, str) else ""
