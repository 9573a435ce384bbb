"""The operator random-sample."""

from dataclasses import dataclass
from typing import Annotated

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import Field, Share
from bowerbird.workflows.keys import KEY, REQUEST, Key, coin_key
from bowerbird.workflows.operators import FixedCoin, Step, operator
from bowerbird.workflows.view import View


@operator("random-sample", title="Random Sampler", kind="sampler")
def random_sample(
    *,
    keep_fraction: Annotated[float, Share("The share that is kept: 0 none, 1 all.")],
    key: Annotated[str, Field(KEY)] = REQUEST,
) -> Step:
    """Keep a random share. Raising the share keeps what a smaller one kept."""
    if key == REQUEST:
        return FixedCoin(keep_fraction)
    return KeyedCoin(keep_fraction, coin_key(key))


@dataclass(frozen=True, slots=True)
class KeyedCoin:
    """One coin for all predictions that share a key."""

    p: float
    key: Key

    @property
    def reaches_all(self) -> bool:
        return self.p > 0

    def __call__(self, view: View, draw: Draw) -> View | None:
        return view if draw.coin(self.p, self.key(view)) else None
