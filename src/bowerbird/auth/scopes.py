"""Scopes: their names, what each depends on, and what a call needs. Read from the contract."""

from collections.abc import Collection, Iterable
from functools import cache

from clarifai_grpc.grpc.auth.scope import scope_pb2

ALL = "All"
# These calls needed Apps_Get from the first; for all others it was added when keys without it were already
# in use, and having the app's key is taken to imply it.
_NEEDS_APPS_GET = frozenset(
    {"PostKeys", "GetApp", "ListApps", "PostApps", "PatchApps", "DeleteApp", "PostAppsSearches"}
)
_INPUTS_GET_CAME_LATER = frozenset(
    {"GetAnnotation", "ListAnnotations", "DeleteAnnotation", "DeleteAnnotations"}
)


def needed(rpc: str, declared: Iterable[str]) -> frozenset[str]:
    """The scopes that a call needs: those declared in the contract less the ones implied for older keys."""
    scopes = set(declared)
    if rpc not in _NEEDS_APPS_GET:
        scopes.discard("Apps_Get")
    if rpc in _INPUTS_GET_CAME_LATER:
        scopes.discard("Inputs_Get")
    return frozenset("Search" if s.startswith("SavedSearch_") else s for s in scopes)


@cache
def dependencies() -> dict[str, frozenset[str]]:
    """Of every scope that a key may carry, the scopes that it is useless without. In the contract's order."""
    names = scope_pb2.S.DESCRIPTOR.values_by_number
    found = {}
    for value in scope_pb2.S.DESCRIPTOR.values:
        if value.number:  # zero stands for none
            depends = value.GetOptions().Extensions[scope_pb2.clarifai_depending_scopes]
            found[value.name] = frozenset(names[n].name for n in depends)
    return found


@cache
def offered() -> tuple[str, ...]:
    """The scopes that people are shown to choose from; internal ones are known, but not shown."""
    values = scope_pb2.S.DESCRIPTOR.values
    return tuple(v.name for v in values if v.GetOptions().Extensions[scope_pb2.clarfai_exposed])


def wire(scope: str) -> str:
    """The name that clients see: Inputs:Add."""
    return scope.replace("_", ":")


def name(wire_name: str) -> str:
    """The contract's name of what a client wrote: Inputs:Add and Inputs_Add are the same."""
    return wire_name.replace(":", "_")


def lacking(scopes: Collection[str], required: Iterable[str]) -> list[str]:
    """Which of the required scopes are not among these, as clients see them."""
    return [] if ALL in scopes else sorted(wire(s) for s in required if s not in scopes)
