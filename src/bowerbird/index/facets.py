"""What inputs have in common: how many of them have each term, status and kind."""

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.store.tables import input_terms, inputs

MOST = 10_000  # inputs that are counted one by one; of more, as many are drawn
_MIXER, _RANGE = 2_654_435_761, 1 << 32  # Knuth's multiplier: of numbers in a row it makes an even draw
_HIDDEN = ("m:capture.", "m:capture=", "am:")  # what no filter of the Explorer is made of
_PATH = re.compile(r'm:((?:"(?:[^"\\]|\\.)*"|[^="])*)=(.*)', re.DOTALL)

Leaf = str | float | bool | None


@dataclass(slots=True)
class Facets:
    """Counts of inputs, of `drawn` of them; `having` tells how many have any value of a facet."""

    total: int
    drawn: int
    values: dict[str, Counter[Leaf]] = field(default_factory=lambda: defaultdict(Counter))
    having: Counter[str] = field(default_factory=Counter)


async def facets_of(conn: AsyncConnection, seqs: Select[tuple[int]]) -> Facets:
    """Of the inputs with these row numbers."""
    some = seqs.subquery()
    total = (await conn.execute(select(func.count()).select_from(some))).scalar_one()
    facets = Facets(total, total)
    if total > MOST:
        some = _drawn(some.c.seq, total).subquery()
        facets.drawn = (await conn.execute(select(func.count()).select_from(some))).scalar_one()
    await _add_columns(conn, facets, some)
    await _add_terms(conn, facets, some)
    labelled = select(func.count(input_terms.c.input.distinct())).join(
        some, some.c.seq == input_terms.c.input
    )
    for name, start in (("concept", "c+:"), ("without_concept", "c-:")):
        query = labelled.where(input_terms.c.term.startswith(start))
        facets.having[name] = (await conn.execute(query)).scalar_one()
    return facets


def _drawn(seq: ColumnElement[int], total: int) -> Select[Any]:
    limit = _RANGE * MOST // total
    return select(seq.label("seq")).where(seq * literal(_MIXER) % literal(_RANGE) < limit)


async def _add_columns(conn: AsyncConnection, facets: Facets, some: Subquery) -> None:
    for name in ("status", "kind"):
        column = inputs.c[name]
        query = select(column, func.count()).join_from(some, inputs, inputs.c.seq == some.c.seq)
        for value, n in await conn.execute(query.group_by(column)):
            facets.values[name][value] = n
            facets.having[name] += n if value else 0


async def _add_terms(conn: AsyncConnection, facets: Facets, some: Subquery) -> None:
    # Without the app: the rows are found by their input, whose number is unique.
    query = select(input_terms.c.term, func.count()).join_from(
        some, input_terms, input_terms.c.input == some.c.seq
    )
    for start in _HIDDEN:
        query = query.where(~input_terms.c.term.startswith(start, autoescape=True))
    for term, n in await conn.execute(query.group_by(input_terms.c.term)):
        _add_term(facets, term, n)


def _add_term(facets: Facets, term: str, n: int) -> None:
    if term.startswith("m:collector_id="):
        facets.values["collector"][_leaf(term.partition("=")[2])] = n
        facets.having["collector"] += n
    elif term.startswith(("c+:", "c-:")):
        name = "concept" if term.startswith("c+:") else "without_concept"
        facets.values[name][_leaf(term[3:])] = n
    elif (found := _PATH.fullmatch(term)) is not None:
        _add_metadata(facets, found[1], found[2], n)


def _add_metadata(facets: Facets, path: str, spelt: str, n: int) -> None:
    """A leaf; or a list, which tells how many have any element."""
    name = f"metadata.{path}"
    if spelt == "[]":
        facets.having[f"{name}[]"] = n
    elif spelt != "{}":
        facets.values[name][_leaf(spelt)] = n
        if not path.endswith("[]"):
            facets.having[name] += n


def _leaf(spelt: str) -> Leaf:
    leaf: Leaf = json.loads(spelt)
    return leaf
