"""How the recorded predictions of a model are spread: what a rule for them can be made of."""

import asyncio
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from bowerbird.collect.recorded import Entry, Recorded
from bowerbird.workflows.plain import plain_struct
from bowerbird.workflows.scores import REMAINDER

Floats = npt.NDArray[np.float64]
Leaf = str | float | bool | None
METADATA_OF = 5000  # predictions: to read them is dear
KEYS = 1000  # paths of metadata that are counted at most, each with as many values
SCORES = ("max_prob", "min_prob", "margin", "entropy", "concept_count")


@dataclass(slots=True)
class Values:
    """What was found. `scores` and `concepts` hold all values there were, in no order."""

    recorded: int = 0
    scores: dict[str, list[Floats]] = field(default_factory=lambda: {name: [] for name in SCORES})
    concepts: dict[str, list[Floats]] = field(default_factory=lambda: defaultdict(list))
    tops: Counter[str] = field(default_factory=Counter)
    callers: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    metadata: dict[str, Counter[Leaf]] = field(default_factory=dict)
    metadata_recorded: int = 0

    def add(self, entries: Sequence[Entry]) -> None:
        """Slow: for threads."""
        self.recorded += len(entries)
        self.callers.update(entry.caller for entry in entries)
        self.versions.update(entry.version for entry in entries)
        alike: dict[str, list[bytes]] = defaultdict(list)
        for entry in entries:
            if entry.values:
                alike[entry.concepts].append(entry.values)
        by_length: dict[int, list[Floats]] = defaultdict(list)
        for concepts, packed in alike.items():
            ids = concepts.split("\n")
            rows = np.array(array("f", b"".join(packed)), np.float64).reshape(len(packed), len(ids))
            self._add_concepts(ids, rows)
            by_length[len(ids)].append(rows)
        for rows_of_length in by_length.values():
            self._add_scores(np.concatenate(rows_of_length))

    def _add_concepts(self, ids: Sequence[str], rows: Floats) -> None:
        for place, id in enumerate(ids):
            self.concepts[id].append(rows[:, place])
        for place, n in Counter(rows.argmax(axis=1).tolist()).items():
            self.tops[ids[place]] += n

    def _add_scores(self, rows: Floats) -> None:
        for name, values in scores_of(rows).items():
            self.scores[name].append(values)

    def add_metadata(self, entries: Sequence[Entry]) -> None:
        """Slow: for threads."""
        self.metadata_recorded += len(entries)
        for entry in entries:
            for path, leaf in _leaves(plain_struct(entry.input_message().data.metadata), ""):
                counted = self.metadata.get(path)
                if counted is None and len(self.metadata) < KEYS:
                    counted = self.metadata[path] = Counter()
                if counted is not None and (leaf in counted or len(counted) < KEYS):
                    counted[leaf] += 1


def scores_of(rows: Floats) -> dict[str, Floats]:
    """Of (n, k) values of the concepts of n predictions, k ≥ 1, the scores that `scores` defines."""
    ranked = -np.sort(-rows, axis=1)
    rest = 1 - rows.sum(axis=1)
    rest = np.where(rest > REMAINDER, rest, 0.0)
    first = ranked[:, 0]
    second = ranked[:, 1] if rows.shape[1] > 1 else np.minimum(first, rest)
    return {
        "max_prob": first,
        "min_prob": ranked[:, -1],
        "margin": 1 - (first - second),
        "entropy": _entropy(rows, rest),
        "concept_count": np.full(len(rows), float(rows.shape[1])),
    }


def _entropy(rows: Floats, rest: Floats) -> Floats:
    shares = np.column_stack([rows, rest]) / np.maximum(1.0, rows.sum(axis=1))[:, None]
    bits = -np.where(shares > 0, shares * np.log(np.where(shares > 0, shares, 1.0)), 0.0).sum(axis=1)
    counts = rows.shape[1] + (rest > 0)
    return np.where(counts > 1, bits / np.log(np.maximum(counts, 2)), 0.0)


def _leaves(value: Mapping[str, Any], path: str) -> Iterator[tuple[str, Leaf]]:  # any JSON
    for key, below in value.items():
        here = f"{path}.{key}" if path else key
        for one in below if isinstance(below, list) else [below]:
            if isinstance(one, Mapping):
                yield from _leaves(one, here)
            elif not isinstance(one, list):
                yield here, one


async def values_of(
    recorded: Recorded, model: int, since: float, *, version: str = "", caller: str = ""
) -> Values:
    """What was recorded of a model since then; of one version and one caller, or of all."""
    found, latest = Values(), list[Entry]()
    async for page in recorded.window(model, since):
        entries = [entry for entry in page if version in ("", entry.version) and caller in ("", entry.caller)]
        await asyncio.to_thread(found.add, entries)
        latest = [*latest, *entries][-METADATA_OF:]
    await asyncio.to_thread(found.add_metadata, latest)
    return found
