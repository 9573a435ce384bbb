"""PostInputFacets: what the inputs that a query finds have in common, to narrow it further."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.collector_values import value_of
from bowerbird.api.ids import shown
from bowerbird.api.input_filters import asked
from bowerbird.api.input_searches import all_found
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.errors import SearchInvalid
from bowerbird.index.facets import Facets, facets_of
from bowerbird.index.filters import filtered
from bowerbird.proto import labelling_pb2 as v1
from bowerbird.store.tables import inputs

MOST_QUERIES = 16
MOST_VALUES, MOST_OF_ONE, MOST_KEYS = 20, 200, 20
PLAIN = ("concept", "without_concept", "collector", "status", "kind")
METADATA, KEY = "metadata", "metadata."


@rpc(transaction=Transaction.NONE)
async def post_input_facets(call: Call, req: v1.PostInputFacetsRequest) -> v1.MultiInputFacetsResponse:
    if not 1 <= len(req.queries) <= MOST_QUERIES:
        raise SearchInvalid(f"queries: {len(req.queries)} given; expected 1 to {MOST_QUERIES}")
    answer = v1.MultiInputFacetsResponse()
    for n, given in enumerate(req.queries):
        field = f"queries[{n}]"
        _check(field, given)
        async with call.read() as conn:
            found = await _facets(call, conn, f"{field}.query", given)
        answer.facets.append(_shown(found, given.facets))
    return answer


def _check(field: str, given: v1.FacetsQuery) -> None:
    if given.query.ranks:
        raise SearchInvalid(f"{field}.query.ranks: facets are of filters only")
    for name in given.facets:
        if name not in (*PLAIN, METADATA) and not name.startswith(KEY):
            expected = ", ".join((*PLAIN, METADATA, f"{KEY}KEY"))
            raise SearchInvalid(f"{field}.facets: {shown(name)}; expected some of {expected}")


async def _facets(call: Call, conn: AsyncConnection, field: str, given: v1.FacetsQuery) -> Facets:
    wanted = await asked(conn, call.app.seq, field, given.query)
    found = await filtered(conn, call.app.seq, wanted.clauses)
    if not wanted.checks:
        return await facets_of(conn, found.seqs())
    seqs = await all_found(conn, found, wanted)
    return await facets_of(conn, select(inputs.c.seq).where(inputs.c.seq.in_(seqs)))


def _shown(found: Facets, names: Sequence[str]) -> v1.InputFacets:
    is_exact = found.drawn == found.total
    scale = 1.0 if is_exact else found.total / found.drawn
    return v1.InputFacets(
        total=found.total,
        drawn=0 if is_exact else found.drawn,
        facets=[_facet(found, name, scale, most) for name, most in _wanted(found, names)],
    )


def _wanted(found: Facets, names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The facets that are asked for, each with how many values are shown."""
    for name in names or (*PLAIN, METADATA):
        if name == METADATA:
            keys = (name for name in found.values if name.startswith(KEY))
            best = sorted(keys, key=lambda key: (-found.values[key].total(), key))[:MOST_KEYS]
            yield from ((key, MOST_VALUES) for key in best)
        else:
            yield name, MOST_OF_ONE if name.startswith(KEY) else MOST_VALUES


def _facet(found: Facets, name: str, scale: float, most: int) -> v1.Facet:
    values = found.values[name]
    best = sorted(values.items(), key=lambda item: (-item[1], str(item[0])))[:most]
    return v1.Facet(
        name=name,
        values=[v1.FacetValue(value=value_of(leaf), count=round(n * scale)) for leaf, n in best],
        distinct=len(values),
        missing=round((found.drawn - found.having[name]) * scale),
    )
