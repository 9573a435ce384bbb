"""Grants compared and combined."""

from hypothesis import given
from hypothesis import strategies as st

from bowerbird.auth.actors import EVERYTHING, Grant
from bowerbird.auth.grants import NOTHING, excess, intersection, missing
from bowerbird.auth.scopes import ALL

SCOPES, ENDPOINTS = ["Inputs_Get", "Inputs_Add", "Keys_Get"], ["/a", "/b", "/c"]
grants = st.builds(
    Grant,
    st.frozensets(st.sampled_from([*SCOPES, ALL])),
    st.frozensets(st.sampled_from(ENDPOINTS)),
)


def allows(grant: Grant, scope: str, endpoint: str) -> bool:
    return not missing(grant, [scope]) and (not grant.endpoints or endpoint in grant.endpoints)


def allowed(grant: Grant) -> set[tuple[str, str]]:
    # "Other" and "/other" stand for what no grant names: only unlimited ones allow them.
    every = [(s, e) for s in (*SCOPES, "Other") for e in (*ENDPOINTS, "/other")]
    return {(s, e) for s, e in every if allows(grant, s, e)}


@given(grants, grants)
def test_the_intersection_allows_what_both_allow(a: Grant, b: Grant) -> None:
    assert allowed(intersection(a, b)) == allowed(a) & allowed(b)


@given(grants, grants)
def test_a_grant_exceeds_a_limit_when_it_allows_something_more(a: Grant, limit: Grant) -> None:
    if NOTHING not in (a, limit):
        assert bool(excess(a, limit)) == bool(allowed(a) - allowed(limit))


def test_excess_is_named_as_clients_write_it() -> None:
    limit = Grant(frozenset({"Inputs_Get"}), frozenset({"/a"}))
    assert excess(EVERYTHING, limit) == ["All", "every endpoint"]
    assert excess(Grant(frozenset({"Inputs_Add"}), frozenset({"/b"})), limit) == ["Inputs:Add", "/b"]
    assert excess(limit, EVERYTHING) == []
