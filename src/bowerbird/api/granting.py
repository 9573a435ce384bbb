"""Scopes and endpoints as clients name them when they give rights to a key or a collaborator."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from bowerbird.api.fields import LONGEST_NAME, text
from bowerbird.api.ids import shown
from bowerbird.api.rpc import METHODS, Method, need_of
from bowerbird.auth.actors import APP_KEY
from bowerbird.auth.scopes import ALL, dependencies, lacking, name, wire
from bowerbird.errors import Invalid


@cache
def callable_with(key_type: str) -> dict[str, Method]:
    """The RPCs that such a key can call, by endpoint: /clarifai.api.V2/PostInputs."""
    keyed = [m for m in METHODS.values() if m.auth not in ("NoAuth", "AdminAuth")]
    return {m.path: m for m in keyed if key_type != APP_KEY or not need_of(m).token_only}


def rights_given(message: Any, given: Any) -> None:  # both keys, or both collaborators
    """Write into a message those of scopes and endpoints that a client gave, each once, spelt as usual."""
    if given.scopes:
        message.scopes[:] = dict.fromkeys(wire(name(scope)) for scope in given.scopes)
    if given.endpoints:
        message.endpoints[:] = dict.fromkeys(given.endpoints)


def check_rights(field: str, scopes: Iterable[str], endpoints: Iterable[str], key_type: str) -> None:
    """Raises Invalid when the rights name what does not exist, or would be useless as they are."""
    named = [check_scope(f"{field}.scopes", s) for s in scopes]
    called = list(endpoints)
    if not named and not called:
        raise Invalid(f"{field}.scopes: expected a scope, such as 'All' or 'Inputs:Get', or an endpoint")
    for scope in named:
        _complete(field, named, wire(scope), dependencies()[scope])
    for endpoint in called:
        method = _known(field, endpoint, key_type)
        if named:
            _complete(field, named, endpoint, method.scopes)


def check_scope(field: str, scope: str) -> str:
    """The contract's name of a scope. Raises Invalid when there is no such scope."""
    known = name(text(field, scope, LONGEST_NAME))
    if known not in dependencies():
        raise Invalid(f"{field}: {shown(scope)} is not a scope; ListScopes lists them")
    return known


def _known(field: str, endpoint: str, key_type: str) -> Method:
    method = callable_with(key_type).get(endpoint)
    if method is None:
        raise Invalid(
            f"{field}.endpoints: {shown(endpoint)} cannot be called with {key_type}; "
            "expected one such as '/clarifai.api.V2/GetInput', ListScopes lists them"
        )
    return method


def _complete(field: str, given: list[str], what: str, needs: Iterable[str]) -> None:
    absent = lacking(given, needs)
    if absent and ALL not in given:
        raise Invalid(f"{field}.scopes: {what} is useless without {', '.join(absent)}")
