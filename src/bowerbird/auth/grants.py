"""Grants compared and combined. An empty list in a grant does not limit; two empty lists allow nothing."""

from collections.abc import Iterable

from bowerbird.auth.actors import Grant
from bowerbird.auth.scopes import ALL, lacking, wire

NOTHING = Grant(frozenset())


def intersection(a: Grant, b: Grant) -> Grant:
    """What both allow."""
    scopes = _common(_unless_all(a.scopes), _unless_all(b.scopes))
    endpoints = _common(a.endpoints, b.endpoints)
    if NOTHING in (a, b) or scopes is None or endpoints is None:
        return NOTHING
    return Grant(scopes, endpoints) if scopes or endpoints else Grant(frozenset({ALL}))


def _unless_all(scopes: frozenset[str]) -> frozenset[str]:
    return frozenset() if ALL in scopes else scopes


def _common(a: frozenset[str], b: frozenset[str]) -> frozenset[str] | None:
    """What is in both, where an empty one does not limit; None when that is nothing."""
    return (a & b or None) if a and b else a or b


def missing(grant: Grant, scopes: Iterable[str]) -> list[str]:
    """Which of these scopes the grant does not give, as clients see them."""
    held = grant.scopes if grant.scopes or not grant.endpoints else {ALL}
    return lacking(held, scopes)


def excess(grant: Grant, limit: Grant) -> list[str]:
    """What a grant allows beyond a limit, as clients see it."""
    found = []
    if limit.scopes and ALL not in limit.scopes:
        more = grant.scopes - limit.scopes
        found += sorted(map(wire, more)) if grant.scopes else ["every scope"]
    if limit.endpoints:
        found += sorted(grant.endpoints - limit.endpoints) if grant.endpoints else ["every endpoint"]
    return found
